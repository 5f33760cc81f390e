#include "core/client/assignor/assignor.h"

#include <algorithm>
#include <set>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace kz::client {
namespace {

struct Name {
  Strategy strategy;
  std::string_view name;
  std::string_view class_name;
};
constexpr Name kNames[] = {
    {Strategy::kRange, "range", "RangeAssignor"},
    {Strategy::kRoundRobin, "roundrobin", "RoundRobinAssignor"},
    {Strategy::kSticky, "sticky", "StickyAssignor"},
    {Strategy::kCooperativeSticky, "cooperative-sticky", "CooperativeStickyAssignor"},
};

// Java's MemberInfo order: static members by instance id, before the dynamic ones by member id.
bool member_before(const GroupMemberInfo* a, const GroupMemberInfo* b) {
  if (a->instance_id && b->instance_id) return *a->instance_id < *b->instance_id;
  if (a->instance_id || b->instance_id) return a->instance_id.has_value();
  return a->member_id < b->member_id;
}

bool subscribed(const GroupMemberInfo& m, const std::string& topic) {
  return std::find(m.topics.begin(), m.topics.end(), topic) != m.topics.end();
}

GroupAssignment assign_range(const std::vector<GroupMemberInfo>& members,
                             const std::map<std::string, int32_t>& partitions) {
  GroupAssignment out;
  for (const auto& m : members) out[m.member_id];
  for (const auto& [topic, count] : partitions) {
    std::vector<const GroupMemberInfo*> readers;
    for (const auto& m : members) {
      if (subscribed(m, topic)) readers.push_back(&m);
    }
    if (readers.empty()) continue;
    std::sort(readers.begin(), readers.end(), member_before);
    const auto n = static_cast<int32_t>(readers.size());
    const int32_t each = count / n;
    const int32_t extra = count % n;
    int32_t next = 0;
    for (int32_t i = 0; i < n; ++i) {
      const int32_t take = each + (i < extra ? 1 : 0);
      for (int32_t k = 0; k < take; ++k) out[readers[static_cast<size_t>(i)]->member_id].push_back({topic, next++});
    }
  }
  return out;
}

GroupAssignment assign_round_robin(const std::vector<GroupMemberInfo>& members,
                                   const std::map<std::string, int32_t>& partitions) {
  GroupAssignment out;
  std::vector<const GroupMemberInfo*> ring;
  std::set<std::string> wanted;
  for (const auto& m : members) {
    out[m.member_id];
    ring.push_back(&m);
    wanted.insert(m.topics.begin(), m.topics.end());
  }
  std::sort(ring.begin(), ring.end(), member_before);
  size_t next = 0;
  for (const auto& [topic, count] : partitions) {
    if (!wanted.contains(topic)) continue;
    for (int32_t p = 0; p < count; ++p) {
      while (!subscribed(*ring[next % ring.size()], topic)) ++next;
      out[ring[next++ % ring.size()]->member_id].push_back({topic, p});
    }
  }
  return out;
}

// KIP-429: a partition that is still with another member is not given away in this round; its owner revokes it and the
// group rebalances once more.
void hold_back_moving(const std::vector<GroupMemberInfo>& members, GroupAssignment& assignment) {
  int32_t newest = -1;
  for (const auto& m : members) newest = std::max(newest, m.generation);
  std::map<TopicPartition, std::string> owner;
  for (const auto& m : members) {
    if (m.generation != newest && m.generation >= 0) continue;
    for (const auto& tp : m.owned) owner[tp] = m.member_id;
  }
  for (auto& [member, list] : assignment) {
    std::erase_if(list, [&](const TopicPartition& tp) {
      const auto it = owner.find(tp);
      return it != owner.end() && it->second != member;
    });
  }
}

// StickyAssignor's user data: [topic [partitions]] generation.
Slice sticky_user_data(const std::vector<TopicPartition>& owned, int32_t generation) {
  std::map<std::string, std::vector<int32_t>> by_topic;
  for (const auto& tp : owned) by_topic[tp.topic].push_back(tp.partition);
  Buffer b;
  b.i32(static_cast<int32_t>(by_topic.size()));
  for (const auto& [topic, list] : by_topic) {
    b.i16(static_cast<int16_t>(topic.size()));
    b.raw(topic);
    b.i32(static_cast<int32_t>(list.size()));
    for (int32_t p : list) b.i32(p);
  }
  b.i32(generation);
  return b.to_slice();
}

void read_sticky_user_data(const Slice& data, GroupMemberInfo& out) {
  Reader r(data);
  std::vector<TopicPartition> owned;
  const int32_t topics = r.i32();
  for (int32_t i = 0; i < topics && r.ok(); ++i) {
    const std::string topic = r.text(static_cast<size_t>(std::max<int16_t>(r.i16(), 0)));
    const int32_t count = r.i32();
    for (int32_t k = 0; k < count && r.ok(); ++k) owned.push_back({topic, r.i32()});
  }
  if (!r.ok()) return;
  out.owned = std::move(owned);
  out.generation = r.remaining() >= 4 ? r.i32() : -1;  // members before KIP-341 have none
}

}  // namespace

