// The group machine, rule by rule: who is answered what and when, by a clock that the test moves.
#include "core/broker/group/group.h"

#include <doctest/doctest.h>

#include <memory>

#include "core/broker/group/coordinator.h"
#include "core/kafka/consumer_protocol.h"

using namespace kz;
using namespace kz::broker;
using kafka::ErrorCode;

namespace {

using Joined = std::shared_ptr<std::optional<JoinResult>>;
using Synced = std::shared_ptr<std::optional<SyncResult>>;

Slice subscription(const std::vector<std::string>& topics) {
  kafka::ConsumerProtocolSubscription s;
  s.topics = topics;
  return kafka::encode_subscription(s);
}

// A group, its clock, and its log: every append is confirmed at once unless held.
struct Trace {
  explicit Trace(GroupConfig c = {}) : config(c), group("g", c, {{1'000'000'000}, 1'700'000'000'000}) {}
  GroupConfig config;
  Group group;
  Now now{{1'000'000'000}, 1'700'000'000'000};
  Rng rng{7};
  bool hold = false;
  ErrorCode store_error = ErrorCode::kNone;
  Offset next_offset = 0;
  std::vector<kafka::GroupMetadataValue> stored;

  static JoinInput input(std::string member, int32_t session_ms = 10'000, int32_t rebalance_ms = 60'000) {
    JoinInput in;
    in.member_id = std::move(member);
    in.client_id = "client";
    in.client_host = "/127.0.0.1";
    in.session_timeout_ms = session_ms;
    in.rebalance_timeout_ms = rebalance_ms;
    in.protocol_type = "consumer";
    in.protocols = {{"range", subscription({"t"})}, {"roundrobin", subscription({"t"})}};
    return in;
  }
  static JoinInput fixed(std::string instance, std::string member = {}) {
    JoinInput in = input(std::move(member));
    in.instance_id = std::move(instance);
    return in;
  }

  void settle(GroupEffects& out) {
    for (;;) {
      while (group.deadline() <= now.mono && !group.is(GroupState::kDead)) group.on_tick(now, out);
      for (auto& call : std::exchange(out.calls, {})) call();
      if (hold || group.outbox().empty()) return;
      GroupAppend append = std::move(group.outbox().front());
      group.outbox().pop_front();
      if (append.group && store_error == ErrorCode::kNone) stored.push_back(*append.group);
      const Offset base = next_offset++;
      append.done(&group, store_error, base, now, out);
    }
  }
  Joined join(JoinInput in) {
    auto result = std::make_shared<std::optional<JoinResult>>();
    GroupEffects out;
    group.join(std::move(in), now, rng, [result](JoinResult r) { *result = std::move(r); }, out);
    settle(out);
    return result;
  }
  Synced sync(const std::string& member, int32_t generation, std::map<std::string, std::string> assignment = {},
              std::optional<std::string> instance = {}) {
    auto result = std::make_shared<std::optional<SyncResult>>();
    SyncInput in;
    in.member_id = member;
    in.instance_id = std::move(instance);
    in.generation = generation;
    for (auto& [id, bytes] : assignment) in.assignment[id] = Slice::copy_of(bytes);
    GroupEffects out;
    group.sync(std::move(in), now, [result](SyncResult r) { *result = std::move(r); }, out);
    settle(out);
    return result;
  }
  ErrorCode leave(const std::string& member, std::optional<std::string> instance = {}) {
    std::vector<ErrorCode> codes;
    GroupEffects out;
    const ErrorCode all = group.leave({{member, std::move(instance), {}}}, now, codes, out);
    settle(out);
    return all == ErrorCode::kNone ? codes.at(0) : all;
  }
  void release() {
    hold = false;
    GroupEffects out;
    settle(out);
  }
  void advance(int64_t n) {
    const TimePoint end = now.mono + ms(n);
    for (;;) {
      const TimePoint due = group.deadline();
      const TimePoint next = std::min(due, end);
      if (next > now.mono) {
        now.wall_ms += (next.ns - now.mono.ns) / 1'000'000;
        now.mono = next;
      }
      GroupEffects out;
      settle(out);
      if (next == end) return;
    }
  }
  // One dynamic member in a stable group of generation 1; returns its id.
  std::string stable_one() {
    const Joined j = join(input(""));
    advance(config.initial_rebalance_delay_ms);
    REQUIRE(j->has_value());
    const std::string id = (*j)->member_id;
    sync(id, (*j)->generation, {{id, "a"}});
    REQUIRE(group.is(GroupState::kStable));
    return id;
  }
  // Two dynamic members, leader first.
  std::pair<std::string, std::string> stable_two() {
    const Joined a = join(input(""));
    const Joined b = join(input(""));
    advance(config.initial_rebalance_delay_ms * 3LL);
    REQUIRE(a->has_value());
    REQUIRE(b->has_value());
    const std::string leader = (*a)->leader;
    const std::string other = (*a)->member_id == leader ? (*b)->member_id : (*a)->member_id;
    sync(leader, 1, {{leader, "l"}, {other, "o"}});
    sync(other, 1);
    REQUIRE(group.is(GroupState::kStable));
    return {leader, other};
  }
};

ErrorCode code(const Joined& j) { return j->has_value() ? (*j)->error : ErrorCode::kUnknownServerError; }
ErrorCode code(const Synced& s) { return s->has_value() ? (*s)->error : ErrorCode::kUnknownServerError; }

}  // namespace

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
