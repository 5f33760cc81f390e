// Jute: ZooKeeper's record encoding, as visitors over a record's fields() list (no versions, no tags, no lengths).
//   byte, boolean: 1; int, long, float, double: 4, 8, 4, 8 big endian; ustring, buffer: int length (-1 = null) + bytes;
//   vector: int count (-1 = null) + items; record: its fields in order.
// Source: BinaryInputArchive, BinaryOutputArchive @ 3.8.0.
//
// C++ types: std::string and std::vector stand where null has no meaning (a null string or vector
// reads as empty); std::optional of them, and std::optional<Slice> for buffers, keep null and empty apart.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/bytes/reader.h"
#include "core/bytes/slab.h"
#include "core/bytes/writer.h"

namespace kz::zk {

using NullableBytes = std::optional<Slice>;
using NullableString = std::optional<std::string>;

// jute.maxbuffer and its slack: a string or buffer above max_buffer + extra_size is refused on reading.
struct JuteLimits {
  int64_t max_buffer = 0xfffff;
  int64_t extra_size = 0xfffff;
  int64_t item_max() const { return max_buffer + extra_size; }
};

namespace jute {

template <class T>
concept Record = requires(T& t) { T::fields([](auto&, const char*) {}, t); };

// Counts the bytes of a record.
class Sizer {
 public:
  void operator()(const auto& value, const char*) { put(value); }
  size_t size() const { return size_; }

  void put(bool) { size_ += 1; }
  void put(int8_t) { size_ += 1; }
  void put(int32_t) { size_ += 4; }
  void put(int64_t) { size_ += 8; }
  void put(const std::string& s) { size_ += 4 + s.size(); }
  void put(std::string_view s) { size_ += 4 + s.size(); }
  void put(const NullableString& s) { size_ += 4 + (s ? s->size() : 0); }
  void put(const NullableBytes& b) { size_ += 4 + (b ? b->size() : 0); }
  template <class T>
  void put(const std::vector<T>& v) {
    size_ += 4;
    for (const T& x : v) put(x);
  }
  template <class T>
  void put(const std::optional<std::vector<T>>& v) {
    v ? put(*v) : void(size_ += 4);
  }
  void put(const Record auto& r) { std::remove_cvref_t<decltype(r)>::fields(*this, r); }

 private:
  size_t size_ = 0;
};

// Writes a record; W is Writer (a block of the Sizer's size) or Buffer (growing).
template <class W>
class Encoder {
 public:
  explicit Encoder(W& w) : w_(w) {}
  void operator()(const auto& value, const char*) { put(value); }

  void put(bool v) { w_.boolean(v); }
  void put(int8_t v) { w_.i8(v); }
  void put(int32_t v) { w_.i32(v); }
  void put(int64_t v) { w_.i64(v); }
  void put(const std::string& s) { put(std::string_view(s)); }
  void put(std::string_view s) {
    w_.i32(static_cast<int32_t>(s.size()));
    w_.raw(s);
  }
  void put(const NullableString& s) { s ? put(*s) : w_.i32(-1); }
  void put(const NullableBytes& b) {
    w_.i32(b ? static_cast<int32_t>(b->size()) : -1);
    if (b) w_.raw(b->bytes());
  }
  template <class T>
  void put(const std::vector<T>& v) {
    w_.i32(static_cast<int32_t>(v.size()));
    for (const T& x : v) put(x);
  }
  template <class T>
  void put(const std::optional<std::vector<T>>& v) {
    v ? put(*v) : w_.i32(-1);
  }
  void put(const Record auto& r) { std::remove_cvref_t<decltype(r)>::fields(*this, r); }

 private:
  W& w_;
};

// Reads a record. Errors stick to the Reader; ask ok() once at the end. Counts are bounded by the bytes that remain.
class Decoder {
 public:
  explicit Decoder(Reader& r, const JuteLimits& limits = {}) : r_(r), item_max_(limits.item_max()) {}
  void operator()(auto& value, const char*) { get(value); }
  bool ok() const { return r_.ok(); }

