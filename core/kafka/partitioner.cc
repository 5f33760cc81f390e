#include "core/kafka/partitioner.h"

#include <algorithm>

namespace kz::kafka {

int32_t murmur2(Bytes data) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMix = 0x5bd1e995;
  const auto byte_at = [&](size_t i) { return static_cast<uint32_t>(data[i]); };
  uint32_t h = kSeed ^ static_cast<uint32_t>(data.size());
  const size_t whole = data.size() / 4 * 4;
  for (size_t i = 0; i < whole; i += 4) {
    uint32_t k = byte_at(i) | byte_at(i + 1) << 8 | byte_at(i + 2) << 16 | byte_at(i + 3) << 24;
    k *= kMix;
    k ^= k >> 24;
    k *= kMix;
    h = (h * kMix) ^ k;
  }
  const size_t tail = data.size() - whole;
  if (tail >= 3) h ^= byte_at(whole + 2) << 16;
  if (tail >= 2) h ^= byte_at(whole + 1) << 8;
  if (tail >= 1) h = (h ^ byte_at(whole)) * kMix;
  h ^= h >> 13;
  h *= kMix;
  h ^= h >> 15;
  return static_cast<int32_t>(h);
}

int32_t StickyPartitioner::partition(std::span<const int32_t> available, int32_t partition_count, Rng& rng) {
  const bool usable = available.empty() ? current_ >= 0 && current_ < partition_count
                                        : std::find(available.begin(), available.end(), current_) != available.end();
  if (!switch_ && usable) return current_;
  switch_ = false;
  const int32_t old = current_;
  const auto choices = available.empty() ? static_cast<uint64_t>(partition_count) : available.size();
  do {
    const uint64_t pick = rng.below(choices);
    current_ = available.empty() ? static_cast<int32_t>(pick) : available[pick];
  } while (current_ == old && choices > 1);
  return current_;
}

}  // namespace kz::kafka
