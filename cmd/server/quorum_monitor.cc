#include "cmd/server/quorum_monitor.h"

#include <algorithm>

#include "core/bytes/reader.h"

namespace kz::server {
namespace {

using election::ServerState;
using zab::PacketType;

int64_t elapsed_ms(TimePoint since, Now now) { return (now.mono - since).count() / 1'000'000; }

// The time in a transaction's header, without decoding the rest: clientId, cxid, zxid, time.
int64_t txn_time_ms(const zk::NullableBytes& payload) {
  constexpr size_t kTimeAt = 20;
  if (!payload || payload->bytes().size() < kTimeAt + 8) return 0;
  return Reader(payload->bytes().subspan(kTimeAt)).i64();
}

const char* role_name(ServerState state) {
  switch (state) {
    case ServerState::kLooking:
      return "looking";
    case ServerState::kFollowing:
      return "following";
    case ServerState::kLeading:
      return "leading";
    case ServerState::kObserving:
      return "observing";
  }
  return "?";
}

}  // namespace

void QuorumMonitor::set_phase(const char* phase) { info_.phase = phase; }

void QuorumMonitor::state_changed(ServerState state, ServerId leader, Now now) {
  state_ = state;
  info_.leader_id = leader;
  info_.leading = state == ServerState::kLeading;
  info_.observing = state == ServerState::kObserving;
  info_.learner_master_id = leader;
  sync_mode_.clear();
  if (state == ServerState::kLooking) {
    metrics_.add(zk::Counter::kLookingCount);
    set_phase("election");
    looking_since_ = now.mono;
    if (!unavailable_) unavailable_since_ = now.mono;
    unavailable_ = true;
    return;
  }
  metrics_.add(zk::Basic::kElectionTime, elapsed_ms(looking_since_, now));
  role_since_ = now.mono;
  info_.proposals = {};
  set_phase("discovery");
}

void QuorumMonitor::serving(Now now) {
  sync_mode_.clear();
  set_phase("broadcast");
  if (unavailable_) {
    metrics_.add(zk::Basic::kUnavailableTime, elapsed_ms(unavailable_since_, now));
    if (info_.leading) metrics_.add(zk::Basic::kLeaderUnavailableTime, elapsed_ms(unavailable_since_, now));
    unavailable_ = false;
  }
  if (state_ == ServerState::kFollowing) metrics_.add(zk::Basic::kFollowerSyncTime, elapsed_ms(connected_at_, now));
  if (state_ == ServerState::kObserving) metrics_.add(zk::Basic::kObserverSyncTime, elapsed_ms(connected_at_, now));
}

void QuorumMonitor::link_open(zab::LinkId link, const std::string& remote, Now now) {
  Link& l = links_[link];
  l.remote = "/" + remote;
  l.opened_wall_ms = now.wall_ms;
  connected_at_ = now.mono;
}

void QuorumMonitor::received(zab::LinkId link, const zab::QuorumPacket& packet, Now now) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  ++it->second.received;
  if (info_.leading) {
    received_by_leader(it->second, packet, now);
  } else {
    received_by_learner(packet, now);
  }
}

void QuorumMonitor::received_by_leader(Link& link, const zab::QuorumPacket& packet, Now now) {
  switch (packet.type) {
    case PacketType::kFollowerInfo:
    case PacketType::kObserverInfo:
      link.sid = zab::decode_learner_info(packet.data).sid;
      link.observer = packet.type == PacketType::kObserverInfo;
      return;
    case PacketType::kAck:
      if (const Proposal* p = proposal(packet.zxid)) {
        metrics_.add(zk::PercentileSet::kAckLatency, std::to_string(link.sid), now.wall_ms - p->wall_ms);
      }
      return;
    case PacketType::kRequest:
      ++link.requests;
      return;
    case PacketType::kRevalidate:
      metrics_.add(zk::Counter::kRevalidateCount);
      return;
    default:
      return;
  }
}

void QuorumMonitor::received_by_learner(const zab::QuorumPacket& packet, Now now) {
  switch (packet.type) {
    case PacketType::kDiff:
    case PacketType::kTrunc:
    case PacketType::kSnap:
      sync_mode_ = packet.type == PacketType::kDiff ? "diff" : packet.type == PacketType::kSnap ? "snap" : "trunc";
      return set_phase("synchronization");
    case PacketType::kProposal: {
      const int64_t time_ms = txn_time_ms(packet.data);
      received_.push_back({packet.zxid, time_ms});
      if (info_.phase != "broadcast") return;
      metrics_.add(zk::Counter::kLearnerProposalReceivedCount);
      if (now.wall_ms >= time_ms) metrics_.add(zk::Percentile::kProposalLatency, now.wall_ms - time_ms);
      return;
    }
    case PacketType::kCommit:
    case PacketType::kCommitAndActivate: {
      int64_t time_ms = now.wall_ms;
      for (; !received_.empty() && received_.front().zxid <= packet.zxid; received_.pop_front()) {
        time_ms = received_.front().wall_ms;
      }
      if (info_.phase != "broadcast") return;
      metrics_.add(zk::Counter::kLearnerCommitReceivedCount);
      if (now.wall_ms >= time_ms) metrics_.add(zk::Percentile::kCommitPropagationLatency, now.wall_ms - time_ms);
      return;
    }
    case PacketType::kInform: {
      if (info_.phase != "broadcast") return;
      const int64_t time_ms = txn_time_ms(packet.data);
      metrics_.add(zk::Counter::kLearnerCommitReceivedCount);
      if (now.wall_ms >= time_ms) metrics_.add(zk::Percentile::kCommitPropagationLatency, now.wall_ms - time_ms);
      return;
    }
    default:
      return;
  }
}

