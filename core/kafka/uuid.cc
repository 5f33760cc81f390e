#include "core/kafka/uuid.h"

namespace kz::kafka {
namespace {
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int value_of(char c) {
  for (int i = 0; i < 64; ++i) {
    if (kAlphabet[i] == c) return i;
  }
  return -1;
}
}  // namespace

std::string Uuid::to_string() const {
  uint8_t bytes[16];
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  }
  std::string out;
  for (int i = 0; i < 16; i += 3) {
    uint32_t group = static_cast<uint32_t>(bytes[i]) << 16;
    if (i + 1 < 16) group |= static_cast<uint32_t>(bytes[i + 1]) << 8;
    if (i + 2 < 16) group |= bytes[i + 2];
    const int chars = i + 2 < 16 ? 4 : 2;
    for (int k = 0; k < chars; ++k) out += kAlphabet[(group >> (18 - 6 * k)) & 63];
  }
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 22) return std::nullopt;
  uint8_t bytes[18] = {};
  size_t n = 0;
  uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    const int v = value_of(c);
    if (v < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(v);
    have += 6;
    if (have >= 8) {
      have -= 8;
      bytes[n++] = static_cast<uint8_t>(bits >> have);
    }
  }
  Uuid u;
  for (int i = 0; i < 8; ++i) {
    u.high = u.high << 8 | bytes[i];
    u.low = u.low << 8 | bytes[8 + i];
  }
  return u;
}

Uuid Uuid::random(Rng& rng) {
  for (;;) {
    Uuid u{(rng() & ~uint64_t{0xf000}) | 0x4000, (rng() >> 2) | uint64_t{1} << 63};
    if (u.to_string()[0] != '-') return u;
  }
}

}  // namespace kz::kafka
