// The group machine: static members (KIP-345, KIP-814) and the limit of members.
#include "tests/unit/broker/group_trace.h"

using namespace kz;
using namespace kz::broker;
using namespace kz::broker::test;

TEST_CASE("KIP-345: a static member that comes back takes its place without a rebalance") {
  Trace t;
  const Joined first = t.join(Trace::fixed("i1"));
  t.advance(3'000);
  const std::string old_id = (*first)->member_id;
  CHECK(old_id.starts_with("i1-"));
  t.sync(old_id, 1, {{old_id, "mine"}}, "i1");
  const Joined back = t.join(Trace::fixed("i1"));
  REQUIRE(back->has_value());
  const std::string new_id = (*back)->member_id;
  CHECK(new_id != old_id);
  CHECK((*back)->generation == 1);
  CHECK((*back)->leader == old_id);  // so that it does not assign anew
  CHECK((*back)->members.empty());
  CHECK(t.group.is(GroupState::kStable));
  CHECK(t.stored.back().members.at(0).member_id == new_id);
  CHECK(t.stored.back().members.at(0).assignment.text() == "mine");
  CHECK((*t.sync(new_id, 1, {}, "i1"))->assignment.text() == "mine");
  // The old incarnation is fenced everywhere.
  CHECK(t.group.heartbeat(old_id, "i1", 1, t.now) == ErrorCode::kFencedInstanceId);
  CHECK(code(t.sync(old_id, 1, {}, "i1")) == ErrorCode::kFencedInstanceId);
  CHECK(code(t.join(Trace::fixed("i1", old_id))) == ErrorCode::kFencedInstanceId);
  CHECK(t.leave(old_id, "i1") == ErrorCode::kFencedInstanceId);
  CHECK(t.group.heartbeat(new_id, "i2", 1, t.now) == ErrorCode::kUnknownMemberId);
  // An administrator names the instance alone.
  CHECK(t.leave("", "i1") == ErrorCode::kNone);
  CHECK(t.group.members().empty());
}

TEST_CASE("KIP-814: with v9 a static leader learns that it leads but must not assign") {
  Trace t;
  const Joined first = t.join(Trace::fixed("i1"));
  t.advance(3'000);
  t.sync((*first)->member_id, 1, {{(*first)->member_id, "mine"}}, "i1");
  JoinInput in = Trace::fixed("i1");
  in.supports_skipping = true;
  const Joined back = t.join(in);
  REQUIRE(back->has_value());
  CHECK((*back)->leader == (*back)->member_id);
  CHECK((*back)->skip_assignment);
  CHECK((*back)->members.size() == 1);
}

TEST_CASE("a static member with another protocol, or between join and sync, does cause a rebalance") {
  Trace t;
  const Joined first = t.join(Trace::fixed("i1"));
  t.advance(3'000);
  const Joined between = t.join(Trace::fixed("i1"));
  REQUIRE(between->has_value());
  CHECK((*between)->generation == 2);
  const std::string id = (*between)->member_id;
  t.sync(id, 2, {{id, "x"}}, "i1");
  JoinInput in = Trace::fixed("i1");
  in.protocols = {{"sticky", subscription({"t"})}};
  // Alone in its group, no protocol of its own is known to the others.
  CHECK(code(t.join(in)) == ErrorCode::kInconsistentGroupProtocol);
  in.protocols = {{"roundrobin", subscription({"t"})}};
  const Joined changed = t.join(in);
  REQUIRE(changed->has_value());
  CHECK((*changed)->generation == 3);
  CHECK((*changed)->protocol_name == "roundrobin");
}

TEST_CASE("a static member whose new id cannot be stored keeps the old one") {
  Trace t;
  const Joined first = t.join(Trace::fixed("i1"));
  t.advance(3'000);
  const std::string old_id = (*first)->member_id;
  t.sync(old_id, 1, {{old_id, "mine"}}, "i1");
  t.store_error = ErrorCode::kCoordinatorNotAvailable;
  const Joined back = t.join(Trace::fixed("i1"));
  REQUIRE(back->has_value());
  CHECK((*back)->error == ErrorCode::kCoordinatorNotAvailable);
  CHECK((*back)->member_id.empty());
  CHECK(t.group.heartbeat(old_id, "i1", 1, t.now) == ErrorCode::kNone);
}

TEST_CASE("static members are not dropped for missing a rebalance, only by their session") {
  Trace t;
  const Joined s = t.join(Trace::fixed("i1"));
  JoinInput in = Trace::input("", 10'000, 6'000);
  const Joined d = t.join(in);
  t.advance(9'000);
  const std::string leader = (*s)->leader;
  t.sync(leader, 1, {{(*s)->member_id, "a"}, {(*d)->member_id, "b"}},
         leader == (*s)->member_id ? "i1" : std::optional<std::string>());
  JoinInput changed = Trace::input((*d)->member_id, 100'000, 6'000);
  changed.protocols[0].second = subscription({"z"});
  const Joined c = t.join(changed);
  t.advance(5'000);
  t.group.heartbeat((*s)->member_id, "i1", 1, t.now);
  t.advance(55'000);
  REQUIRE(c->has_value());
}

TEST_CASE("group.max.size") {
  Trace t({.max_size = 1, .initial_rebalance_delay_ms = 0});
  const Joined a = t.join(Trace::input(""));
  REQUIRE(a->has_value());
  CHECK(code(t.join(Trace::input(""))) == ErrorCode::kGroupMaxSizeReached);
  t.sync((*a)->member_id, 1, {{(*a)->member_id, "x"}});
  CHECK(code(t.join(Trace::input(""))) == ErrorCode::kGroupMaxSizeReached);
}
