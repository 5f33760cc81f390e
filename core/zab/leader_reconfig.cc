// A leader and the configurations: who leads the next one, and what it means that one is in force.
// Source: Leader.getDesignatedLeader, tryToCommit, startZkServer @ 3.8.0.
#include "core/base/log.h"
#include "core/zab/leader.h"

namespace kz::zab {

// Who leads a new configuration: this server if it is a voter there with its address unchanged, else of those that
// acknowledged the change one that has acknowledged most of what came after it.
ServerId Leader::designate(const zk::QuorumConfig& next, const std::set<ServerId>& acks) const {
  const auto quorum_ports = [this](const zk::QuorumConfig& config) {
    std::set<zk::HostPort> out;
    if (const auto it = config.servers.find(options_.self); it != config.servers.end()) {
      for (const auto& a : it->second.addresses) out.insert(a.quorum);
    }
    return out;
  };
  if (next.is_voter(options_.self) && quorum_ports(next) == quorum_ports(config_)) return options_.self;
  std::set<ServerId> candidates;
  for (const ServerId id : acks) {
    if (id != options_.self && next.is_voter(id)) candidates.insert(id);
  }
  if (candidates.empty()) return options_.self;
  for (size_t i = 1; i < proposals_.size() && candidates.size() > 1; ++i) {
    std::set<ServerId> better;
    for (const ServerId id : candidates) {
      if (proposals_[i].acks.contains(id)) better.insert(id);
    }
    if (better.empty()) break;
    candidates = std::move(better);
  }
  return *candidates.begin();
}

void Leader::activate(const zk::QuorumConfig& config, ServerId designated, Effects& out) {
  static const log::Logger kLog("Leader");
  config_ = config;
  if (last_seen_.version < config_.version) last_seen_ = config_;
  retiring_ = designated != options_.self;
  if (retiring_) kLog.info("Committing a reconfiguration; this leader is not the designated leader anymore");
  out.emplace_back(CommitConfig{config_, designated});
}

}  // namespace kz::zab