std::string_view strategy_name(Strategy strategy) { return kNames[static_cast<size_t>(strategy)].name; }

std::optional<Strategy> strategy_from_name(std::string_view name) {
  for (const Name& n : kNames) {
    if (n.name == name) return n.strategy;
  }
  return std::nullopt;
}

std::optional<Strategy> strategy_from_class(std::string_view class_name) {
  if (auto by_name = strategy_from_name(class_name)) return by_name;
  const size_t dot = class_name.rfind('.');
  const std::string_view simple = dot == std::string_view::npos ? class_name : class_name.substr(dot + 1);
  for (const Name& n : kNames) {
    if (n.class_name == simple) return n.strategy;
  }
  return std::nullopt;
}

GroupAssignment assign_partitions(Strategy strategy, const std::vector<GroupMemberInfo>& members,
                                  const std::map<std::string, int32_t>& partitions) {
  switch (strategy) {
    case Strategy::kRange:
      return assign_range(members, partitions);
    case Strategy::kRoundRobin:
      return assign_round_robin(members, partitions);
    case Strategy::kSticky:
      return assign_sticky(members, partitions);
    case Strategy::kCooperativeSticky:
      break;
  }
  GroupAssignment out = assign_sticky(members, partitions);
  hold_back_moving(members, out);
  return out;
}

Slice member_metadata(Strategy strategy, const std::vector<std::string>& topics,
                      const std::vector<TopicPartition>& owned, int32_t generation) {
  kafka::ConsumerProtocolSubscription s;
  s.topics = topics;
  if (strategy == Strategy::kSticky) s.user_data = sticky_user_data(owned, generation);
  if (strategy == Strategy::kCooperativeSticky) {
    Buffer b;
    b.i32(generation);
    s.user_data = b.to_slice();
    std::map<std::string, std::vector<int32_t>> by_topic;
    for (const auto& tp : owned) by_topic[tp.topic].push_back(tp.partition);
    for (auto& [topic, list] : by_topic) s.owned_partitions.push_back({topic, std::move(list)});
    s.generation_id = generation;
  }
  return kafka::encode_subscription(s);
}

std::optional<GroupMemberInfo> read_member(Strategy strategy, std::string member_id,
                                           std::optional<std::string> instance_id, const Slice& metadata) {
  auto s = kafka::decode_subscription(metadata);
  if (!s) return std::nullopt;
  GroupMemberInfo out{std::move(member_id), std::move(instance_id), std::move(s->topics), {}, -1};
  if (strategy == Strategy::kSticky && s->user_data) read_sticky_user_data(*s->user_data, out);
  if (strategy == Strategy::kCooperativeSticky) {
    for (const auto& t : s->owned_partitions) {
      for (int32_t p : t.partitions) out.owned.push_back({t.topic, p});
    }
    out.generation = s->generation_id;
    if (s->user_data && s->user_data->size() >= 4) out.generation = Reader(*s->user_data).i32();
  }
  return out;
}

}  // namespace kz::client
