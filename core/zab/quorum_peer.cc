#include "core/zab/quorum_peer.h"

#include <algorithm>

#include "core/base/log.h"

namespace kz::zab {
namespace {

election::ElectionOptions election_options(const PeerOptions& o) {
  election::ElectionOptions e = o.election;
  e.self = o.self;
  e.observer = o.observer;
  e.reconfig_enabled = o.reconfig_enabled;
  return e;
}

}  // namespace

QuorumPeer::QuorumPeer(PeerOptions options, zk::QuorumConfig config, Durable durable, CommittedLog& committed,
                       std::optional<zk::QuorumConfig> last_seen)
    : options_(options),
      config_(std::move(config)),
      last_seen_(last_seen && options_.reconfig_enabled ? std::move(*last_seen) : config_),
      durable_(durable),
      committed_(committed),
      fle_(election_options(options_), config_) {
  fle_.set_config(config_, last_seen_);
}

void QuorumPeer::start(TimePoint now, Effects& out) { look(now, out); }

void QuorumPeer::look(TimePoint now, Effects& out) {
  state_ = election::ServerState::kLooking;
  designated_.reset();
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
      take_role(elected->vote.leader, now, out);
    } else if (auto* newer = std::get_if<election::NewerConfig>(&effect)) {
      static const log::Logger kLog("QuorumPeer");
      kLog.info("Received configuration version {:x}, own version {:x}", static_cast<uint64_t>(newer->config.version),
                static_cast<uint64_t>(config_.version));
      const bool again = newer->look_again;
      commit_config({std::move(newer->config), std::nullopt}, out);
      if (!again) continue;
      effects.clear();
      return look(now, out);
    }
  }
  effects.clear();
}

void QuorumPeer::take_role(ServerId leader, TimePoint now, Effects& out) {
  out.emplace_back(StateChanged{state_, leader});
  if (state_ != election::ServerState::kLeading) {
    out.emplace_back(ConnectToLeader{leader});
    return;
  }
  LeaderOptions o = options_.leader;
  o.self = options_.self;
  o.tick = options_.tick;
  o.init_limit = options_.init_limit;
  o.sync_limit = options_.sync_limit;
  o.reconfig_enabled = options_.reconfig_enabled;
  leader_ = std::make_unique<Leader>(o, config_, durable_.accepted_epoch, durable_.current_epoch, durable_.last_zxid,
                                     committed_, last_seen_);
  out.emplace_back(OpenQuorumPort{});
  Effects role;
  leader_->start(now, role);
  pass(role, now, out);
}

// A server that is in no list takes part without a vote.
bool QuorumPeer::update_role() {
  const auto self = config_.servers.find(options_.self);
  const bool observer = self != config_.servers.end() && self->second.observer;
  if (observer == options_.observer) return false;
  static const log::Logger kLog("QuorumPeer");
  kLog.info("Becoming {}", observer                        ? "an observer"
                           : self != config_.servers.end() ? "a voting participant"
                                                           : "a non-voting participant");
  options_.observer = observer;
  fle_.set_observer(observer);
  return true;
}

bool QuorumPeer::commit_config(CommitConfig effect, Effects& out) {
  // Heard before: through an election, or from an earlier leader.
  if (!options_.reconfig_enabled || effect.config.version <= config_.version) return false;
  const zk::QuorumConfig before = std::exchange(config_, effect.config);
  if (config_.version > last_seen_.version) last_seen_ = config_;
  fle_.set_config(config_, last_seen_);
  const std::optional<ServerId> designated = effect.designated;
  out.emplace_back(std::move(effect));
  if (before.same_members(config_)) return false;
  const ServerId leader = fle_.current_vote().leader;
  const bool role_changes = update_role();
  if (designated) {
    const bool leader_changes = *designated != leader;
    if (role_changes || leader_changes) designated_ = *designated;
    return role_changes || leader_changes;
  }
  const auto quorum_ports = [leader](const zk::QuorumConfig& config) {
    std::set<zk::HostPort> ports;
    if (config.is_voter(leader)) {
      for (const auto& a : config.servers.at(leader).addresses) ports.insert(a.quorum);
    }
    return ports;
  };
  designated_.reset();
  return role_changes || quorum_ports(before).empty() || quorum_ports(before) != quorum_ports(config_);
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

void QuorumPeer::pass(Effects& role, TimePoint now, Effects& out) {
  std::optional<std::string> over;
  std::optional<ServerId> designated;  // by the reconfiguration that is delivered next
  const bool learning = learner_ != nullptr;
  for (Effect& effect : role) {
    if (auto* append = std::get_if<AppendTxn>(&effect)) {
      durable_.last_zxid = std::max(durable_.last_zxid, append->zxid);
    } else if (auto* apply = std::get_if<ApplyTxn>(&effect)) {
      durable_.last_zxid = std::max(durable_.last_zxid, apply->txn.zxid);
      committed_.add(apply->txn.zxid, apply->txn.payload);
    } else if (auto* deliver = std::get_if<DeliverTxn>(&effect)) {
      committed_.add(deliver->txn.zxid, deliver->txn.payload);
      if (observer_master_) {
        const LoggedTxn txn = deliver->txn;
        out.push_back(std::move(effect));
        observer_master_->on_committed(txn, std::exchange(designated, std::nullopt), out);
        continue;
      }
    } else if (auto* serving = std::get_if<StartServing>(&effect)) {
      // Late joiners of the ensemble must hear one vote from all members (ZOOKEEPER-1732).
      fle_.update_peer_epoch(serving->epoch);
      if (learning && !options_.observer && options_.observer_master) {
        observer_master_ = std::make_unique<ObserverMaster>(
            ObserverMasterOptions{options_.tick, options_.init_limit, options_.sync_limit,
                                  options_.leader.force_snapshot_sync},
            *learner_, committed_, config_, last_seen_, now);
      }
    } else if (auto* seen = std::get_if<SeenConfig>(&effect)) {
      if (!options_.reconfig_enabled || seen->config.version == last_seen_.version) continue;
      note_seen(seen->config);
    } else if (auto* commit = std::get_if<CommitConfig>(&effect)) {
      designated = commit->designated;
      // A leader that is not to lead any more ends its role itself, when its followers have gone.
      if (commit_config(std::move(*commit), out) && learning) over = "changes proposed in reconfig";
      continue;
    } else if (auto* looking = std::get_if<BecomeLooking>(&effect)) {
      over = std::move(looking->reason);
      continue;
    }
    out.push_back(std::move(effect));
  }
  role.clear();
  if (over) leave(std::move(*over), out);
}

void QuorumPeer::note_seen(const zk::QuorumConfig& config) {
  last_seen_ = config;
  fle_.set_config(config_, last_seen_);
}

void QuorumPeer::leave(std::string reason, Effects& out) {
  if (leaving_) return;
  leaving_ = true;
  to_apply_.clear();
  if (leader_) to_apply_ = leader_->in_log();
  if (learner_) to_apply_.assign(learner_->in_log().begin(), learner_->in_log().end());
  leader_.reset();
  observer_master_.reset();
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
  if (!designated_) return look(now, out);
  const ServerId leader = *std::exchange(designated_, std::nullopt);
  state_ = leader == options_.self ? election::ServerState::kLeading
           : options_.observer     ? election::ServerState::kObserving
                                   : election::ServerState::kFollowing;
  fle_.settle(leader, durable_.last_zxid, state_);
  take_role(leader, now, out);
}

void QuorumPeer::on_link_open(LinkId link, TimePoint now, Effects& out) {
  if (leader_) {
    leader_->on_link_open(link, now);
    return;
  }
  const bool learning = state_ == election::ServerState::kFollowing || state_ == election::ServerState::kObserving;
  if (observer_master_ && !leaving_) return observer_master_->on_link_open(link, now);
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
  o.want_snapshot = want_snapshot_;
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
  } else if (observer_master_) {
    observer_master_->on_packet(link, packet, now, role);
  }
  pass(role, now, out);
}

