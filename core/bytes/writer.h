// Writer: big-endian writes. Into a block of known size (codec: size first, then write), or growing (Buffer).
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/bytes/slab.h"

namespace kz {

constexpr size_t uvarint_size(uint64_t v) {
  size_t n = 1;
  while (v >= 0x80) {
    v >>= 7;
    ++n;
  }
  return n;
}
constexpr uint32_t zigzag(int32_t v) { return (static_cast<uint32_t>(v) << 1) ^ static_cast<uint32_t>(v >> 31); }
constexpr uint64_t zigzag(int64_t v) { return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63); }
constexpr size_t varint_size(int64_t v) { return uvarint_size(zigzag(v)); }

// The operations shared by both writers; Derived gives `std::byte* claim(size_t n)`.
template <class Derived>
class WriterOps {
 public:
  void i8(int8_t v) { store(static_cast<uint8_t>(v)); }
  void u8(uint8_t v) { store(v); }
  void i16(int16_t v) { store(static_cast<uint16_t>(v)); }
  void u16(uint16_t v) { store(v); }
  void i32(int32_t v) { store(static_cast<uint32_t>(v)); }
  void u32(uint32_t v) { store(v); }
  void i64(int64_t v) { store(static_cast<uint64_t>(v)); }
  void u64(uint64_t v) { store(v); }
  void f64(double v) { store(std::bit_cast<uint64_t>(v)); }
  void boolean(bool v) { store(static_cast<uint8_t>(v ? 1 : 0)); }
  void uvarint(uint64_t v) {
    std::byte* p = self().claim(uvarint_size(v));
    while (v >= 0x80) {
      *p++ = static_cast<std::byte>(v | 0x80);
      v >>= 7;
    }
    *p = static_cast<std::byte>(v);
  }
  void varint(int32_t v) { uvarint(zigzag(v)); }
  void varlong(int64_t v) { uvarint(zigzag(v)); }
  void raw(Bytes b) {
    if (!b.empty()) std::memcpy(self().claim(b.size()), b.data(), b.size());
  }
  void raw(std::string_view s) { raw(as_bytes(s)); }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
  template <class T>
  void store(T v) {
    if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
    if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
    if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
    std::memcpy(self().claim(sizeof(T)), &v, sizeof(T));
  }
};

// Writes into a block given by the caller; writing past its end is a broken invariant.
class Writer : public WriterOps<Writer> {
 public:
  explicit Writer(MutableBytes block) : begin_(block.data()), p_(block.data()), end_(block.data() + block.size()) {}
  size_t position() const { return static_cast<size_t>(p_ - begin_); }
  size_t remaining() const { return static_cast<size_t>(end_ - p_); }
  std::byte* claim(size_t n) {
    KZ_ASSERT(n <= remaining());
    std::byte* at = p_;
    p_ += n;
    return at;
  }

 private:
  std::byte* begin_;
  std::byte* p_;
  std::byte* end_;
};

// A growing writer; the finished bytes are taken as a Slice (copied once) or read in place.
class Buffer : public WriterOps<Buffer> {
 public:
  std::byte* claim(size_t n) {
    const size_t at = data_.size();
    data_.resize(at + n);
    return reinterpret_cast<std::byte*>(data_.data()) + at;
  }
  Bytes bytes() const { return as_bytes(data_); }
  size_t size() const { return data_.size(); }
  bool empty() const { return data_.empty(); }
  void clear() { data_.clear(); }
  std::string& text() { return data_; }
  // Overwrites 4 bytes at a position written before (lengths known only afterwards).
  void patch_i32(size_t at, int32_t v) {
    KZ_ASSERT(at + 4 <= data_.size());
    const uint32_t be = __builtin_bswap32(static_cast<uint32_t>(v));
    std::memcpy(data_.data() + at, &be, 4);
  }
  Slice to_slice() const { return Slice::copy_of(bytes()); }

 private:
  std::string data_;
};

}  // namespace kz
