// Kafka's 128-bit ids (topic ids, cluster id): base64url without padding, 22 characters. Source: Uuid.java @ 3.4.0,
// KIP-516.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/rng.h"

namespace kz::kafka {

struct Uuid {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  bool is_zero() const { return high == 0 && low == 0; }
  std::string to_string() const;
  static std::optional<Uuid> parse(std::string_view text);
  // Version 4, never zero, never the metadata topic's id, never starting with '-'.
  static Uuid random(Rng& rng);
};

}  // namespace kz::kafka
