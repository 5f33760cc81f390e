// Which partition a record goes to, as Java producers choose. Source: Utils.murmur2, BuiltInPartitioner.java @ 3.4.0;
// KIP-480 (sticky).
#pragma once
#include <cstdint>
#include <span>

#include "core/base/rng.h"
#include "core/bytes/slab.h"

namespace kz::kafka {

// Java's 32-bit murmur2 with its fixed seed. Signed, as Java prints it.
int32_t murmur2(Bytes data);

// toPositive: the sign bit cleared, not the absolute value.
constexpr int32_t to_positive(int32_t number) { return number & 0x7fffffff; }

// partition_count > 0.
inline int32_t partition_for_key(Bytes key, int32_t partition_count) {
  return to_positive(murmur2(key)) % partition_count;
}

// The sticky choice for keyless records: keeps one partition until switch_partition() (a batch was completed), then
// takes a random other one among those available. Not thread-safe.
class StickyPartitioner {
 public:
  // available: partitions with a leader; empty falls back to all of [0, partition_count). partition_count > 0.
  int32_t partition(std::span<const int32_t> available, int32_t partition_count, Rng& rng);
  void switch_partition() { switch_ = true; }

 private:
  int32_t current_ = -1;
  bool switch_ = true;
};

}  // namespace kz::kafka
