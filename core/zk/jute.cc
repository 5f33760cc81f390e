#include "core/zk/jute.h"

namespace kz::zk::jute {

void Printer::put(const NullableBytes& b) {
  if (!b) {
    out_ += "null";
    return;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  out_ += "0x";
  for (const std::byte x : b->bytes()) {
    out_ += kHex[std::to_integer<unsigned>(x) >> 4];
    out_ += kHex[std::to_integer<unsigned>(x) & 15];
  }
}

}  // namespace kz::zk::jute
