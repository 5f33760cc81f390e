#include "core/zab/quorum_peer.h"

#include <algorithm>

namespace kz::zab {
namespace {

election::ElectionOptions election_options(const PeerOptions& o) {
  election::ElectionOptions e = o.election;
  e.self = o.self;
  e.observer = o.observer;
  return e;
}

}  // namespace

QuorumPeer::QuorumPeer(PeerOptions options, zk::QuorumConfig config, Durable durable, CommittedLog& committed)
    : options_(std::move(options)),
      config_(std::move(config)),
      durable_(durable),
      committed_(committed),
      fle_(election_options(options_), config_) {}

void QuorumPeer::start(TimePoint now, Effects& out) { look(now, out); }

void QuorumPeer::look(TimePoint now, Effects& out) {
  state_ = election::ServerState::kLooking;
  out.emplace_back(StateChanged{state_, -1});
  election::ElectionEffects effects;
  fle_.look(options_.observer ? INT64_MIN : durable_.last_zxid, options_.observer ? INT64_MIN : durable_.current_epoch,
            now, effects);
  run_election(effects, now, out);
}

void QuorumPeer::run_election(election::ElectionEffects& effects, TimePoint now, Effects& out) {
  for (auto& effect : effects) {
    if (auto* send = std::get_if<election::SendNotification>(&effect)) {
      out.emplace_back(SendVote{send->to, std::move(send->notification)});
    } else if (std::get_if<election::ConnectAll>(&effect)) {
      out.emplace_back(ConnectVoters{});
    } else if (auto* elected = std::get_if<election::Elected>(&effect)) {
      state_ = elected->state;
      out.emplace_back(StateChanged{state_, elected->vote.leader});
      if (state_ == election::ServerState::kLeading) {
        LeaderOptions o = options_.leader;
        o.self = options_.self;
        o.tick = options_.tick;
        o.init_limit = options_.init_limit;
        o.sync_limit = options_.sync_limit;
        leader_ = std::make_unique<Leader>(o, config_, durable_.accepted_epoch, durable_.current_epoch,
                                           durable_.last_zxid, committed_);
        out.emplace_back(OpenQuorumPort{});
        Effects role;
        leader_->start(now, role);
        pass(role, now, out);
      } else {
        out.emplace_back(ConnectToLeader{elected->vote.leader});
      }
    }
  }
  effects.clear();
}

void QuorumPeer::on_notification(ServerId from, const election::Notification& notification, TimePoint now,
                                 Effects& out) {
  election::ElectionEffects effects;
  fle_.on_notification(from, notification, now, effects);
  run_election(effects, now, out);
}

void QuorumPeer::on_voter_unreachable(ServerId server, TimePoint now, Effects& out) {
  election::ElectionEffects effects;
  fle_.on_unreachable(server, now, effects);
  run_election(effects, now, out);
}

void QuorumPeer::on_voter_reachable(ServerId server) { fle_.on_reachable(server); }

void QuorumPeer::pass(Effects& role, TimePoint, Effects& out) {
  std::optional<std::string> over;
  for (Effect& effect : role) {
    if (auto* append = std::get_if<AppendTxn>(&effect)) {
      durable_.last_zxid = std::max(durable_.last_zxid, append->zxid);
    } else if (auto* apply = std::get_if<ApplyTxn>(&effect)) {
      durable_.last_zxid = std::max(durable_.last_zxid, apply->txn.zxid);
      committed_.add(apply->txn.zxid, apply->txn.payload);
    } else if (auto* deliver = std::get_if<DeliverTxn>(&effect)) {
      committed_.add(deliver->txn.zxid, deliver->txn.payload);
    } else if (auto* serving = std::get_if<StartServing>(&effect)) {
      // Late joiners of the ensemble must hear one vote from all members (ZOOKEEPER-1732).
      fle_.update_peer_epoch(serving->epoch);
    } else if (auto* looking = std::get_if<BecomeLooking>(&effect)) {
      over = std::move(looking->reason);
      continue;
    }
    out.push_back(std::move(effect));
  }
  role.clear();
  if (over) leave(std::move(*over), out);
}

void QuorumPeer::leave(std::string reason, Effects& out) {
  if (leaving_) return;
  leaving_ = true;
  to_apply_.clear();
  if (leader_) to_apply_ = leader_->in_log();
  if (learner_) to_apply_.assign(learner_->in_log().begin(), learner_->in_log().end());
  leader_.reset();
  learner_.reset();
  out.emplace_back(LeaveRole{std::move(reason)});
}

void QuorumPeer::on_role_left(TimePoint now, Effects& out) {
  if (!leaving_) return;
  leaving_ = false;
  // What is in the log counts as history in the next election, so the tree has to have it too.
  for (LoggedTxn& txn : to_apply_) {
    committed_.add(txn.zxid, txn.payload);
    out.emplace_back(ApplyTxn{std::move(txn)});
  }
  to_apply_.clear();
  look(now, out);
}

void QuorumPeer::on_link_open(LinkId link, TimePoint now, Effects& out) {
  if (leader_) {
    leader_->on_link_open(link, now);
    return;
  }
  const bool learning = state_ == election::ServerState::kFollowing || state_ == election::ServerState::kObserving;
  if (!learning || leaving_ || learner_) {
    out.emplace_back(CloseLink{link});
    return;
  }
  LearnerOptions o = options_.learner;
  o.self = options_.self;
  o.observer = options_.observer;
  o.tick = options_.tick;
  o.init_limit = options_.init_limit;
  o.sync_limit = options_.sync_limit;
  learner_ = std::make_unique<Learner>(o, link, durable_.accepted_epoch, durable_.current_epoch, config_.version,
                                       durable_.last_zxid);
  Effects role;
  learner_->start(now, role);
  pass(role, now, out);
}

void QuorumPeer::on_leader_unreachable(TimePoint now, Effects& out) {
  const bool learning = state_ == election::ServerState::kFollowing || state_ == election::ServerState::kObserving;
  if (!learning || learner_ || leaving_) return;
  (void)now;
  leave("the elected leader cannot be reached", out);
}

void QuorumPeer::on_packet(LinkId link, const QuorumPacket& packet, TimePoint now, Effects& out) {
  Effects role;
  if (leader_) {
    leader_->on_packet(link, packet, now, role);
  } else if (learner_ && learner_->link() == link) {
    learner_->on_packet(packet, now, role);
  }
  pass(role, now, out);
}

void QuorumPeer::on_link_closed(LinkId link, TimePoint now, Effects& out) {
  Effects role;
  if (leader_) {
    leader_->on_link_closed(link, now, role);
  } else if (learner_ && learner_->link() == link) {
    learner_->on_link_closed(now, role);
  }
  pass(role, now, out);
}

void QuorumPeer::on_epoch_written(int64_t accepted, int64_t current, TimePoint now, Effects& out) {
  if (accepted >= 0) durable_.accepted_epoch = accepted;
  if (current >= 0) durable_.current_epoch = current;
  Effects role;
  if (leader_) leader_->on_epoch_written(accepted, current, now, role);
  if (learner_) learner_->on_epoch_written(accepted, current, now, role);
  pass(role, now, out);
}

void QuorumPeer::on_durable(Zxid zxid, TimePoint now, Effects& out) {
  Effects role;
  if (leader_) leader_->on_durable(zxid, now, role);
  if (learner_) learner_->on_durable(zxid, now, role);
  pass(role, now, out);
}

void QuorumPeer::on_snapshot_loaded(std::optional<Zxid> zxid, TimePoint now, Effects& out) {
  committed_.clear();
  if (zxid) durable_.last_zxid = *zxid;
  Effects role;
  if (learner_) learner_->on_snapshot_loaded(zxid.has_value(), now, role);
  pass(role, now, out);
}

void QuorumPeer::on_truncated(bool ok, Zxid zxid, TimePoint now, Effects& out) {
  committed_.clear();
  durable_.last_zxid = zxid;  // the database is what it is now, exact or not
  Effects role;
  if (learner_) learner_->on_truncated(ok, now, role);
  pass(role, now, out);
}

void QuorumPeer::on_snapshot_saved(TimePoint now, Effects& out) {
  Effects role;
  if (learner_) learner_->on_snapshot_saved(now, role);
  pass(role, now, out);
}

void QuorumPeer::propose(Zxid zxid, const Slice& payload, Effects& out) {
  durable_.last_zxid = zxid;
  leader_->propose(zxid, payload, out);
}

void QuorumPeer::on_tick(TimePoint now, Effects& out) {
  election::ElectionEffects effects;
  fle_.on_tick(now, effects);
  run_election(effects, now, out);
  Effects role;
  if (leader_) leader_->on_tick(now, role);
  if (learner_) learner_->on_tick(now, role);
  pass(role, now, out);
}

TimePoint QuorumPeer::deadline() const {
  TimePoint t = fle_.deadline();
  if (leader_) t = std::min(t, leader_->deadline());
  if (learner_) t = std::min(t, learner_->deadline());
  return t;
}

}  // namespace kz::zab
