// ConnectionQuota under a clock that the test moves.
#include "net/connection_quota.h"

#include <doctest/doctest.h>

using namespace kz;
using namespace kz::net;

namespace {
TimePoint at(int64_t time_ms) { return TimePoint{} + ms(time_ms); }
}  // namespace

TEST_CASE("a place in all, on the listener and for the address") {
  ConnectionQuota q;
  q.set_limits({.total = 3, .per_ip = 2, .per_ip_overrides = {{"10.0.0.9", 1}}, .listeners = {{"IN", {.total = 1}}}},
               at(0));
  CHECK(q.wait("OUT", at(0)) == Duration{});
  CHECK_FALSE(q.take("10.0.0.1", "OUT", at(0)));
  CHECK_FALSE(q.take("10.0.0.1", "OUT", at(0)));
  CHECK(q.take("10.0.0.1", "OUT", at(0)) == 2);
  CHECK_FALSE(q.take("10.0.0.9", "IN", at(0)));
  CHECK(q.wait("IN", at(0)) == ConnectionQuota::kUntilOneEnds);
  CHECK(q.wait("OUT", at(0)) == ConnectionQuota::kUntilOneEnds);  // three in all
  q.give_back("10.0.0.1", "OUT");
  CHECK(q.wait("OUT", at(0)) == Duration{});
  CHECK(q.wait("IN", at(0)) == ConnectionQuota::kUntilOneEnds);
  CHECK(q.take("10.0.0.9", "OUT", at(0)) == 1);
}

TEST_CASE("the brokers' own listener is not stopped by max.connections") {
  ConnectionQuota q;
  q.set_limits({.total = 1, .unlimited_listener = "IN"}, at(0));
  CHECK_FALSE(q.take("a", "OUT", at(0)));
  CHECK(q.wait("OUT", at(0)) == ConnectionQuota::kUntilOneEnds);
  CHECK(q.wait("IN", at(0)) == Duration{});
}

TEST_CASE("the creation rate: ten seconds' worth at once, then one after the other") {
  ConnectionQuota q;
  q.set_limits({.per_second = 2}, at(0));
  for (int i = 0; i < 20; ++i) {
    CHECK(q.wait("L", at(0)) == Duration{});
    CHECK_FALSE(q.take("a", "L", at(0)));
  }
  const Duration wait = q.wait("L", at(0));
  CHECK(wait > ms(490));
  CHECK(wait <= ms(510));
  CHECK(q.wait("L", at(600)) == Duration{});
  // A listener's own rate, and limits that are lifted.
  q.set_limits({.listeners = {{"SLOW", {.per_second = 0}}}}, at(600));
  CHECK(q.wait("SLOW", at(600)) == ConnectionQuota::kUntilOneEnds);
  CHECK(q.wait("L", at(600)) == Duration{});
  q.set_limits({}, at(600));
  CHECK(q.wait("SLOW", at(600)) == Duration{});
}
