// Sessions: ids and passwords that every server of an ensemble computes alike, and expiry in buckets of a tick.
#include "core/zk/session.h"

#include <doctest/doctest.h>

#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {
Now at(int64_t now_ms) { return {{now_ms * 1'000'000}, now_ms}; }
}  // namespace

TEST_CASE("passwords are java.util.Random's") {
  // Printed by new Random(id ^ 0xB3415C00L).nextBytes(new byte[16]) under OpenJDK 17.
  const std::pair<SessionId, const char*> known[] = {
      {0x1000036519f0000, "9397753e24cd5840297c4e2b0dfc658d"},
      {1, "054cc74a37327db215e702e20c73f005"},
      {-1, "20f62cb5648dc2d771471c8a2486a9ee"},
      {INT64_MAX, "20f62cb5648dc2d771471c8a2486a9ee"},
      {0, "f22acd4a97e69d6d20a49bb638eadb38"},
  };
  for (const auto& [id, text] : known) {
    const SessionPassword password = session_password(id);
    CHECK(hex(as_text(Bytes(password))) == text);
  }
}

TEST_CASE("the first id carries the server's low byte and the clock, and is never the container owner") {
  CHECK(initial_session_id(1, 0x36519f) == 0x1000036519f0000);
  CHECK(initial_session_id(0x103, 1) == 0x0300000000010000);
  CHECK(initial_session_id(0x80, 0) == INT64_MIN + 1);
  SessionTracker tracker(1, 2000, at(5));
  const SessionId first = tracker.create(1000, at(5));
  CHECK(tracker.create(1000, at(5)) == first + 1);
}

TEST_CASE("deadlines round up to the next tick, and touching moves them") {
  SessionTracker tracker(1, 2000, at(0));
  tracker.track(10, 4000, at(100));
  CHECK(tracker.deadline().ns == 6000 * 1'000'000LL);
  tracker.track(11, 4000, at(2000));  // exactly on a tick: still the next one
  CHECK(tracker.buckets().size() == 2);
  CHECK(tracker.expire(at(5999)).empty());
  CHECK(tracker.touch(10, 4000, at(4100)));
  CHECK(tracker.deadline().ns == 8000 * 1'000'000LL);
  CHECK(tracker.expire(at(8000)) == std::vector<SessionId>{11});
  CHECK(tracker.closing(11));
  CHECK_FALSE(tracker.touch(11, 4000, at(8001)));
  CHECK(tracker.expire(at(100000)) == std::vector<SessionId>{10});
  CHECK(tracker.deadline() == TimePoint::max());
  CHECK(tracker.size() == 2);
  tracker.remove(10);
  tracker.remove(11);
  tracker.remove(12);
  CHECK(tracker.size() == 0);
}

TEST_CASE("a session that is closing already does not expire a second time") {
  SessionTracker tracker(1, 2000, at(0));
  tracker.track(1, 1000, at(0));
  tracker.set_closing(1);
  CHECK(tracker.expire(at(10000)).empty());
  CHECK(tracker.check(1, SessionTracker::kHere) == KeeperCode::kSessionExpired);
}

TEST_CASE("the first owner keeps a session until it is set anew") {
  SessionTracker tracker(1, 2000, at(0));
  CHECK(tracker.check(1, 5) == KeeperCode::kUnknownSession);
  tracker.track(1, 1000, at(0));
  CHECK(tracker.check(1, 5) == KeeperCode::kOk);
  CHECK(tracker.check(1, 6) == KeeperCode::kSessionMoved);
  CHECK(tracker.check(1, 0) == KeeperCode::kOk);
  tracker.set_owner(1, 6);
  CHECK(tracker.check(1, 6) == KeeperCode::kOk);
  CHECK(tracker.check(1, 5) == KeeperCode::kSessionMoved);
}
