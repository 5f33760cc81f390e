// Assignors: Java's own examples (javadoc of RangeAssignor, RoundRobinAssignor, StickyAssignor @ 3.4.0; KIP-54,
// KIP-429).
#include "core/client/assignor/assignor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/base/rng.h"

namespace kz::client {
namespace {

GroupMemberInfo member(std::string id, std::vector<std::string> topics) {
  return {std::move(id), std::nullopt, std::move(topics), {}, -1};
}
std::string text(const std::vector<TopicPartition>& list) {
  std::string out;
  for (const auto& tp : list) out += (out.empty() ? "" : " ") + tp.text();
  return out;
}

TEST_CASE("range: topic by topic, the first members take one more") {
  const auto a = assign_partitions(Strategy::kRange, {member("C1", {"t0", "t1"}), member("C0", {"t0", "t1"})},
                                   {{"t0", 3}, {"t1", 3}});
  CHECK(text(a.at("C0")) == "t0-0 t0-1 t1-0 t1-1");
  CHECK(text(a.at("C1")) == "t0-2 t1-2");
}

TEST_CASE("range: static members come first, by instance id") {
  auto s = member("z", {"t"});
  s.instance_id = "i";
  const auto a = assign_partitions(Strategy::kRange, {member("a", {"t"}), s}, {{"t", 1}});
  CHECK(text(a.at("z")) == "t-0");
  CHECK(a.at("a").empty());
}

TEST_CASE("round robin: all partitions around the ring, past members that do not want the topic") {
  auto a = assign_partitions(Strategy::kRoundRobin, {member("C0", {"t0", "t1"}), member("C1", {"t0", "t1"})},
                             {{"t0", 3}, {"t1", 3}});
  CHECK(text(a.at("C0")) == "t0-0 t0-2 t1-1");
  CHECK(text(a.at("C1")) == "t0-1 t1-0 t1-2");
  a = assign_partitions(Strategy::kRoundRobin,
                        {member("C0", {"t0"}), member("C1", {"t0", "t1"}), member("C2", {"t0", "t1", "t2"})},
                        {{"t0", 1}, {"t1", 2}, {"t2", 3}});
  CHECK(text(a.at("C0")) == "t0-0");
  CHECK(text(a.at("C1")) == "t1-0");
  CHECK(text(a.at("C2")) == "t1-1 t2-0 t2-1 t2-2");
}

TEST_CASE("sticky: balanced, and nothing moves that need not") {
  std::vector<GroupMemberInfo> members = {member("C0", {"t0", "t1", "t2"}), member("C1", {"t0", "t1", "t2"}),
                                          member("C2", {"t0", "t1", "t2"})};
  const std::map<std::string, int32_t> counts = {{"t0", 3}, {"t1", 3}, {"t2", 3}};
  auto first = assign_partitions(Strategy::kSticky, members, counts);
  for (auto& m : members) {
    CHECK(first.at(m.member_id).size() == 3);
    m.owned = first.at(m.member_id);
    m.generation = 1;
  }
  members.erase(members.begin() + 1);
  const auto second = assign_partitions(Strategy::kSticky, members, counts);
  for (const auto& m : members) {
    const auto& now = second.at(m.member_id);
    for (const auto& tp : m.owned) CHECK(std::find(now.begin(), now.end(), tp) != now.end());
    CHECK(now.size() >= 4);
  }
}

TEST_CASE("sticky: of two claims the newer generation's holds; two of the same one hold neither") {
  auto a = member("A", {"t"}), b = member("B", {"t"});
  a.owned = b.owned = {{"t", 0}};
  a.generation = 1;
  b.generation = 2;
  CHECK(text(assign_partitions(Strategy::kSticky, {a, b}, {{"t", 1}}).at("B")) == "t-0");
}

TEST_CASE("cooperative: what another still holds is held back for one round") {
  auto a = member("A", {"t"}), b = member("B", {"t"});
  a.owned = {{"t", 0}, {"t", 1}};
  a.generation = 4;
  const auto first = assign_partitions(Strategy::kCooperativeSticky, {a, b}, {{"t", 2}});
  CHECK(first.at("A").size() == 1);
  CHECK(first.at("B").empty());
  a.owned = first.at("A");
  a.generation = b.generation = 5;
  const auto second = assign_partitions(Strategy::kCooperativeSticky, {a, b}, {{"t", 2}});
  CHECK(second.at("A") == a.owned);
  CHECK(second.at("B").size() == 1);
}

TEST_CASE("random groups: every wanted partition has one reader who wants it, loads as even as can be") {
  Rng rng(11);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    std::map<std::string, int32_t> counts;
    for (int t = 0; t < 3; ++t) counts["t" + std::to_string(t)] = static_cast<int32_t>(rng.below(6));
    std::vector<GroupMemberInfo> members;
    const bool same = rng.chance(0.5);
    for (uint64_t m = 0; m <= rng.below(5); ++m) {
      std::vector<std::string> topics;
      for (const auto& [t, n] : counts) {
        if (same || rng.chance(0.6)) topics.push_back(t);
      }
      members.push_back(member("m" + std::to_string(m), topics));
    }
    for (Strategy s : {Strategy::kRange, Strategy::kRoundRobin, Strategy::kSticky}) {
      const auto a = assign_partitions(s, members, counts);
      std::map<TopicPartition, std::string> owner;
      size_t low = SIZE_MAX, high = 0;
      for (const auto& m : members) {
        const auto& list = a.at(m.member_id);
        low = std::min(low, list.size());
        high = std::max(high, list.size());
        for (const auto& tp : list) {
          CHECK(std::find(m.topics.begin(), m.topics.end(), tp.topic) != m.topics.end());
          CHECK(owner.emplace(tp, m.member_id).second);
        }
      }
      size_t wanted = 0;
      for (const auto& [t, n] : counts) {
        const bool read = std::any_of(members.begin(), members.end(), [&](const auto& m) {
          return std::find(m.topics.begin(), m.topics.end(), t) != m.topics.end();
        });
        wanted += read ? static_cast<size_t>(n) : 0;
      }
      CHECK(owner.size() == wanted);
      if (same && s != Strategy::kRange) CHECK(high - low <= 1);
    }
  }
}

TEST_CASE("what a member says of itself is read back, by every strategy") {
  const std::vector<TopicPartition> owned = {{"a", 1}, {"b", 0}};
  for (Strategy s : {Strategy::kSticky, Strategy::kCooperativeSticky}) {
    const auto m = read_member(s, "id", std::nullopt, member_metadata(s, {"a", "b"}, owned, 6));
    REQUIRE(m);
    CHECK(m->topics == std::vector<std::string>{"a", "b"});
    CHECK(m->owned == owned);
    CHECK(m->generation == 6);
  }
  CHECK(strategy_from_class("org.apache.kafka.clients.consumer.CooperativeStickyAssignor") ==
        Strategy::kCooperativeSticky);
  CHECK_FALSE(strategy_from_class("com.example.Mine"));
}

}  // namespace
}  // namespace kz::client
