// The group machine under a clock that the test moves, with a log that confirms each append at once unless held.
#pragma once
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/broker/group/group.h"
#include "core/kafka/consumer_protocol.h"

namespace kz::broker::test {

using kafka::ErrorCode;

using Joined = std::shared_ptr<std::optional<JoinResult>>;
using Synced = std::shared_ptr<std::optional<SyncResult>>;

inline Slice subscription(const std::vector<std::string>& topics) {
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

inline ErrorCode code(const Joined& j) { return j->has_value() ? (*j)->error : ErrorCode::kUnknownServerError; }
inline ErrorCode code(const Synced& s) { return s->has_value() ? (*s)->error : ErrorCode::kUnknownServerError; }

}  // namespace kz::broker::test
