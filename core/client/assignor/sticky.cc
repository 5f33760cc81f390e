// Balanced first, then as few moves as can be: every member keeps what it had unless that makes another's share more
// than one larger. The members that claim a partition in an older generation lose it to the newest one.
#include <algorithm>
#include <set>

#include "core/client/assignor/assignor.h"

namespace kz::client {
namespace {

class Balancer {
 public:
  Balancer(const std::vector<GroupMemberInfo>& members, const std::map<std::string, int32_t>& partitions) {
    for (const auto& m : members) {
      load_[m.member_id];
      for (const auto& topic : m.topics) readers_[topic].insert(m.member_id);
    }
    for (const auto& [topic, count] : partitions) {
      if (!readers_.contains(topic)) continue;
      for (int32_t p = 0; p < count; ++p) all_.insert({topic, p});
    }
    keep_previous(members);
  }

  GroupAssignment run() {
    // Partitions that few may read go first, so that the others can even it out.
    std::vector<TopicPartition> free;
    for (const auto& tp : all_) {
      if (!owner_.contains(tp)) free.push_back(tp);
    }
    std::stable_sort(free.begin(), free.end(), [&](const auto& a, const auto& b) {
      return readers_.at(a.topic).size() < readers_.at(b.topic).size();
    });
    for (const auto& tp : free) give(tp, *lightest(tp.topic));
    balance();
    GroupAssignment out;
    for (auto& [member, list] : load_) out[member] = {list.begin(), list.end()};
    return out;
  }

 private:
  void keep_previous(const std::vector<GroupMemberInfo>& members) {
    std::map<TopicPartition, std::pair<int32_t, std::string>> claims;
    std::set<TopicPartition> disputed;
    for (const auto& m : members) {
      for (const auto& tp : m.owned) {
        if (!all_.contains(tp) || !readers_.at(tp.topic).contains(m.member_id)) continue;
        auto [it, fresh] = claims.emplace(tp, std::pair{m.generation, m.member_id});
        if (fresh) continue;
        if (it->second.first == m.generation) disputed.insert(tp);  // two owners at once: neither can be right
        if (it->second.first < m.generation) {
          it->second = {m.generation, m.member_id};
          disputed.erase(tp);
        }
      }
    }
    for (const auto& [tp, claim] : claims) {
      if (!disputed.contains(tp)) give(tp, claim.second);
    }
  }

  void give(const TopicPartition& tp, const std::string& member) {
    if (auto old = owner_.find(tp); old != owner_.end()) load_[old->second].erase(tp);
    owner_[tp] = member;
    load_[member].insert(tp);
  }

  const std::string* lightest(const std::string& topic) const {
    const std::string* best = nullptr;
    for (const auto& member : readers_.at(topic)) {
      if (best == nullptr || load_.at(member).size() < load_.at(*best).size()) best = &member;
    }
    return best;
  }

  // Each move brings two loads closer to each other, so this ends.
  void balance() {
    for (bool moved = true; moved;) {
      moved = false;
      std::vector<std::string> heavy;
      for (const auto& [member, list] : load_) heavy.push_back(member);
      std::stable_sort(heavy.begin(), heavy.end(),
                       [&](const auto& a, const auto& b) { return load_[a].size() > load_[b].size(); });
      for (const auto& member : heavy) {
        for (auto it = load_[member].rbegin(); it != load_[member].rend(); ++it) {
          const std::string* to = lightest(it->topic);
          if (load_[member].size() <= load_[*to].size() + 1) continue;
          give(TopicPartition(*it), std::string(*to));
          moved = true;
          break;
        }
        if (moved) break;
      }
    }
  }

  std::set<TopicPartition> all_;
  std::map<std::string, std::set<std::string>> readers_;  // topic -> members
  std::map<std::string, std::set<TopicPartition>> load_;  // member -> partitions
  std::map<TopicPartition, std::string> owner_;
};

}  // namespace

GroupAssignment assign_sticky(const std::vector<GroupMemberInfo>& members,
                              const std::map<std::string, int32_t>& partitions) {
  return Balancer(members, partitions).run();
}

}  // namespace kz::client
