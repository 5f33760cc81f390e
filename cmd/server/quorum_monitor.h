// QuorumMonitor: a member's role in numbers, from what passes by: packets, proposals, changes of state. It decides
// nothing. Source: the ServerMetrics of Leader, LearnerHandler, Learner, Follower, Observer, QuorumPeer @ 3.8.0.
// Owned by the member; all calls on its reactor.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "core/base/time.h"
#include "core/zab/leader.h"
#include "core/zk/server_info.h"

namespace kz::server {

class QuorumMonitor {
 public:
  QuorumMonitor(zk::Metrics& metrics, ServerId self) : metrics_(metrics), self_(self) {}

  void state_changed(election::ServerState state, ServerId leader, Now now);
  void role_left() {
    links_.clear(), proposals_.clear(), unsynced_.clear(), received_.clear(), info_.phase = "election";
  }
  void serving(Now now);
  // The quorum port. remote: "ip" or "ip:port"; empty on a learner.
  void link_open(zab::LinkId link, const std::string& remote, Now now);
  void link_closed(zab::LinkId link) { links_.erase(link); }
  void received(zab::LinkId link, const zab::QuorumPacket& packet, Now now);
  void sent(zab::LinkId link, const zab::QuorumPacket& packet, Now now);
  void flushed(Now now);  // what was sent is with the sockets
  // A leader's proposals.
  void proposed(Zxid zxid, int64_t bytes, Now now);
  void durable(Zxid zxid, Now now);
  void committed(Zxid zxid, Now now);
  void reset_observer_stats() {
    for (auto& [id, link] : links_) link.received = link.sent = link.requests = 0;
  }
  void reset_proposal_sizes() { info_.proposals = {}; }  // srst

  // As of now. quorum: the configuration in force; leader: null on learners; queued: bytes waiting on a link.
  const zk::EnsembleInfo& info(const zk::QuorumConfig& quorum, const zab::Leader* leader,
                               const std::function<int64_t(zab::LinkId)>& queued, Now now);

 private:
  enum class Syncing : uint8_t { kNo, kDiff, kSnap };
  struct Link {
    std::string remote;
    ServerId sid = -1;
    bool observer = false;
    int64_t opened_wall_ms = 0;
    int64_t received = 0, sent = 0, requests = 0;
    Zxid last_zxid = -1;
    Syncing syncing = Syncing::kNo;
    int64_t queued = 0;  // packets since the last flush
    TimePoint queued_since;
  };
  struct Proposal {
    Zxid zxid = 0;
    int64_t wall_ms = 0;
  };
  const Proposal* proposal(Zxid zxid) const;
  void received_by_leader(Link& link, const zab::QuorumPacket& packet, Now now);
  void received_by_learner(const zab::QuorumPacket& packet, Now now);
  void set_phase(const char* phase);

  zk::Metrics& metrics_;
  ServerId self_;
  zk::EnsembleInfo info_;
  election::ServerState state_ = election::ServerState::kLooking;
  std::string sync_mode_;
  std::map<zab::LinkId, Link> links_;
  std::deque<Proposal> proposals_;  // a leader's, not yet committed; zxids are consecutive
  std::deque<Proposal> unsynced_;   // a leader's, not yet in its own log
  std::deque<Proposal> received_;   // a follower's, not yet committed; wall_ms: from the transaction's header
  TimePoint looking_since_, role_since_, connected_at_, unavailable_since_;
  bool unavailable_ = false;
};

}  // namespace kz::server
