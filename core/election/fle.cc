#include "core/election/fle.h"

#include <algorithm>

namespace kz::election {

FastLeaderElection::FastLeaderElection(ElectionOptions options, zk::QuorumConfig config)
    : options_(options), config_(std::move(config)) {}

void FastLeaderElection::set_config(zk::QuorumConfig config, std::optional<zk::QuorumConfig> next) {
  config_ = std::move(config);
  next_config_ = std::move(next);
}

bool FastLeaderElection::is_voter(ServerId server) const {
  return config_.is_voter(server) || (next_config_ && next_config_->is_voter(server));
}

bool FastLeaderElection::better(const Vote& a, const Vote& b) const {
  // Without groups any voter will do, one of the next configuration too.
  if (config_.hierarchical() ? config_.weight(a.leader) == 0 : !is_voter(a.leader)) return false;
  if (options_.bug_order_by_id_first && a.leader != b.leader) return a.leader > b.leader;
  return supersedes(a, b);
}

Vote FastLeaderElection::initial_vote() const {
  Vote v;
  v.election_epoch = round_;
  if (config_.is_voter(options_.self)) v.leader = options_.self;
  if (!options_.observer) {
    v.zxid = last_zxid_;
    v.peer_epoch = epoch_;
  }
  return v;
}

bool FastLeaderElection::has_quorum(const std::map<ServerId, ReceivedVote>& votes, const ReceivedVote& vote) const {
  std::set<ServerId> supporters;
  for (const auto& [server, received] : votes) {
    if (agree(vote, received)) supporters.insert(server);
  }
  if (!config_.is_quorum(supporters)) return false;
  return !next_config_ || next_config_->version <= config_.version || next_config_->is_quorum(supporters);
}

// A quorum may still name a leader that has died: it counts only if it says itself that it leads.
bool FastLeaderElection::leader_confirmed(const std::map<ServerId, ReceivedVote>& votes, const Vote& vote) const {
  if (vote.leader == options_.self) return round_ == vote.election_epoch;
  const auto it = votes.find(vote.leader);
  return it != votes.end() && it->second.state == ServerState::kLeading;
}

// True when no voter is left whose vote could still change the outcome of this round.
bool FastLeaderElection::nobody_left_to_ask() const {
  auto heard = [this](ServerId server) {
    if (server == options_.self || unreachable_.contains(server)) return true;
    const auto it = received_.find(server);
    return it != received_.end() && agree(it->second, {proposal_, ServerState::kLooking, 2});
  };
  const auto voters = config_.voters();
  if (!std::all_of(voters.begin(), voters.end(), heard)) return false;
  if (!next_config_) return true;
  const auto next = next_config_->voters();
  return std::all_of(next.begin(), next.end(), heard);
}

Notification FastLeaderElection::own_notification() const {
  Notification n;
  n.state = state_;
  n.vote = state_ == ServerState::kLooking ? proposal_ : current_;
  if (state_ == ServerState::kLooking) n.vote.election_epoch = round_;
  n.config = config_.text();
  return n;
}

void FastLeaderElection::broadcast(ElectionEffects& out) {
  const Notification n = own_notification();
  std::set<ServerId> targets;
  for (ServerId s : config_.voters()) targets.insert(s);
  if (next_config_) {
    for (ServerId s : next_config_->voters()) targets.insert(s);
  }
  for (ServerId s : targets) {
    if (s != options_.self) out.emplace_back(SendNotification{s, n});
  }
  if (is_voter(options_.self)) received_[options_.self] = {n.vote, ServerState::kLooking, 2};
}

void FastLeaderElection::look(Zxid last_zxid, int64_t epoch, TimePoint now, ElectionEffects& out) {
  state_ = ServerState::kLooking;
  running_ = true;
  last_zxid_ = last_zxid;
  epoch_ = epoch;
  ++round_;
  received_.clear();
  out_of_round_.clear();
  finalize_at_ = TimePoint::max();
  interval_ = options_.notification_interval_min;
  resend_at_ = now + interval_;
  proposal_ = initial_vote();
  broadcast(out);
  consider(now, out);
}

void FastLeaderElection::stop() {
  running_ = false;
  finalize_at_ = resend_at_ = TimePoint::max();
}

bool FastLeaderElection::newer_config(const Notification& n, ElectionEffects& out) {
  if (n.config.empty()) return false;
  auto parsed = zk::parse_quorum_config(n.config);
  if (!parsed || parsed->version <= config_.version) return false;
  if (!options_.reconfig_enabled || !looking()) return false;
  const bool look_again = !parsed->same_members(config_);
  out.emplace_back(NewerConfig{std::move(*parsed), look_again});
  return look_again;
}

void FastLeaderElection::settle(ServerId leader, Zxid last_zxid, ServerState state) {
  current_.leader = leader;
  current_.zxid = last_zxid;
  current_.election_epoch = round_;
  state_ = state;
  running_ = true;
  finalize_at_ = resend_at_ = TimePoint::max();
  received_.clear();
  out_of_round_.clear();
}

void FastLeaderElection::on_notification(ServerId from, const Notification& n, TimePoint now, ElectionEffects& out) {
  unreachable_.erase(from);
  if (newer_config(n, out)) return;
  if (!is_voter(from)) {
    // Observers and strangers only want to know who leads.
    Notification answer = own_notification();
    answer.vote.election_epoch = round_;
    out.emplace_back(SendNotification{from, std::move(answer)});
    return;
  }
  if (!looking()) {
    if (n.state == ServerState::kLooking && running_) out.emplace_back(SendNotification{from, own_notification()});
    return;
  }
  if (n.state == ServerState::kLooking && n.vote.election_epoch < round_) {
    out.emplace_back(SendNotification{from, own_notification()});
  }
  if (!is_voter(n.vote.leader)) return;
  // Java's wait ends only when nothing arrives for its length; ours starts anew with each message that counts.
  resend_at_ = now + interval_;
  if (n.state == ServerState::kLooking) {
    on_looking_peer(from, n, now, out);
  } else if (n.state != ServerState::kObserving) {
    on_settled_peer(from, n, out);
  }
}

void FastLeaderElection::on_looking_peer(ServerId from, const Notification& n, TimePoint now, ElectionEffects& out) {
  const bool untrusted = !options_.observer && last_zxid_ == -1;
  if (untrusted || n.vote.zxid == -1) return;
  if (n.vote.election_epoch > round_) {
    round_ = n.vote.election_epoch;
    received_.clear();
    proposal_ = initial_vote();
    if (better(n.vote, proposal_)) proposal_ = n.vote;
    proposal_.election_epoch = round_;
    broadcast(out);
  } else if (n.vote.election_epoch < round_) {
    return;
  } else if (better(n.vote, proposal_)) {
    proposal_ = n.vote;
    broadcast(out);
  } else if (better(proposal_, n.vote)) {
    // It may have begun to look after our notification came, and would wait for the next one.
    out.emplace_back(SendNotification{from, own_notification()});
  }
  received_[from] = {n.vote, ServerState::kLooking, n.format_version};
  consider(now, out);
}

void FastLeaderElection::on_settled_peer(ServerId from, const Notification& n, ElectionEffects& out) {
  const ReceivedVote vote{n.vote, n.state, n.format_version};
  if (n.vote.election_epoch == round_) {
    received_[from] = vote;
    if (has_quorum(received_, vote) && leader_confirmed(received_, n.vote)) {
      finish(n.vote, out);
      return;
    }
  }
  out_of_round_[from] = vote;
  if (has_quorum(out_of_round_, vote) && leader_confirmed(out_of_round_, n.vote)) {
    round_ = n.vote.election_epoch;
    finish(n.vote, out);
  }
}

void FastLeaderElection::consider(TimePoint now, ElectionEffects& out) {
  if (!looking()) return;
  if (!has_quorum(received_, {proposal_, ServerState::kLooking, 2})) {
    finalize_at_ = TimePoint::max();
    return;
  }
  if (nobody_left_to_ask()) {
    finish(proposal_, out);
  } else if (finalize_at_ == TimePoint::max()) {
    finalize_at_ = now + options_.finalize_wait;
  }
}

void FastLeaderElection::finish(const Vote& vote, ElectionEffects& out) {
  current_ = vote;
  state_ = vote.leader == options_.self ? ServerState::kLeading
           : options_.observer          ? ServerState::kObserving
                                        : ServerState::kFollowing;
  finalize_at_ = resend_at_ = TimePoint::max();
  received_.clear();
  out_of_round_.clear();
  out.emplace_back(Elected{current_, state_});
}

void FastLeaderElection::on_unreachable(ServerId server, TimePoint now, ElectionEffects& out) {
  unreachable_.insert(server);
  consider(now, out);
}

void FastLeaderElection::on_reachable(ServerId server) { unreachable_.erase(server); }

void FastLeaderElection::on_tick(TimePoint now, ElectionEffects& out) {
  if (!looking()) return;
  if (now >= finalize_at_) {
    finish(proposal_, out);
    return;
  }
  if (now >= resend_at_) {
    interval_ = std::min(interval_ * 2, options_.notification_interval_max);
    resend_at_ = now + interval_;
    broadcast(out);
    out.emplace_back(ConnectAll{});
  }
}

TimePoint FastLeaderElection::deadline() const { return std::min(finalize_at_, resend_at_); }

}  // namespace kz::election
