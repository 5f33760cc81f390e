// The group machine, rule by rule: joining, syncing, sessions, rebalances; who is answered what and when.
#include "tests/unit/broker/group_trace.h"

using namespace kz;
using namespace kz::broker;
using namespace kz::broker::test;

TEST_CASE("KIP-394: a new member is given its id first") {
  Trace t;
  JoinInput in = Trace::input("");
  in.require_known_member_id = true;
  const Joined first = t.join(in);
  CHECK(code(first) == ErrorCode::kMemberIdRequired);
  const std::string id = (*first)->member_id;
  CHECK(id.starts_with("client-"));
  CHECK(id.size() == 7 + 36);
  CHECK((*first)->generation == -1);
  const Joined second = t.join(Trace::input(id));
  t.advance(3000);
  REQUIRE(second->has_value());
  CHECK((*second)->error == ErrorCode::kNone);
  CHECK((*second)->member_id == id);
  CHECK((*second)->leader == id);
  CHECK((*second)->generation == 1);
  CHECK((*second)->protocol_name == "range");
  CHECK((*second)->protocol_type == "consumer");
  CHECK((*second)->members.size() == 1);
}

TEST_CASE("an id that was given expires with the session timeout and blocks the rebalance until then") {
  Trace t;
  const std::string leader = t.stable_one();
  JoinInput in = Trace::input("");
  in.require_known_member_id = true;
  const std::string pending = (*t.join(in))->member_id;
  const Joined rejoin = t.join(Trace::input(leader));
  CHECK(!rejoin->has_value());
  t.advance(9'999);
  CHECK(!rejoin->has_value());
  t.advance(1);
  REQUIRE(rejoin->has_value());
  CHECK((*rejoin)->generation == 2);
  CHECK(code(t.join(Trace::input(pending))) == ErrorCode::kUnknownMemberId);
}

TEST_CASE("the first rebalance waits for more members, at most the rebalance timeout") {
  Trace t;
  JoinInput in = Trace::input("", 10'000, 7'000);
  const Joined a = t.join(in);
  t.advance(2'999);
  CHECK(!a->has_value());
  const Joined b = t.join(in);
  t.advance(1);
  CHECK(!a->has_value());  // somebody came: another round
  t.advance(3'000);
  REQUIRE(a->has_value());
  REQUIRE(b->has_value());
  CHECK((*a)->generation == 1);
  const bool a_leads = (*a)->leader == (*a)->member_id;
  CHECK((a_leads ? *a : *b)->members.size() == 2);
  CHECK((a_leads ? *b : *a)->members.empty());
}

TEST_CASE("without a delay the first member is answered at once") {
  Trace t({.initial_rebalance_delay_ms = 0});
  const Joined a = t.join(Trace::input(""));
  REQUIRE(a->has_value());
  CHECK((*a)->generation == 1);
}

TEST_CASE("joins that are refused") {
  Trace t;
  CHECK(code(t.join(Trace::input("nobody"))) == ErrorCode::kUnknownMemberId);
  JoinInput none = Trace::input("");
  none.protocols.clear();
  CHECK(code(t.join(none)) == ErrorCode::kInconsistentGroupProtocol);
  t.stable_one();
  JoinInput other = Trace::input("");
  other.protocol_type = "connect";
  CHECK(code(t.join(other)) == ErrorCode::kInconsistentGroupProtocol);
  JoinInput foreign = Trace::input("");
  foreign.protocols = {{"sticky", subscription({"t"})}};
  CHECK(code(t.join(foreign)) == ErrorCode::kInconsistentGroupProtocol);
}

TEST_CASE("the protocol is voted among those that all members know") {
  Trace t;
  JoinInput a = Trace::input("");
  a.protocols = {{"x", {}}, {"range", subscription({"t"})}, {"roundrobin", subscription({"t"})}};
  JoinInput b = Trace::input("");
  b.protocols = {{"roundrobin", subscription({"t"})}, {"range", subscription({"t"})}};
  JoinInput c = b;
  const Joined first = t.join(a);
  t.join(b);
  t.join(c);
  t.advance(9'000);
  REQUIRE(first->has_value());
  CHECK((*first)->protocol_name == "roundrobin");
}

TEST_CASE("sync: followers wait for the leader's assignment and its record") {
  Trace t;
  const Joined a = t.join(Trace::input(""));
  const Joined b = t.join(Trace::input(""));
  t.advance(9'000);
  const std::string leader = (*a)->leader;
  const std::string follower = (*a)->member_id == leader ? (*b)->member_id : (*a)->member_id;
  const Synced f = t.sync(follower, 1);
  CHECK(!f->has_value());
  t.hold = true;
  const Synced l = t.sync(leader, 1, {{leader, "x"}});
  CHECK(!l->has_value());
  CHECK(t.group.is(GroupState::kCompletingRebalance));
  t.release();
  CHECK((*l)->assignment.text() == "x");
  CHECK((*l)->protocol_name == "range");
  CHECK((*f)->assignment.empty());  // the leader forgot it
  CHECK(t.group.is(GroupState::kStable));
  REQUIRE(t.stored.size() == 1);
  CHECK(t.stored[0].generation == 1);
  CHECK(t.stored[0].members.size() == 2);
  CHECK(t.stored[0].leader == leader);
  // Asked again, the answer is the same.
  CHECK((*t.sync(leader, 1))->assignment.text() == "x");
}

TEST_CASE("sync: what is refused") {
  Trace t;
  const std::string id = t.stable_one();
  CHECK(code(t.sync("nobody", 1)) == ErrorCode::kUnknownMemberId);
  CHECK(code(t.sync(id, 0)) == ErrorCode::kIllegalGeneration);
  SyncInput in;
  in.member_id = id;
  in.generation = 1;
  in.protocol_type = "consumer";
  in.protocol_name = "roundrobin";
  std::optional<SyncResult> result;
  GroupEffects out;
  t.group.sync(in, t.now, [&](SyncResult r) { result = std::move(r); }, out);
  t.settle(out);
  CHECK(result->error == ErrorCode::kInconsistentGroupProtocol);
  t.join(Trace::input(""));
  CHECK(code(t.sync(id, 1)) == ErrorCode::kRebalanceInProgress);
}

TEST_CASE("sync: a record that cannot be stored fails all and starts over") {
  Trace t;
  const Joined a = t.join(Trace::input(""));
  t.advance(3'000);
  t.store_error = ErrorCode::kNotCoordinator;
  CHECK(code(t.sync((*a)->member_id, 1, {{(*a)->member_id, "x"}})) == ErrorCode::kNotCoordinator);
  CHECK(t.group.is(GroupState::kPreparingRebalance));
}

TEST_CASE("a member that does not sync in the rebalance timeout is removed") {
  Trace t;
  const Joined a = t.join(Trace::input("", 30'000, 5'000));
  const Joined b = t.join(Trace::input("", 30'000, 5'000));
  t.advance(5'000);
  REQUIRE(b->has_value());
  const std::string leader = (*a)->leader;
  const std::string silent = (*a)->member_id == leader ? (*b)->member_id : (*a)->member_id;
  t.sync(leader, 1, {{leader, "x"}, {silent, "y"}});
  CHECK(t.group.is(GroupState::kStable));
  t.advance(5'000);
  CHECK(!t.group.members().contains(silent));
  CHECK(t.group.is(GroupState::kPreparingRebalance));
}

TEST_CASE("heartbeats by state") {
  Trace t;
  const auto beat = [&](const std::string& id, int32_t generation) {
    return t.group.heartbeat(id, {}, generation, t.now);
  };
  const Joined a = t.join(Trace::input(""));
  t.advance(3'000);
  const std::string id = (*a)->member_id;
  CHECK(beat(id, 1) == ErrorCode::kNone);  // completing
  t.sync(id, 1, {{id, "x"}});
  CHECK(beat(id, 1) == ErrorCode::kNone);
  CHECK(beat(id, 2) == ErrorCode::kIllegalGeneration);
  CHECK(beat("nobody", 1) == ErrorCode::kUnknownMemberId);
  t.join(Trace::input(""));
  CHECK(beat(id, 1) == ErrorCode::kRebalanceInProgress);
}

TEST_CASE("a session that runs out removes the member, unless it waits") {
  Trace t;
  const auto [leader, other] = t.stable_two();
  const auto beat = [&] { return t.group.heartbeat(leader, {}, 1, t.now); };
  t.advance(9'000);
  CHECK(beat() == ErrorCode::kNone);
  t.advance(1'000);
  CHECK(!t.group.members().contains(other));
  CHECK(beat() == ErrorCode::kRebalanceInProgress);
  const Joined rejoin = t.join(Trace::input(leader));
  REQUIRE(rejoin->has_value());
  CHECK((*rejoin)->generation == 2);
  // While its JoinGroup is parked, no heartbeat is expected of it.
  t.sync(leader, 2, {{leader, "x"}});
  t.advance(9'000);
  t.group.heartbeat(leader, {}, 2, t.now);
  JoinInput pending = Trace::input("", 30'000);
  pending.require_known_member_id = true;
  t.join(pending);
  const Joined parked = t.join(Trace::input(leader));
  t.advance(25'000);
  CHECK(!parked->has_value());
  CHECK(t.group.members().contains(leader));
}

TEST_CASE("a new member whose client vanished is dropped after five minutes") {
  Trace t({.max_session_timeout_ms = 1'800'000, .initial_rebalance_delay_ms = 0});
  const Joined a = t.join(Trace::input("", 10'000, 1'000'000));
  const std::string first = (*a)->member_id;
  t.sync(first, 1, {{first, "x"}});
  const Joined ghost = t.join(Trace::input("", 10'000, 1'000'000));
  CHECK(!ghost->has_value());
  for (int i = 0; i < 59; ++i) {
    t.advance(5'000);
    t.group.heartbeat(first, {}, 1, t.now);
  }
  CHECK(!ghost->has_value());
  t.advance(5'000);
  CHECK(code(ghost) == ErrorCode::kUnknownMemberId);
}

TEST_CASE("rejoining: an unchanged follower gets the present, a change or the leader starts a rebalance") {
  Trace t;
  const auto [leader, other] = t.stable_two();
  const Joined same = t.join(Trace::input(other));
  REQUIRE(same->has_value());
  CHECK((*same)->generation == 1);
  CHECK((*same)->members.empty());
  CHECK(t.group.is(GroupState::kStable));
  JoinInput changed = Trace::input(other);
  changed.protocols[0].second = subscription({"t", "u"});
  const Joined c = t.join(changed);
  CHECK(!c->has_value());
  CHECK(t.group.is(GroupState::kPreparingRebalance));
  const Joined l = t.join(Trace::input(leader));
  REQUIRE(c->has_value());
  CHECK((*l)->generation == 2);
  // The leader once more, now between join and sync: the same answer.
  const Joined again = t.join(Trace::input(leader));
  REQUIRE(again->has_value());
  CHECK((*again)->members.size() == 2);
  t.sync(leader, 2, {{leader, "a"}, {other, "b"}});
  const Joined forced = t.join(Trace::input(leader));
  CHECK(!forced->has_value());
  CHECK(t.group.is(GroupState::kPreparingRebalance));
}

TEST_CASE("a newcomer during CompletingRebalance sends those who wait back to join") {
  Trace t;
  const Joined a = t.join(Trace::input(""));
  const Joined b = t.join(Trace::input(""));
  t.advance(9'000);
  const std::string leader = (*a)->leader;
  const std::string follower = (*a)->member_id == leader ? (*b)->member_id : (*a)->member_id;
  const Synced waiting = t.sync(follower, 1);
  t.join(Trace::input(""));
  CHECK(code(waiting) == ErrorCode::kRebalanceInProgress);
}

TEST_CASE("who does not rejoin in the rebalance timeout is left behind; the leader stays if it is there") {
  Trace t;
  const Joined a = t.join(Trace::input("", 300'000, 20'000));
  const Joined b = t.join(Trace::input("", 300'000, 20'000));
  t.advance(9'000);
  const std::string leader = (*a)->leader;
  const std::string other = (*a)->member_id == leader ? (*b)->member_id : (*a)->member_id;
  t.sync(leader, 1, {{leader, "x"}, {other, "y"}});
  t.sync(other, 1);
  JoinInput changed = Trace::input(other, 300'000, 20'000);
  changed.protocols[0].second = subscription({"z"});
  const Joined c = t.join(changed);
  t.advance(19'999);
  CHECK(!c->has_value());
  t.advance(1);
  REQUIRE(c->has_value());
  CHECK((*c)->generation == 2);
  CHECK((*c)->leader == other);
  CHECK(!t.group.members().contains(leader));
}

TEST_CASE("leaving: the group rebalances, and is stored empty by the last one") {
  Trace t;
  const std::string id = t.stable_one();
  CHECK(t.leave("nobody") == ErrorCode::kUnknownMemberId);
  CHECK(t.leave(id) == ErrorCode::kNone);
  CHECK(t.group.is(GroupState::kEmpty));
  CHECK(t.group.generation() == 2);
  REQUIRE(t.stored.size() == 2);
  CHECK(t.stored[1].members.empty());
  CHECK(t.stored[1].protocol_type == "consumer");
  CHECK(!t.stored[1].protocol);
  CHECK(!t.stored[1].leader);
  JoinInput in = Trace::input("");
  in.require_known_member_id = true;
  const std::string pending = (*t.join(in))->member_id;
  CHECK(t.leave(pending) == ErrorCode::kNone);
  CHECK(code(t.join(Trace::input(pending))) == ErrorCode::kUnknownMemberId);
}
