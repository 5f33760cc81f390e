// The group machine: commits, expiry of offsets, what is read back from the log, and groups that move away.
#include "core/broker/group/coordinator.h"
#include "tests/unit/broker/group_trace.h"

using namespace kz;
using namespace kz::broker;
using namespace kz::broker::test;

TEST_CASE("who may commit") {
  Trace t;
  const auto check = [&](const std::string& id, int32_t generation, std::optional<std::string> instance = {}) {
    return t.group.check_commit(id, instance, generation, t.now);
  };
  CHECK(check("", -1) == ErrorCode::kNone);  // nobody is a member
  CHECK(check("x", 0) == ErrorCode::kUnknownMemberId);
  const Joined a = t.join(Trace::input(""));
  t.advance(3'000);
  const std::string id = (*a)->member_id;
  CHECK(check(id, 1) == ErrorCode::kRebalanceInProgress);  // not synced yet
  t.sync(id, 1, {{id, "x"}});
  CHECK(check(id, 1) == ErrorCode::kNone);
  CHECK(check(id, 2) == ErrorCode::kIllegalGeneration);
  CHECK(check("", -1) == ErrorCode::kUnknownMemberId);
  CHECK(check("nobody", 1) == ErrorCode::kUnknownMemberId);
  CHECK(check(id, 1, "i") == ErrorCode::kUnknownMemberId);
  t.join(Trace::input(""));
  CHECK(check(id, 1) == ErrorCode::kNone);  // its last commit before it rejoins
}

TEST_CASE("commits count in the order of the log, not of their answers") {
  Trace t;
  t.hold = true;
  const auto commit = [&](Offset offset) {
    auto done = std::make_shared<std::optional<OffsetCodes>>();
    CommittedOffset value;
    value.offset = offset;
    value.commit_ms = t.now.wall_ms;
    t.group.commit({{{"t", 0}, value}}, [done](OffsetCodes c) { *done = std::move(c); });
    return done;
  };
  commit(10);
  commit(20);
  CHECK(t.group.has_pending_offset({"t", 0}));
  GroupAppend first = std::move(t.group.outbox()[0]);
  GroupAppend second = std::move(t.group.outbox()[1]);
  t.group.outbox().clear();
  GroupEffects out;
  second.done(&t.group, ErrorCode::kNone, 101, t.now, out);
  CHECK(t.group.offsets().at({"t", 0}).offset == 20);
  first.done(&t.group, ErrorCode::kNone, 100, t.now, out);
  CHECK(t.group.offsets().at({"t", 0}).offset == 20);
  CHECK(!t.group.has_pending_offset({"t", 0}));
  const auto failed = commit(30);
  GroupAppend third = std::move(t.group.outbox()[0]);
  t.group.outbox().clear();
  third.done(&t.group, ErrorCode::kNotCoordinator, -1, t.now, out);
  for (auto& call : out.calls) call();
  CHECK((*failed)->at({"t", 0}) == ErrorCode::kNotCoordinator);
  CHECK(t.group.offsets().at({"t", 0}).offset == 20);
  CHECK(!t.group.has_pending_offset({"t", 0}));
}

TEST_CASE("offsets expire by the time since the group emptied, or since their commit, never while subscribed") {
  Trace t;
  constexpr int64_t kDay = 24LL * 60 * 60 * 1000;
  const auto put = [&](const std::string& topic, int64_t commit_ms, int64_t expire_ms = -1) {
    CommittedOffset value;
    value.offset = 1;
    value.commit_ms = commit_ms;
    value.expire_ms = expire_ms;
    t.group.commit({{{topic, 0}, value}}, [](const OffsetCodes&) {});
    GroupEffects out;
    t.settle(out);
  };
  const int64_t start = t.now.wall_ms;
  put("simple", start);
  put("explicit", start, start + 100);
  CHECK(t.group.remove_expired(start + 99, kDay).empty());
  CHECK(t.group.remove_expired(start + 100, kDay) == std::vector<TopicPartition>{{"explicit", 0}});
  CHECK(t.group.remove_expired(start + kDay, kDay) == std::vector<TopicPartition>{{"simple", 0}});

  const std::string id = t.stable_one();
  put("t", start);
  put("other", start);
  CHECK(t.group.subscribed_to("t"));
  CHECK(!t.group.subscribed_to("other"));
  CHECK(t.group.remove_expired(start + kDay, kDay) == std::vector<TopicPartition>{{"other", 0}});
  t.leave(id);
  const int64_t empty_since = t.now.wall_ms;
  CHECK(t.group.remove_expired(empty_since + kDay - 1, kDay).empty());
  CHECK(t.group.remove_expired(empty_since + kDay, kDay) == std::vector<TopicPartition>{{"t", 0}});
  CHECK(!t.group.has_offsets());
}

TEST_CASE("a group read from its record goes on where it was") {
  Trace t;
  const std::string id = t.stable_one();
  Trace u;
  u.group = Group::from_record("g", u.config, t.stored.back(), u.now);
  CHECK(u.group.is(GroupState::kStable));
  CHECK(u.group.generation() == 1);
  GroupEffects out;
  u.group.loaded(u.now, out);
  CHECK(u.group.heartbeat(id, {}, 1, u.now) == ErrorCode::kNone);
  CHECK((*u.sync(id, 1))->assignment.text() == "a");
  CHECK(u.group.subscribed_to("t"));
  CHECK(!u.group.subscribed_to("u"));
  u.advance(10'000);
  CHECK(u.group.members().empty());
}

TEST_CASE("a group that moves away answers NOT_COORDINATOR to all who wait") {
  Trace t;
  const std::string id = t.stable_one();
  JoinInput pending = Trace::input("");
  pending.require_known_member_id = true;
  t.join(pending);
  const Joined parked = t.join(Trace::input(id));
  GroupEffects out;
  t.group.unload(out);
  for (auto& call : out.calls) call();
  CHECK(code(parked) == ErrorCode::kNotCoordinator);
  CHECK(t.group.heartbeat(id, {}, 1, t.now) == ErrorCode::kCoordinatorNotAvailable);
  CHECK(t.group.deadline() == TimePoint::max());
}

TEST_CASE("a group's partition is Java's") {
  // Utils.abs("...".hashCode()) % 50, computed by a JVM.
  CHECK(coordinator_partition("", 50) == 0);
  CHECK(coordinator_partition("a", 50) == 97 % 50);
  CHECK(coordinator_partition("test-group", 50) == 12);
  CHECK(coordinator_partition("console-consumer-12345", 50) == 6);
  CHECK(coordinator_partition("\xf0\x9f\x98\x80group", 50) == 32);  // outside the basic plane: two UTF-16 units
  CHECK(coordinator_partition("polygenelubricants", 50) == 0);      // Integer.MIN_VALUE
  CHECK(coordinator_partition("\xc3\xa9", 50) == 0xe9 % 50);
}