void QuorumMonitor::sent(zab::LinkId link, const zab::QuorumPacket& packet, Now now) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  Link& l = it->second;
  ++l.sent;
  if (!info_.leading) {
    if (packet.type != PacketType::kAck || zab::counter_of(packet.zxid) == 0) return;
    const auto p =
        std::find_if(received_.begin(), received_.end(), [&](const Proposal& one) { return one.zxid == packet.zxid; });
    if (p != received_.end() && now.wall_ms >= p->wall_ms) {
      metrics_.add(zk::Percentile::kProposalAckCreationLatency, now.wall_ms - p->wall_ms);
    }
    return;
  }
  l.last_zxid = std::max(l.last_zxid, packet.zxid);
  metrics_.add(zk::BasicSet::kLearnerHandlerQpSize, std::to_string(l.sid), l.queued);
  if (l.queued++ == 0) l.queued_since = now.mono;
  // Synchronisations that are under way: from SNAP, DIFF or TRUNC to UPTODATE.
  const auto count = [&](Syncing kind) {
    return std::count_if(links_.begin(), links_.end(), [&](const auto& one) { return one.second.syncing == kind; });
  };
  if (packet.type == PacketType::kSnap) {
    l.syncing = Syncing::kSnap;
    metrics_.add(zk::Counter::kSnapCount);
    metrics_.add(zk::Basic::kInflightSnapCount, count(Syncing::kSnap));
  } else if (packet.type == PacketType::kDiff || packet.type == PacketType::kTrunc) {
    l.syncing = Syncing::kDiff;
    metrics_.add(zk::Counter::kDiffCount);
    metrics_.add(zk::Basic::kInflightDiffCount, count(Syncing::kDiff));
  } else if (packet.type == PacketType::kUpToDate) {
    l.syncing = Syncing::kNo;
  }
}

void QuorumMonitor::flushed(Now now) {
  for (auto& [id, link] : links_) {
    for (; link.queued > 0; --link.queued) {
      metrics_.add(zk::PercentileSet::kLearnerHandlerQpTimeMs, std::to_string(link.sid),
                   elapsed_ms(link.queued_since, now));
    }
  }
}

const QuorumMonitor::Proposal* QuorumMonitor::proposal(Zxid zxid) const {
  if (proposals_.empty() || zxid < proposals_.front().zxid || zxid > proposals_.back().zxid) return nullptr;
  return &proposals_[static_cast<size_t>(zxid - proposals_.front().zxid)];
}

void QuorumMonitor::proposed(Zxid zxid, int64_t bytes, Now now) {
  metrics_.add(zk::Counter::kProposalCount);
  info_.proposals.add(bytes);
  proposals_.push_back({zxid, now.wall_ms});
  unsynced_.push_back({zxid, now.wall_ms});
}

void QuorumMonitor::durable(Zxid zxid, Now now) {
  for (; !unsynced_.empty() && unsynced_.front().zxid <= zxid; unsynced_.pop_front()) {
    const int64_t latency_ms = now.wall_ms - unsynced_.front().wall_ms;
    metrics_.add(zk::Percentile::kProposalAckCreationLatency, latency_ms);
    // The others may have been faster.
    if (proposal(unsynced_.front().zxid)) {
      metrics_.add(zk::PercentileSet::kAckLatency, std::to_string(self_), latency_ms);
    }
  }
}

void QuorumMonitor::committed(Zxid zxid, Now now) {
  for (; !proposals_.empty() && proposals_.front().zxid <= zxid; proposals_.pop_front()) {
    metrics_.add(zk::Counter::kCommitCount);
    metrics_.add(zk::Percentile::kQuorumAckLatency, now.wall_ms - proposals_.front().wall_ms);
  }
}

const zk::EnsembleInfo& QuorumMonitor::info(const zk::QuorumConfig& quorum, const zab::Leader* leader,
                                            const std::function<int64_t(zab::LinkId)>& queued, Now now) {
  info_.peer_state = role_name(state_);
  if (info_.phase != "election") info_.peer_state += " - " + info_.phase;
  if (!sync_mode_.empty()) info_.peer_state += " - " + sync_mode_;
  info_.quorum_size = static_cast<int64_t>(quorum.voters().size());
  info_.leader_ip.clear();
  if (const auto it = quorum.servers.find(info_.leader_id); it != quorum.servers.end()) {
    for (const auto& address : it->second.addresses) {
      info_.leader_ip += (info_.leader_ip.empty() ? "" : "|") + address.quorum.host;
    }
  }
  info_.observers.clear();
  if (!leader) return info_;
  info_.learners = static_cast<int64_t>(leader->learners());
  info_.synced_followers = static_cast<int64_t>(leader->synced_followers());
  info_.synced_observers = static_cast<int64_t>(leader->synced_observers());
  info_.pending_syncs = static_cast<int64_t>(leader->pending_syncs());
  info_.leader_uptime_ms = elapsed_ms(role_since_, now);
  info_.synced_non_voting_followers = 0;
  for (const auto& [id, link] : links_) {
    if (link.sid < 0) continue;
    if (!link.observer) {
      info_.synced_non_voting_followers += !quorum.is_voter(link.sid);
      continue;
    }
    info_.observers.push_back({link.remote, link.sid, link.opened_wall_ms, queued(id), link.received, link.sent,
                               link.requests, link.last_zxid});
  }
  return info_;
}

}  // namespace kz::server
