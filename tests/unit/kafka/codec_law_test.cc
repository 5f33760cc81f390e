// Laws that hold for every message at every version: round trip, truncation, one changed byte, bounded memory.
#include <doctest/doctest.h>

#include "tests/unit/kafka/all_messages.h"
#include "tests/unit/kafka/random_message.h"

using namespace kz;
using namespace kz::kafka;
using kafka::test::random_message;

namespace {

template <class M>
void check_laws(int16_t version, Rng& rng) {
  const M message = random_message<M>(rng, version);
  REQUIRE(check(message, version));
  const Slice bytes = encode_body(message, version);
  Reader reader(bytes);
  auto decoded = decode_body<M>(reader, version);
  REQUIRE(decoded);
  CHECK(reader.at_end());
  CHECK(detail::equal(*decoded, message));
  CHECK(to_json(*decoded, version) == to_json(message, version));
  CHECK(encode_body(*decoded, version).text() == bytes.text());

  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    const Slice part = bytes.sub(0, cut);
    Reader r(part);
    CHECK_FALSE(decode_body<M>(r, version));
  }

  for (size_t at = 0; at < bytes.size(); ++at) {
    Slice changed = bytes.detach();
    changed.mutable_bytes()[at] ^= static_cast<std::byte>(rng.between(1, 255));
    Reader r(changed);
    const auto other = decode_body<M>(r, version);
    if (!other) continue;
    // What was accepted is a message: it survives another trip. (Bytes may differ: longer varints, unknown tags.)
    const Slice again = encode_body(*other, version);
    Reader r2(again);
    const auto third = decode_body<M>(r2, version);
    REQUIRE(third);
    CHECK(r2.at_end());
    CHECK(encode_body(*third, version).text() == again.text());
  }
}

// The largest ratio of an array element's memory to the least bytes it takes on the wire.
class Amplification {
 public:
  Amplification(int16_t version, bool flexible) : version_(version), flexible_(flexible) {}
  template <detail::FieldList T>
  void object() {
    const T value{};
    T::fields([this](const auto& x, const char*, Versions in = {}) { field(x, in); }, value);
    if constexpr (detail::Tagged<T>) {
      T::tagged_fields([this](uint32_t, const auto& x, const char*, Versions in = {}) { field(x, in); }, value);
    }
  }
  double worst() const { return worst_; }

 private:
  template <class F>
  void field(const F& x, Versions in) {
    if (in.has(version_)) look(x);
  }
  template <class T>
  void look(const std::optional<T>&) {
    look(T{});
  }
  template <class T>
  void look(const std::vector<T>&) {
    if constexpr (detail::FieldList<T>) {
      const size_t n = detail::size_of(T{}, version_, flexible_);
      worst_ = std::max(worst_, static_cast<double>(sizeof(T)) / static_cast<double>(std::max(n, size_t{1})));
      object<T>();
    }
  }
  template <class T>
  void look(const T&) {
    if constexpr (detail::FieldList<T>) object<T>();
  }

  int16_t version_;
  bool flexible_;
  double worst_ = 0;
};

}  // namespace

TEST_CASE("codec laws for every message at every version") {
  Rng rng(20230207);
  kafka::test::for_each_message([&](auto type) {
    using M = typename decltype(type)::Message;
    CAPTURE(M::kName);
    for (int16_t v = M::kMinVersion; v <= M::kMaxVersion; ++v) {
      CAPTURE(v);
      for (int round = 0; round < 4; ++round) check_laws<M>(v, rng);
    }
  });
}

TEST_CASE("versions that a message does not have are refused") {
  kafka::test::for_each_message([&](auto type) {
    using M = typename decltype(type)::Message;
    CAPTURE(M::kName);
    for (int v : {M::kMinVersion - 1, M::kMaxVersion + 1}) {
      Reader r(Bytes{});
      const auto result = decode_body<M>(r, static_cast<int16_t>(v));
      REQUIRE_FALSE(result);
      CHECK(result.error().code == Errc::kUnsupportedVersion);
      CHECK(check(M{}, static_cast<int16_t>(v)).error().code == Errc::kUnsupportedVersion);
    }
  });
}

TEST_CASE("random bytes never crash a decoder") {
  Rng rng(7);
  kafka::test::for_each_message([&](auto type) {
    using M = typename decltype(type)::Message;
    for (int16_t v = M::kMinVersion; v <= M::kMaxVersion; ++v) {
      for (int round = 0; round < 20; ++round) {
        Slice noise = Slice::allocate(rng.below(100));
        // Small numbers are counts that fit, which reach further in.
        for (std::byte& b : noise.mutable_bytes()) b = static_cast<std::byte>(rng.chance(0.6) ? rng.below(4) : rng());
        Reader r(noise);
        if (const auto m = decode_body<M>(r, v)) CHECK_FALSE(to_json(*m, v).empty());
      }
    }
  });
}

TEST_CASE("the memory of decoded arrays is bounded by the bytes that are there") {
  kafka::test::for_each_message([&](auto type) {
    using M = typename decltype(type)::Message;
    CAPTURE(M::kName);
    for (int16_t v = M::kMinVersion; v <= M::kMaxVersion; ++v) {
      CAPTURE(v);
      Amplification a(v, v >= M::kFlexibleSince);
      a.object<M>();
      CHECK(a.worst() <= 48);
    }
  });
}
