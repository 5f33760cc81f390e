// Unchecked-bounds-free varint reads for the record walks: one branch per byte, no state. Source: ByteUtils.java @
// 3.4.0, whose readers drop the bits of a fifth (tenth) byte that do not fit.
#pragma once
#include <cstddef>
#include <cstdint>

namespace kz::kafka::detail {

// Both move p behind the number; false when the bytes end inside it or it is longer than its type allows.
inline bool read_varint(const std::byte*& p, const std::byte* end, int32_t& out) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift <= 28; shift += 7) {
    if (p == end) return false;
    const auto b = static_cast<uint32_t>(*p++);
    value |= (b & 0x7f) << shift;
    if ((b & 0x80) == 0) {
      out = static_cast<int32_t>((value >> 1) ^ (~(value & 1) + 1));
      return true;
    }
  }
  return false;
}

inline bool read_varlong(const std::byte*& p, const std::byte* end, int64_t& out) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift <= 63; shift += 7) {
    if (p == end) return false;
    const auto b = static_cast<uint64_t>(*p++);
    value |= (b & 0x7f) << shift;
    if ((b & 0x80) == 0) {
      out = static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
      return true;
    }
  }
  return false;
}

}  // namespace kz::kafka::detail
