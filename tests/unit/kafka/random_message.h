// Fills a message with random values, non-default as a rule, in those fields that a version has.
#pragma once
#include "core/base/rng.h"
#include "core/kafka/visitors.h"

namespace kz::kafka::test {

class Filler {
 public:
  Filler(Rng& rng, int16_t version) : rng_(rng), version_(version) {}

  template <detail::FieldList T>
  void object(T& value) {
    T::fields([this](auto& x, const char*, Versions in = {}) { field(x, in); }, value);
    if constexpr (detail::Tagged<T>) {
      T::tagged_fields(
          [this](uint32_t, auto& x, const char*, Versions in = {}) {
            if (rng_.chance(0.7)) field(x, in);
          },
          value);
    }
  }

 private:
  template <class F>
  void field(F& x, Versions in) {
    if (in.has(version_)) fill(x, in);
  }
  void fill(bool& x, Versions) { x = rng_.chance(0.5); }
  template <std::signed_integral T>
  void fill(T& x, Versions) {
    constexpr T kEdges[] = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), -1, 0, 1};
    x = rng_.chance(0.2) ? kEdges[rng_.below(5)] : static_cast<T>(rng_());
  }
  void fill(double& x, Versions) { x = static_cast<double>(rng_.between(-1000000, 1000000)) / 64; }
  void fill(ErrorCode& x, Versions) { x = static_cast<ErrorCode>(rng_.between(-1, 110)); }
  void fill(Uuid& x, Versions) { x = Uuid{rng_(), rng_()}; }
  void fill(std::string& x, Versions) {
    // 126 and 127 bytes: where the compact length takes a second byte.
    x.resize(rng_.chance(0.03) ? 126 + rng_.below(3) : rng_.below(7));
    for (char& c : x) c = static_cast<char>(rng_.between('a', 'z'));
  }
  void fill(Slice& x, Versions) {
    std::string text(rng_.below(9), '\0');
    for (char& c : text) c = static_cast<char>(rng_());
    x = Slice::copy_of(text);
  }
  void fill(RecordsOut& x, Versions in) {
    if (rng_.chance(0.2)) return;
    Slice s;
    fill(s, in);
    x = RecordsOut(s);
  }
  template <class T>
  void fill(std::optional<T>& x, Versions in) {
    if (in.nullable(version_) && rng_.chance(0.25))
      x.reset();
    else
      fill(x.emplace(), in);
  }
  template <class T>
  void fill(std::vector<T>& v, Versions in) {
    v.resize(rng_.below(3));
    for (T& x : v) fill(x, in);
  }
  template <detail::FieldList T>
  void fill(T& x, Versions) {
    object(x);
  }

  Rng& rng_;
  int16_t version_;
};

template <class M>
M random_message(Rng& rng, int16_t version) {
  M m;
  Filler(rng, version).object(m);
  return m;
}

}  // namespace kz::kafka::test
