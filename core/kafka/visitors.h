// The visitors over field lists: size, encode, decode, check (print and dump are in print.h). Included through
// instantiate.h by the .cc files of messages alone. Size and encode are one walk over two sinks, so they cannot
// disagree. Pure functions; no allocation but for the values decoded.
#pragma once
#include <concepts>
#include <type_traits>

#include "core/bytes/writer.h"
#include "core/kafka/codec.h"
#include "core/kafka/header.h"

namespace kz::kafka::detail {

template <class T>
concept FieldList = requires { &T::template fields<int, T>; };
template <class T>
concept Tagged = requires { &T::template tagged_fields<int, T>; };
template <class T>
concept Number = std::integral<T> || std::same_as<T, double> || std::same_as<T, ErrorCode>;

// The same member of another object of the same struct: how a field finds its declared default.
template <class T, class F>
const F& counterpart(const T& object, const F& field, const T& other) {
  const auto offset = reinterpret_cast<const char*>(&field) - reinterpret_cast<const char*>(&object);
  return *reinterpret_cast<const F*>(reinterpret_cast<const char*>(&other) + offset);
}
template <class T>
const T& default_of() {
  static const T instance{};
  return instance;
}

// ---- equality of values (defaults of tagged and of missing fields) ----

template <Number T>
bool equal(T a, T b) {
  return a == b;
}
inline bool equal(const Uuid& a, const Uuid& b) { return a == b; }
inline bool equal(const std::string& a, const std::string& b) { return a == b; }
inline bool equal(const Slice& a, const Slice& b) { return a.text() == b.text(); }
inline bool equal(const RecordsOut& a, const RecordsOut& b) {
  return a.is_null() == b.is_null() && a.size() == b.size();
}
template <FieldList T>
bool equal(const T& a, const T& b);
template <class T>
bool equal(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!equal(a[i], b[i])) return false;
  }
  return true;
}
template <class T>
bool equal(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || equal(*a, *b));
}
template <FieldList T>
bool equal(const T& a, const T& b) {
  bool same = true;
  T::fields([&](const auto& x, const char*, Versions = {}) { same = same && equal(x, counterpart(a, x, b)); }, a);
  if constexpr (Tagged<T>) {
    T::tagged_fields(
        [&](uint32_t, const auto& x, const char*, Versions = {}) { same = same && equal(x, counterpart(a, x, b)); }, a);
  }
  return same;
}

// ---- size and encode ----

class CountSink {
 public:
  template <Number T>
  void number(T) {
    size_ += sizeof(T);
  }
  void uvarint(uint64_t v) { size_ += uvarint_size(v); }
  void raw(Bytes b) { size_ += b.size(); }
  void link(const Chain&) {}
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

// Where linked record data goes: after `at` bytes of the block.
struct Link {
  size_t at;
  const Chain* chain;
};

class WriteSink {
 public:
  explicit WriteSink(MutableBytes block) : w_(block) {}
  template <Number T>
  void number(T v) {
    if constexpr (std::same_as<T, double>)
      w_.f64(v);
    else if constexpr (sizeof(T) == 1)
      w_.i8(static_cast<int8_t>(v));
    else if constexpr (sizeof(T) == 2)
      w_.i16(static_cast<int16_t>(v));
    else if constexpr (sizeof(T) == 4)
      w_.i32(static_cast<int32_t>(v));
    else
      w_.i64(static_cast<int64_t>(v));
  }
  void uvarint(uint64_t v) { w_.uvarint(v); }
  void raw(Bytes b) { w_.raw(b); }
  void link(const Chain& chain) { links_.push_back({w_.position(), &chain}); }
  size_t remaining() const { return w_.remaining(); }
  const std::vector<Link>& links() const { return links_; }

 private:
  Writer w_;
  std::vector<Link> links_;
};

template <class Sink>
class Encoder {
 public:
  Encoder(Sink& sink, int16_t version, bool flexible) : sink_(sink), version_(version), flexible_(flexible) {}

  template <class F>
  void operator()(const F& value, const char*, Versions in = {}) {
    if (in.has(version_)) put(value, in);
  }
  template <FieldList T>
  void object(const T& value) {
    T::fields(*this, value);
    if (!flexible_) return;
    if constexpr (Tagged<T>) {
      tags(value);
    } else {
      sink_.uvarint(0);
    }
  }

 private:
  template <FieldList T>
  void tags(const T& value) {
    const auto each = [&](auto&& body) {
      T::tagged_fields(
          [&](uint32_t tag, const auto& field, const char*, Versions in = {}) {
            if (in.has(version_) && !equal(field, counterpart(value, field, default_of<T>()))) body(tag, field, in);
          },
          value);
    };
    uint32_t count = 0;
    each([&](uint32_t, const auto&, Versions) { ++count; });
    sink_.uvarint(count);
    each([&](uint32_t tag, const auto& field, Versions in) {
      CountSink counter;
      Encoder<CountSink>(counter, version_, flexible_)(field, "", in);
      sink_.uvarint(tag);
      sink_.uvarint(counter.size());
      put(field, in);
    });
  }