void QuorumPeer::on_link_closed(LinkId link, TimePoint now, Effects& out) {
  Effects role;
  if (leader_) {
    leader_->on_link_closed(link, now, role);
  } else if (learner_ && learner_->link() == link) {
    learner_->on_link_closed(now, role);
  } else if (observer_master_) {
    observer_master_->on_link_closed(link);
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
  if (zxid) {
    durable_.last_zxid = *zxid;
    want_snapshot_ = false;
  }
  Effects role;
  if (learner_) learner_->on_snapshot_loaded(zxid.has_value(), now, role);
  pass(role, now, out);
}

void QuorumPeer::on_truncated(bool ok, Zxid zxid, TimePoint now, Effects& out) {
  if (ok) {
    committed_.clear();
    durable_.last_zxid = zxid;
  } else {
    want_snapshot_ = true;  // nothing was dropped: whoever counted on this history still may
  }
  Effects role;
  if (learner_) learner_->on_truncated(ok, now, role);
  pass(role, now, out);
}

void QuorumPeer::on_log_found(LinkId link, std::optional<Zxid> common, TimePoint now, Effects& out) {
  Effects role;
  if (leader_) leader_->on_log_found(link, common, now, role);
  pass(role, now, out);
}

void QuorumPeer::on_log_unreadable(LinkId link, TimePoint now, Effects& out) {
  Effects role;
  if (leader_) leader_->on_log_unreadable(link, role);
  pass(role, now, out);
}

void QuorumPeer::on_progress(LinkId link, TimePoint now) {
  if (leader_) leader_->on_progress(link, now);
  if (observer_master_) observer_master_->on_progress(link, now);
  if (learner_ && learner_->link() == link) learner_->on_progress(now);
}

void QuorumPeer::on_snapshot_saved(TimePoint now, Effects& out) {
  Effects role;
  if (learner_) learner_->on_snapshot_saved(now, role);
  pass(role, now, out);
}

void QuorumPeer::propose(Zxid zxid, const Slice& payload, Effects& out) {
  // The counter must not run into the epoch: a new one begins instead (ZOOKEEPER-1277).
  if (counter_of(zxid) == kCounterMax) {
    return leave("zxid lower 32 bits have rolled over, forcing re-election, and therefore new epoch start", out);
  }
  durable_.last_zxid = zxid;
  const size_t before = out.size();
  leader_->propose(zxid, payload, out);
  // A reconfiguration says so in its first effect.
  if (const auto* seen = before < out.size() ? std::get_if<SeenConfig>(&out[before]) : nullptr) note_seen(seen->config);
}

void QuorumPeer::on_tick(TimePoint now, Effects& out) {
  election::ElectionEffects effects;
  fle_.on_tick(now, effects);
  run_election(effects, now, out);
  Effects role;
  if (leader_) leader_->on_tick(now, role);
  if (learner_) learner_->on_tick(now, role);
  if (observer_master_) observer_master_->on_tick(now, role);
  pass(role, now, out);
}

TimePoint QuorumPeer::deadline() const {
  TimePoint t = fle_.deadline();
  if (leader_) t = std::min(t, leader_->deadline());
  if (learner_) t = std::min(t, learner_->deadline());
  if (observer_master_) t = std::min(t, observer_master_->deadline());
  return t;
}

}  // namespace kz::zab
