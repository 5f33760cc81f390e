#include "core/bytes/checksum.h"

#include <isa-l/crc.h>
#include <zlib.h>

namespace kz {

uint32_t crc32c(Bytes data, uint32_t previous) {
  // ISA-L wants int lengths and a non-const pointer it does not write to.
  uint32_t crc = ~previous;
  auto* p = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(data.data()));
  size_t left = data.size();
  while (left > 0) {
    const size_t step = left < (size_t{1} << 30) ? left : size_t{1} << 30;
    crc = crc32_iscsi(p, static_cast<int>(step), crc);
    p += step;
    left -= step;
  }
  return ~crc;
}

uint32_t crc32(Bytes data, uint32_t previous) {
  return static_cast<uint32_t>(::crc32_z(previous, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

uint32_t adler32(Bytes data, uint32_t previous) {
  return static_cast<uint32_t>(::adler32_z(previous, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

}  // namespace kz