  void get(bool& v) { v = r_.boolean(); }
  void get(int8_t& v) { v = r_.i8(); }
  void get(int32_t& v) { v = r_.i32(); }
  void get(int64_t& v) { v = r_.i64(); }
  void get(std::string& s) {
    const int32_t n = length();
    // kazoo writes an empty string as null: ACL entries of scheme auth have such ids.
    s = r_.text(n < 0 ? 0 : static_cast<size_t>(n));
  }
  void get(NullableString& s) {
    const int32_t n = length();
    if (n < 0) return s.reset();
    s = r_.text(static_cast<size_t>(n));
  }
  void get(NullableBytes& b) {
    const int32_t n = length();
    if (n < 0) return b.reset();
    b = r_.slice(static_cast<size_t>(n));
  }
  template <class T>
  void get(std::vector<T>& v) {
    v.clear();
    items(r_.i32(), v);
  }
  template <class T>
  void get(std::optional<std::vector<T>>& v) {
    const int32_t n = r_.i32();
    v.reset();
    if (n == -1) return;
    items(n, v.emplace());
  }
  void get(Record auto& r) { std::remove_cvref_t<decltype(r)>::fields(*this, r); }

 private:
  // A string's or buffer's length; -1 is null, anything else below zero or above the limit is an error.
  int32_t length() {
    const int32_t n = r_.i32();
    if (n < -1 || n > item_max_ || (n > 0 && static_cast<size_t>(n) > r_.remaining())) {
      r_.set_failed();
      return 0;
    }
    return n;
  }
  template <class T>
  void items(int32_t n, std::vector<T>& v) {
    if (n == -1) return;
    // Every item takes at least one byte, so a larger count is a lie.
    if (n < 0 || static_cast<size_t>(n) > r_.remaining()) return r_.set_failed();
    v.reserve(std::min<size_t>(static_cast<size_t>(n), 1024));
    for (int32_t i = 0; i < n && r_.ok(); ++i) get(v.emplace_back());
  }
  Reader& r_;
  int64_t item_max_;
};

// Prints {Name=value,...} for traces and golden tests; bytes as hex.
class Printer {
 public:
  void operator()(const auto& value, const char* name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += name;
    out_ += '=';
    put(value);
  }
  std::string take() { return std::move(out_); }

  void put(bool v) { out_ += v ? "true" : "false"; }
  void put(std::integral auto v) { out_ += std::to_string(v); }
  void put(const std::string& s) { ((out_ += '"') += s) += '"'; }
  void put(const NullableString& s) { s ? put(*s) : void(out_ += "null"); }
  void put(const NullableBytes& b);
  template <class T>
  void put(const std::vector<T>& v) {
    out_ += '[';
    for (size_t i = 0; i < v.size(); ++i) {
      if (i) out_ += ',';
      put(v[i]);
    }
    out_ += ']';
  }
  template <class T>
  void put(const std::optional<std::vector<T>>& v) {
    v ? put(*v) : void(out_ += "null");
  }
  void put(const Record auto& r) {
    out_ += '{';
    const bool outer = std::exchange(first_, true);
    std::remove_cvref_t<decltype(r)>::fields(*this, r);
    first_ = outer;
    out_ += '}';
  }

 private:
  std::string out_;
  bool first_ = true;
};

size_t size_of(const auto& value) {
  Sizer sizer;
  sizer.put(value);
  return sizer.size();
}

template <class W>
void write(W& w, const auto& value) {
  Encoder<W>(w).put(value);
}

// The records one after another, in a slab of exactly their size.
template <class... T>
Slice encode(const T&... values) {
  Slice out = Slice::allocate((size_of(values) + ... + size_t{0}));
  Writer w(out.mutable_bytes());
  (write(w, values), ...);
  return out;
}

// The same behind an int32 length: a frame as it goes to a socket.
template <class... T>
Slice encode_frame(const T&... values) {
  const size_t size = (size_of(values) + ... + size_t{0});
  Slice out = Slice::allocate(size + 4);
  Writer w(out.mutable_bytes());
  w.i32(static_cast<int32_t>(size));
  (write(w, values), ...);
  return out;
}

// Reads one record at the reader's position; false when the bytes do not hold one.
template <class T>
bool read(Reader& r, T& value, const JuteLimits& limits = {}) {
  Decoder(r, limits).get(value);
  return r.ok();
}

// One record from the front of the bytes; surplus bytes are ignored, as Java does.
template <class T>
Result<T> decode(Reader& r, const JuteLimits& limits = {}) {
  T value;
  if (!read(r, value, limits)) return fail(Errc::kMalformed, "jute record", static_cast<int64_t>(r.position()));
  return value;
}
template <class T>
Result<T> decode(const Slice& bytes, const JuteLimits& limits = {}) {
  Reader r(bytes);
  return decode<T>(r, limits);
}

std::string print(const auto& value) {
  Printer p;
  p.put(value);
  return p.take();
}

}  // namespace jute
}  // namespace kz::zk