  template <Number T>
  void put(T v, Versions) {
    sink_.number(v);
  }
  void put(const Uuid& v, Versions) {
    sink_.number(v.high);
    sink_.number(v.low);
  }
  void put(const std::string& v, Versions) {
    const size_t n = v.size() < kStringBytesMax ? v.size() : kStringBytesMax;
    if (flexible_)
      sink_.uvarint(n + 1);
    else
      sink_.number(static_cast<int16_t>(n));
    sink_.raw(as_bytes(std::string_view(v.data(), n)));
  }
  void put(const Slice& v, Versions) {
    length(v.size());
    sink_.raw(v.bytes());
  }
  void put(const RecordsOut& v, Versions) {
    if (v.is_null()) return null();
    length(v.size());
    if (v.chain().empty())
      sink_.raw(v.slice().bytes());
    else
      sink_.link(v.chain());
  }
  template <class T>
  void put(const std::vector<T>& v, Versions in) {
    length(v.size());
    for (const T& x : v) element(x, in);
  }
  void put(const std::optional<std::string>& v, Versions in) {
    if (v) return put(*v, in);
    if (!in.nullable(version_)) return put(std::string(), in);
    if (flexible_)
      sink_.uvarint(0);
    else
      sink_.number(int16_t{-1});
  }
  template <class T>
  void put(const std::optional<T>& v, Versions in) {
    if (v) return put(*v, in);
    if (!in.nullable(version_)) return length(0);
    null();
  }
  template <FieldList T>
  void put(const T& v, Versions) {
    object(v);
  }
  template <class T>
  void element(const T& x, Versions in) {
    if constexpr (FieldList<T>)
      object(x);
    else
      put(x, in);
  }
  void length(size_t n) {
    if (flexible_)
      sink_.uvarint(n + 1);
    else
      sink_.number(static_cast<int32_t>(n));
  }
  void null() {
    if (flexible_)
      sink_.uvarint(0);
    else
      sink_.number(int32_t{-1});
  }

  Sink& sink_;
  int16_t version_;
  bool flexible_;
};

template <FieldList T>
size_t size_of(const T& value, int16_t version, bool flexible) {
  CountSink sink;
  Encoder<CountSink>(sink, version, flexible).object(value);
  return sink.size();
}

// ---- decode ----

class Decoder {
 public:
  Decoder(Reader& r, int16_t version, bool flexible) : r_(r), version_(version), flexible_(flexible) {}

  template <class F>
  void operator()(F& value, const char*, Versions in = {}) {
    if (in.has(version_)) get(value, in);
  }
  template <FieldList T>
  void object(T& value) {
    T::fields(*this, value);
    if (flexible_) tags(value);
  }

 private:
  template <FieldList T>
  void tags(T& value) {
    for (uint32_t count = r_.uvarint(); count > 0 && r_.ok(); --count) {
      const uint32_t found = r_.uvarint();
      const size_t size = r_.uvarint();
      if (size > r_.remaining()) return r_.set_failed();
      const size_t end = r_.position() + size;
      bool known = false;
      if constexpr (Tagged<T>) {
        T::tagged_fields(
            [&](uint32_t tag, auto& field, const char*, Versions in = {}) {
              if (tag != found || known || !in.has(version_)) return;
              known = true;
              get(field, in);
            },
            value);
      }
      if (!known) r_.skip(size);
      if (r_.ok() && r_.position() != end) r_.set_failed();
    }
  }

