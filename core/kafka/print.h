// The visitors that print: values as JSON (JsonConverter's form @ 3.4.0) and field lists in the normal form of
// tests/golden/kafka_schema. Included through instantiate.h by the .cc files of messages alone.
#pragma once
#include "core/kafka/visitors.h"

namespace kz::kafka::detail {

// Printing is off every hot path: cold keeps it small and quick to compile.

// Leaves of the JSON printer; print.cc.
void json_key(std::string& out, const char* name, const char* suffix = "");
void json_number(std::string& out, int64_t v);
void json_number(std::string& out, double v);
void json_string(std::string& out, std::string_view v);  // bytes that are not UTF-8 become U+FFFD
void json_bytes(std::string& out, Bytes v);              // base64

class Printer {
 public:
  Printer(std::string& out, int16_t version) : out_(out), version_(version) {}
  template <FieldList T>
  [[gnu::cold]] void object(const T& object) {
    out_ += '{';
    bool first = true;
    const auto field = [&](const auto& x, const char* name, Versions in) {
      if (!in.has(version_)) return;
      if (!first) out_ += ',';
      first = false;
      named(x, name, in);
    };
    T::fields([&](const auto& x, const char* name, Versions in = {}) { field(x, name, in); }, object);
    if constexpr (Tagged<T>) {
      T::tagged_fields(
          [&](uint32_t, const auto& x, const char* name, Versions in = {}) {
            if (!equal(x, counterpart(object, x, default_of<T>()))) field(x, name, in);
          },
          object);
    }
    out_ += '}';
  }

 private:
  // Record data is printed as its size, under a name that says so.
  void records(bool null, size_t size, const char* name) {
    json_key(out_, name, null ? "" : "SizeInBytes");
    if (null)
      out_ += "null";
    else
      json_number(out_, static_cast<int64_t>(size));
  }
  [[gnu::cold]] void named(const RecordsOut& x, const char* name, Versions) { records(x.is_null(), x.size(), name); }
  template <class F>
  [[gnu::cold]] void named(const F& x, const char* name, Versions in) {
    if constexpr (std::same_as<F, std::optional<Slice>>) {
      if (in.records) return records(!x, x ? x->size() : 0, name);
    }
    json_key(out_, name);
    if (in.secret && !is_null(x))
      out_ += "\"***\"";
    else
      value(x);
  }
  template <class T>
  static bool is_null(const std::optional<T>& x) {
    return !x;
  }
  template <class T>
  static bool is_null(const T&) {
    return false;
  }
  void value(bool v) { out_ += v ? "true" : "false"; }
  template <std::integral T>
  void value(T v) {
    json_number(out_, static_cast<int64_t>(v));
  }
  void value(double v) { json_number(out_, v); }
  void value(ErrorCode v) { json_number(out_, static_cast<int64_t>(v)); }
  void value(const Uuid& v) { json_string(out_, v.to_string()); }
  void value(const std::string& v) { json_string(out_, v); }
  void value(const Slice& v) { json_bytes(out_, v.bytes()); }
  template <class T>
  void value(const std::optional<T>& v) {
    if (v)
      value(*v);
    else
      out_ += "null";
  }
  template <class T>
  [[gnu::cold]] void value(const std::vector<T>& v) {
    out_ += '[';
    for (size_t i = 0; i < v.size(); ++i) {
      if (i > 0) out_ += ',';
      value(v[i]);
    }
    out_ += ']';
  }
  template <FieldList T>
  void value(const T& v) {
    object(v);
  }

  std::string& out_;
  int16_t version_;
};

// One line a field: indent, name, type, versions clipped to those of the parent, then nullable, tag, default,
// ignorable.
class Dumper {
 public:
  Dumper(std::string& out, int16_t first, int16_t last, int depth)
      : out_(out), first_(first), last_(last), depth_(depth) {}
  template <FieldList T>
  [[gnu::cold]] void object() {
    T::fields([&](const auto& x, const char* name, Versions in = {}) { field(x, name, in, -1); }, default_of<T>());
    if constexpr (Tagged<T>) {
      T::tagged_fields([&](uint32_t tag, const auto& x, const char* name,
                           Versions in = {}) { field(x, name, in, static_cast<int>(tag)); },
                       default_of<T>());
    }
  }

 private:
  template <class F>
  [[gnu::cold]] void field(const F& x, const char* name, Versions in, int tag) {
    const int16_t first = in.first > first_ ? in.first : first_;
    const int16_t last = in.last < last_ ? in.last : last_;
    out_.append(static_cast<size_t>(depth_) * 2, ' ');
    out_ += name;
    out_ += ' ';
    type(x, in);
    versions(" ", first, last);
    if (is_optional(x)) versions(" nullable ", in.nullable_first > first ? in.nullable_first : first, last);
    if (tag >= 0) {
      out_ += " tag ";
      json_number(out_, int64_t{tag});
    }
    default_value(x);
    if (in.can_skip) out_ += " ignorable";
    out_ += '\n';
    nested(x, first, last);
  }
  void versions(const char* prefix, int16_t first, int16_t last) {
    out_ += prefix;
    json_number(out_, int64_t{first});
    out_ += '-';
    json_number(out_, int64_t{last});
  }
  template <class T>
  static bool is_optional(const std::optional<T>&) {
    return true;
  }
  static bool is_optional(const RecordsOut&) { return true; }
  template <class T>
  static bool is_optional(const T&) {
    return false;
  }

  void type(bool, Versions) { out_ += "bool"; }
  template <std::signed_integral T>
  void type(T, Versions) {
    out_ += "int";
    json_number(out_, static_cast<int64_t>(sizeof(T) * 8));
  }
  void type(double, Versions) { out_ += "float64"; }
  void type(ErrorCode, Versions) { out_ += "int16"; }
  void type(const Uuid&, Versions) { out_ += "uuid"; }
  void type(const std::string&, Versions) { out_ += "string"; }
  void type(const Slice&, Versions in) { out_ += in.records ? "records" : "bytes"; }
  void type(const RecordsOut&, Versions) { out_ += "records"; }
  template <class T>
  void type(const std::optional<T>&, Versions in) {
    type(default_of<T>(), in);
  }
  template <class T>
  void type(const std::vector<T>&, Versions in) {
    out_ += "[]";
    type(default_of<T>(), in);
  }
  template <FieldList T>
  void type(const T&, Versions) {
    out_ += "struct";
  }

  template <class T>
  void default_value(const std::optional<T>& v) {
    if (v)
      default_value(*v);
    else
      out_ += " default null";
  }
  void default_value(const RecordsOut&) { out_ += " default null"; }
  template <class T>
  void default_value(const T& v) {
    // Nothing is printed for zero and empty; of a struct, the nested fields say theirs.
    if constexpr (std::same_as<T, bool>) {
      if (v) out_ += " default true";
    } else if constexpr (std::signed_integral<T>) {
      if (v == 0) return;
      out_ += " default ";
      json_number(out_, static_cast<int64_t>(v));
    }
  }

  template <class T>
  void nested(const std::optional<T>&, int16_t first, int16_t last) {
    nested(default_of<T>(), first, last);
  }
  template <class T>
  void nested(const std::vector<T>&, int16_t first, int16_t last) {
    nested(default_of<T>(), first, last);
  }
  template <class T>
  void nested(const T&, int16_t first, int16_t last) {
    if constexpr (FieldList<T>) Dumper(out_, first, last, depth_ + 1).template object<T>();
  }

  std::string& out_;
  int16_t first_, last_;
  int depth_;
};

}  // namespace kz::kafka::detail
