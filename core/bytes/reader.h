// Reader: checked big-endian reads over bytes. An overrun sets the error and every later read gives zero, so that a
// decoder reads a whole struct and asks ok() once. It never reads outside its bytes.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/bytes/slab.h"

namespace kz {

// Borrowed by default; constructed from a Slice it can also hand out sub-slices that share the slab (slice()).
// Not thread-safe.
class Reader {
 public:
  explicit Reader(Bytes bytes) : begin_(bytes.data()), p_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  explicit Reader(const Slice& source) : Reader(source.bytes()) { source_ = &source; }

  bool ok() const { return !failed_; }
  bool at_end() const { return p_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - p_); }
  size_t position() const { return static_cast<size_t>(p_ - begin_); }
  void set_failed() {
    failed_ = true;
    p_ = end_;
  }
  Status status(const char* what) const {
    if (failed_) return fail(Errc::kTruncated, what, static_cast<int64_t>(position()));
    return {};
  }

  int8_t i8() { return static_cast<int8_t>(load<uint8_t>()); }
  uint8_t u8() { return load<uint8_t>(); }
  int16_t i16() { return static_cast<int16_t>(load<uint16_t>()); }
  uint16_t u16() { return load<uint16_t>(); }
  int32_t i32() { return static_cast<int32_t>(load<uint32_t>()); }
  uint32_t u32() { return load<uint32_t>(); }
  int64_t i64() { return static_cast<int64_t>(load<uint64_t>()); }
  uint64_t u64() { return load<uint64_t>(); }
  double f64() { return std::bit_cast<double>(load<uint64_t>()); }
  bool boolean() { return load<uint8_t>() != 0; }

  // Base-128 little-endian groups, at most 5 (10) bytes; longer is an error.
  uint32_t uvarint() { return static_cast<uint32_t>(varint_bits(5)); }
  uint64_t uvarlong() { return varint_bits(10); }
  // ZigZag.
  int32_t varint() {
    const uint32_t v = uvarint();
    return static_cast<int32_t>((v >> 1) ^ (~(v & 1) + 1));
  }
  int64_t varlong() {
    const uint64_t v = uvarlong();
    return static_cast<int64_t>((v >> 1) ^ (~(v & 1) + 1));
  }

  // n bytes, borrowed from the input; empty on overrun.
  Bytes raw(size_t n) {
    if (n > remaining()) {
      set_failed();
      return {};
    }
    Bytes out{p_, n};
    p_ += n;
    return out;
  }
  std::string text(size_t n) { return std::string(as_text(raw(n))); }
  // n bytes as a Slice: shares the source's slab when there is one, else copies.
  Slice slice(size_t n) {
    const size_t at = position();
    Bytes b = raw(n);
    if (failed_) return {};
    return source_ ? source_->sub(at, n) : Slice::copy_of(b);
  }
  void skip(size_t n) { raw(n); }

 private:
  template <class T>
  T load() {
    if (sizeof(T) > remaining()) {
      set_failed();
      return 0;
    }
    T v;
    std::memcpy(&v, p_, sizeof(T));
    p_ += sizeof(T);
    if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
    if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
    if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
    return v;
  }
  uint64_t varint_bits(int max_bytes) {
    uint64_t value = 0;
    for (int i = 0; i < max_bytes; ++i) {
      if (p_ == end_) break;
      const auto b = static_cast<uint8_t>(*p_++);
      value |= static_cast<uint64_t>(b & 0x7f) << (7 * i);
      if ((b & 0x80) == 0) {
        if (max_bytes == 5 && value > UINT32_MAX) break;
        return value;
      }
    }
    set_failed();
    return 0;
  }

  const std::byte* begin_;
  const std::byte* p_;
  const std::byte* end_;
  const Slice* source_ = nullptr;
  bool failed_ = false;
};

}  // namespace kz