  void get(bool& v, Versions) { v = r_.boolean(); }
  void get(int8_t& v, Versions) { v = r_.i8(); }
  void get(int16_t& v, Versions) { v = r_.i16(); }
  void get(int32_t& v, Versions) { v = r_.i32(); }
  void get(int64_t& v, Versions) { v = r_.i64(); }
  void get(double& v, Versions) { v = r_.f64(); }
  void get(ErrorCode& v, Versions) { v = static_cast<ErrorCode>(r_.i16()); }
  void get(Uuid& v, Versions) {
    v.high = r_.u64();
    v.low = r_.u64();
  }
  void get(std::string& v, Versions) {
    const int64_t n = string_length();
    if (n < 0) return r_.set_failed();
    v.assign(as_text(r_.raw(static_cast<size_t>(n))));
  }
  void get(std::optional<std::string>& v, Versions in) {
    const int64_t n = string_length();
    if (n < 0) return null(v, in);
    v.emplace(as_text(r_.raw(static_cast<size_t>(n))));
  }
  void get(Slice& v, Versions) {
    const int64_t n = length();
    if (n < 0) return r_.set_failed();
    v = r_.slice(static_cast<size_t>(n));
  }
  void get(std::optional<Slice>& v, Versions in) {
    const int64_t n = length();
    if (n < 0) return null(v, in);
    v = r_.slice(static_cast<size_t>(n));
  }
  void get(RecordsOut& v, Versions) {
    const int64_t n = length();
    v = n < 0 ? RecordsOut() : RecordsOut(r_.slice(static_cast<size_t>(n)));
  }
  template <class T>
  void get(std::vector<T>& v, Versions in) {
    const int64_t n = length();
    if (n < 0) return r_.set_failed();
    elements(v, static_cast<size_t>(n), in);
  }
  template <class T>
  void get(std::optional<std::vector<T>>& v, Versions in) {
    const int64_t n = length();
    if (n < 0) return null(v, in);
    elements(v.emplace(), static_cast<size_t>(n), in);
  }
  template <FieldList T>
  void get(T& v, Versions) {
    object(v);
  }

  template <class T>
  void elements(std::vector<T>& v, size_t n, Versions in) {
    v.clear();
    // A count that the bytes left cannot hold is refused before memory is taken for it.
    if (n > r_.remaining() / bytes_min<T>()) return r_.set_failed();
    v.reserve(n);
    for (size_t i = 0; i < n && r_.ok(); ++i) {
      if constexpr (FieldList<T>)
        object(v.emplace_back());
      else
        get(v.emplace_back(), in);
    }
  }
  // The least that one element takes on the wire in this version.
  template <class T>
  size_t bytes_min() const {
    if constexpr (FieldList<T>) {
      const size_t n = size_of(T{}, version_, flexible_);
      return n > 0 ? n : 1;
    } else if constexpr (Number<T>) {
      return sizeof(T);
    } else {
      return std::same_as<T, Uuid> ? 16 : flexible_ ? 1 : 2;
    }
  }
  template <class T>
  void null(std::optional<T>& v, Versions in) {
    if (!in.nullable(version_)) return r_.set_failed();
    v.reset();
  }
  // -1 is null; what is impossible fails and gives 0.
  int64_t string_length() {
    const int64_t n = flexible_ ? static_cast<int64_t>(r_.uvarint()) - 1 : r_.i16();
    return bounded(n, static_cast<int64_t>(kStringBytesMax));
  }
  int64_t length() {
    const int64_t n = flexible_ ? static_cast<int64_t>(r_.uvarint()) - 1 : r_.i32();
    return bounded(n, INT32_MAX);
  }
  int64_t bounded(int64_t n, int64_t most) {
    if (r_.ok() && n >= -1 && n <= most) return n;
    r_.set_failed();
    return 0;
  }

  Reader& r_;
  int16_t version_;
  bool flexible_;
};

// ---- check ----

class Checker {
 public:
  explicit Checker(int16_t version) : version_(version) {}
  template <FieldList T>
  void object(const T& value) {
    T::fields([&](const auto& x, const char* name, Versions in = {}) { field(value, x, name, in); }, value);
    if constexpr (Tagged<T>) {
      T::tagged_fields([&](uint32_t, const auto& x, const char* name, Versions in = {}) { field(value, x, name, in); },
                       value);
    }
  }
  Status status() const {
    if (name_ == nullptr) return {};
    return fail(code_, name_, version_);
  }

 private:
  template <class T, class F>
  void field(const T& object, const F& x, const char* name, Versions in) {
    if (name_ != nullptr) return;
    if (in.has(version_)) return value(x, name, in);
    if (!in.can_skip && !equal(x, counterpart(object, x, default_of<T>()))) refuse(Errc::kUnsupportedVersion, name);
  }
  template <class F>
  void value([[maybe_unused]] const F& x, [[maybe_unused]] const char* name, Versions) {
    if constexpr (FieldList<F>) {
      object(x);
    } else if constexpr (std::same_as<F, std::string>) {
      if (x.size() > kStringBytesMax) refuse(Errc::kTooLarge, name);
    }
  }
  template <class F>
  void value(const std::vector<F>& v, const char* name, Versions in) {
    for (const F& x : v) value(x, name, in);
  }
  template <class F>
  void value(const std::optional<F>& x, const char* name, Versions in) {
    if (x)
      value(*x, name, in);
    else if (!in.nullable(version_))
      refuse(Errc::kUnsupportedVersion, name);
  }
  void refuse(Errc code, const char* name) {
    if (name_ != nullptr) return;
    code_ = code;
    name_ = name;
  }

  int16_t version_;
  Errc code_ = Errc::kInternal;
  const char* name_ = nullptr;
};

}  // namespace kz::kafka::detail
