#include "core/zab/leader.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "core/zk/reconfig.h"

namespace kz::zab {

Leader::Leader(LeaderOptions options, zk::QuorumConfig config, int64_t accepted_epoch, int64_t current_epoch,
               Zxid last_zxid, CommittedLog& committed, std::optional<zk::QuorumConfig> last_seen)
    : options_(options),
      config_(std::move(config)),
      last_seen_(last_seen ? std::move(*last_seen) : config_),
      committed_(committed),
      accepted_epoch_(accepted_epoch),
      current_epoch_(current_epoch),
      last_zxid_(last_zxid),
      last_committed_(last_zxid),
      last_proposed_(last_zxid),
      durable_(last_zxid) {}

void Leader::send(LinkId link, PacketType type, Zxid zxid, zk::NullableBytes data, Effects& out) {
  out.emplace_back(SendPacket{link, QuorumPacket{type, zxid, std::move(data), std::nullopt}});
}

// The followers for which predicate(learner) holds, and the leader itself.
std::set<ServerId> Leader::followers_where(auto predicate) const {
  std::set<ServerId> out{options_.self};
  for (const auto& [link, learner] : learners_) {
    if (learner.introduced && !learner.observer && predicate(learner)) out.insert(learner.info.sid);
  }
  return out;
}

bool Leader::is_quorum(const std::set<ServerId>& acks, bool joint) const {
  return config_.is_quorum(acks) && (!joint || !pending_config() || last_seen_.is_quorum(acks));
}

bool Leader::quorum_synced(const zk::QuorumConfig& config) const {
  return config.is_quorum(followers_where([](const Learner& l) { return l.acked_leader; }));
}

void Leader::start(TimePoint now, Effects& out) {
  started_ = now;
  next_tick_ = now + options_.tick / 2;
  try_epoch(now, out);
}

void Leader::on_link_open(LinkId link, TimePoint now) {
  Learner& l = learners_[link];
  l.heard = l.progress = now;
}

void Leader::on_link_closed(LinkId link, TimePoint, Effects& out) {
  // Whether a quorum is left is found at the next tick: a learner may come straight back. But not to a leader that
  // has handed over.
  learners_.erase(link);
  if (retiring_ && serving() && !quorum_synced(config_)) step_down("the followers went to the designated leader", out);
}

void Leader::on_packet(LinkId link, const QuorumPacket& packet, TimePoint now, Effects& out) {
  const auto it = learners_.find(link);
  if (it == learners_.end() || phase_ == Phase::kOver) return;
  Learner& learner = it->second;
  learner.heard = now;
  if (!learner.introduced) return on_info(link, learner, packet, now, out);
  switch (packet.type) {
    case PacketType::kAckEpoch:
      return on_ack_epoch(link, learner, packet, now, out);
    case PacketType::kAck:
      return on_ack(link, learner, packet.zxid, now, out);
    case PacketType::kPing: {
      if (!packet.data) return;
      Reader r(packet.data->bytes());
      while (r.remaining() >= 12) {
        const SessionId session = r.i64();
        const int32_t timeout_ms = r.i32();
        out.emplace_back(TouchSession{session, timeout_ms});
      }
      return;
    }
    case PacketType::kRevalidate: {
      if (!packet.data) return;
      Reader r(packet.data->bytes());
      const SessionId session = r.i64();
      const int32_t timeout_ms = r.i32();
      if (r.ok()) out.emplace_back(RevalidateSession{link, session, timeout_ms});
      return;
    }
    case PacketType::kRequest: {
      if (!packet.data || !serving()) return;
      Reader r(*packet.data);
      zk::ForwardedRequest request;
      request.session = r.i64();
      request.cxid = r.i32();
      request.type = static_cast<zk::OpCode>(r.i32());
      if (!r.ok()) return drop(link, "malformed REQUEST", out);
      request.body = r.slice(r.remaining());
      if (packet.auth) request.auth = *packet.auth;
      out.emplace_back(LearnerRequest{link, std::move(request)});
      return;
    }
    default:
      return drop(link, "unexpected packet", out);
  }
}

void Leader::on_info(LinkId link, Learner& learner, const QuorumPacket& packet, TimePoint now, Effects& out) {
  if (packet.type != PacketType::kFollowerInfo && packet.type != PacketType::kObserverInfo) {
    return drop(link, "first packet is neither FOLLOWERINFO nor OBSERVERINFO", out);
  }
  learner.info = decode_learner_info(packet.data);
  learner.observer = packet.type == PacketType::kObserverInfo;
  if (learner.info.protocol_version < kProtocolVersion)
    return drop(link, "learner speaks a protocol older than 3.4", out);
  if (learner.info.config_version > config_.version) return drop(link, "learner has a later configuration", out);
  // One connection per server: the newer one counts.
  for (auto& [other, l] : learners_) {
    if (other != link && l.introduced && l.info.sid == learner.info.sid && l.observer == learner.observer) {
      const LinkId old = other;
      drop(old, "replaced by a newer connection", out);
      break;
    }
  }
  learner.introduced = true;
  // The learner's accepted epoch may be ahead of ours only until the new epoch is chosen.
  if (phase_ == Phase::kDiscovery) {
    if (!learner.observer && config_.is_voter(learner.info.sid)) {
      accepted_epoch_ = std::max(accepted_epoch_, epoch_of(packet.zxid));
    }
    try_epoch(now, out);
  } else if (phase_ != Phase::kWritingAccepted) {
    learner.told_epoch = true;
    send(link, PacketType::kLeaderInfo, make_zxid(epoch_, 0), encode_i32(kProtocolVersion), out);
  }
}

void Leader::try_epoch(TimePoint, Effects& out) {
  if (phase_ != Phase::kDiscovery) return;
  if (!is_quorum(followers_where([](const Learner&) { return true; }), false)) return;
  epoch_ = accepted_epoch_ + 1;
  phase_ = Phase::kWritingAccepted;
  out.emplace_back(WriteAcceptedEpoch{epoch_});
}

void Leader::on_epoch_written(int64_t accepted, int64_t current, TimePoint now, Effects& out) {
  if (phase_ == Phase::kWritingAccepted && accepted == epoch_) {
    phase_ = Phase::kEpochAcks;
    // A configuration that was never changed gets a version, so that it wins over those of servers that join later.
    if (options_.reconfig_enabled && config_.version == 0 && last_seen_.version == 0) {
      last_seen_.version = make_zxid(epoch_, 0);
      out.emplace_back(SeenConfig{last_seen_});
    }
    for (auto& [link, l] : learners_) {
      if (!l.introduced) continue;
      l.told_epoch = true;
      send(link, PacketType::kLeaderInfo, make_zxid(epoch_, 0), encode_i32(kProtocolVersion), out);
    }
    try_epoch_quorum(out);
  } else if (phase_ == Phase::kWritingCurrent && current == epoch_) {
    phase_ = Phase::kSync;
    last_proposed_ = make_zxid(epoch_, 0);
    for (auto& [link, l] : learners_) {
      if (l.acked_epoch) synchronise(link, l, now, out);
    }
    try_serve(now, out);
  }
}

void Leader::on_ack_epoch(LinkId link, Learner& learner, const QuorumPacket& packet, TimePoint now, Effects& out) {
  if (!learner.told_epoch || learner.acked_epoch || !packet.data || packet.data->size() < 4) {
    return drop(link, "unexpected ACKEPOCH", out);
  }
  const int32_t epoch = Reader(packet.data->bytes()).i32();
  // -1: the learner had accepted this epoch before; it does not say what it has, and does not count.
  if (epoch != -1) {
    const bool newer = epoch > current_epoch_ || (epoch == current_epoch_ && packet.zxid > last_zxid_);
    if (newer && (phase_ == Phase::kEpochAcks)) return drop(link, "learner is ahead of the leader", out);
  }
  learner.last_zxid = packet.zxid;
  learner.acked_epoch = true;
  if (phase_ == Phase::kEpochAcks) {
    if (epoch == -1 || packet.zxid == -1) learner.told_epoch = false;  // not counted below
    try_epoch_quorum(out);
  } else if (phase_ == Phase::kSync || phase_ == Phase::kServing) {
    synchronise(link, learner, now, out);
  }
}

void Leader::try_epoch_quorum(Effects& out) {
  if (phase_ != Phase::kEpochAcks) return;
  if (!is_quorum(followers_where([](const Learner& l) { return l.acked_epoch && l.told_epoch; }), false)) return;
  phase_ = Phase::kWritingCurrent;
  out.emplace_back(WriteCurrentEpoch{epoch_});
}

void Leader::on_ack(LinkId link, Learner& learner, Zxid zxid, TimePoint now, Effects& out) {
  if (counter_of(zxid) == 0) {
    if (epoch_of(zxid) != epoch_ || learner.acked_leader) return;
    if (!learner.forwarding) return drop(link, "ACK before NEWLEADER", out);
    learner.acked_leader = true;
    for (auto& [proposed, since] : learner.unacked) since = now;  // they waited behind its synchronisation
    count_acks(learner, learner.acked);
    if (serving()) {
      commit_ready(out);
      if (phase_ == Phase::kOver) return;
      up_to_date(link, learner, out);
    } else {
      try_serve(now, out);
    }
    return;
  }
  while (!learner.unacked.empty() && learner.unacked.front().first <= zxid) learner.unacked.pop_front();
  if (learner.observer) return;
  // A Java learner's log may overtake its NEWLEADER acknowledgement. Until that is here its currentEpoch is the old
  // one, and in an election it would lose to a server without the transaction: the acknowledgement counts from then on.
  const Zxid from = learner.acked;
  learner.acked = std::max(learner.acked, zxid);
  if (!learner.acked_leader || learner.acked == from) return;
  count_acks(learner, zxid);
  commit_ready(out);
}

// Acknowledgements come in the order of the proposals, so one stands for those before it.
void Leader::count_acks(const Learner& learner, Zxid up_to) {
  if (learner.observer) return;
  for (Outstanding& o : proposals_) {
    if (o.txn.zxid > up_to) return;
    o.acks.insert(learner.info.sid);
  }
}

void Leader::try_serve(TimePoint, Effects& out) {
  if (phase_ != Phase::kSync) return;
  const auto acks = followers_where([](const Learner& l) { return l.acked_leader; });
  if (!is_quorum(acks, true)) return;
  phase_ = Phase::kServing;
  last_committed_ = make_zxid(epoch_, 0);
  last_proposed_ = make_zxid(epoch_, options_.initial_counter);
  // What was proposed and may have been committed before is completed by the acknowledgements of NEWLEADER.
  if (options_.reconfig_enabled) {
    const zk::QuorumConfig next = last_seen_;
    activate(next, designate(next, acks), out);
  }
  out.emplace_back(StartServing{epoch_});
  for (auto& [link, l] : learners_) {
    if (l.acked_leader) up_to_date(link, l, out);
  }
}

void Leader::up_to_date(LinkId link, Learner& learner, Effects& out) {
  if (learner.up_to_date) return;
  learner.up_to_date = true;
  send(link, PacketType::kUpToDate, -1, std::nullopt, out);
}

void Leader::propose(Zxid zxid, const Slice& payload, Effects& out) {
  KZ_ASSERT(serving());
  KZ_ASSERT_MSG(zxid == last_proposed_ + 1, "zxids are consecutive");
  last_proposed_ = zxid;
  auto config = options_.reconfig_enabled ? zk::config_of_reconfig(payload) : std::nullopt;
  if (config) {
    last_seen_ = *config;
    out.emplace_back(SeenConfig{*config});
  }
  proposals_.push_back({{zxid, payload}, {}, pending_config(), std::move(config)});
  out.emplace_back(AppendTxn{zxid, payload});
  for (auto& [link, l] : learners_) {
    if (!l.forwarding || l.observer) continue;
    l.unacked.emplace_back(zxid, next_tick_);
    send(link, PacketType::kProposal, zxid, payload, out);
  }
  if (options_.bug_commit_without_quorum) {
    proposals_.back().acks.insert(options_.self);
    commit_ready(out);
  }
}

void Leader::on_durable(Zxid zxid, TimePoint, Effects& out) {
  durable_ = std::max(durable_, zxid);
  if (phase_ != Phase::kServing) return;
  for (Outstanding& o : proposals_) {
    if (o.txn.zxid > zxid) break;
    o.acks.insert(options_.self);
  }
  commit_ready(out);
}

void Leader::commit_ready(Effects& out) {
  while (!proposals_.empty() && !retiring_) {
    Outstanding& o = proposals_.front();
    if (!is_quorum(o.acks, o.joint) && !(options_.bug_commit_without_quorum && !o.acks.empty())) return;
    const Zxid zxid = o.txn.zxid;
    last_committed_ = zxid;
    ServerId designated = options_.self;
    if (o.config) {
      designated = designate(*o.config, o.acks);
      activate(*o.config, designated, out);
    }
    for (auto& [link, l] : learners_) {
      if (!l.forwarding) continue;
      if (o.config) {
        Buffer b;
        b.i64(designated);
        if (l.observer) b.raw(o.txn.payload.bytes());
        const auto type = l.observer ? PacketType::kInformAndActivate : PacketType::kCommitAndActivate;
        send(link, type, zxid, b.to_slice(), out);
      } else if (l.observer) {
        send(link, PacketType::kInform, zxid, o.txn.payload, out);
      } else {
        send(link, PacketType::kCommit, zxid, std::nullopt, out);
      }
    }
    committed_.add(zxid, o.txn.payload);
    proposals_.pop_front();
    out.emplace_back(Committed{zxid});
    release_syncs(zxid, out);
  }
}

bool Leader::sync(SessionId session, int32_t cxid) {
  if (proposals_.empty()) return true;
  syncs_.emplace(proposals_.back().txn.zxid, WaitingSync{0, session, cxid});
  return false;
}

void Leader::sync_learner_request(LinkId link, Effects& out) {
  if (proposals_.empty()) return send(link, PacketType::kSync, 0, std::nullopt, out);
  syncs_.emplace(proposals_.back().txn.zxid, WaitingSync{link, 0, 0});
}

void Leader::release_syncs(Zxid zxid, Effects& out) {
  while (!syncs_.empty() && syncs_.begin()->first <= zxid) {
    const WaitingSync w = syncs_.begin()->second;
    syncs_.erase(syncs_.begin());
    if (w.link == 0) {
      out.emplace_back(Synced{w.session, w.cxid});
    } else {
      send(w.link, PacketType::kSync, 0, std::nullopt, out);
    }
  }
}

void Leader::answer_revalidate(LinkId link, SessionId session, bool valid, Effects& out) {
  Buffer b;
  b.i64(session);
  b.boolean(valid);
  send(link, PacketType::kRevalidate, -1, b.to_slice(), out);
}

void Leader::on_tick(TimePoint now, Effects& out) {
  if (phase_ == Phase::kOver || now < next_tick_) return;
  next_tick_ = now + options_.tick / 2;
  const Duration init = options_.tick * options_.init_limit;
  const Duration sync = options_.tick * options_.sync_limit;
  std::vector<std::pair<LinkId, const char*>> late;
  for (auto& [link, l] : learners_) {
    if (l.acked_leader ? now - l.heard > sync : now - l.progress > init) {
      late.emplace_back(link, "nothing heard within its limit");
    } else if (l.acked_leader && !l.unacked.empty() && now - l.unacked.front().second > sync) {
      late.emplace_back(link, "a proposal was not acknowledged within syncLimit");
    } else if (l.forwarding) {
      send(link, PacketType::kPing, last_proposed_, std::nullopt, out);
    }
  }
  for (const auto& [link, reason] : late) drop(link, reason, out);
  if (serving()) {
    const auto in_step = [&](const Learner& l) { return l.acked_leader && now - l.heard <= sync; };
    if (!is_quorum(followers_where(in_step), true)) {
      step_down("not enough synchronised followers", out);
    }
  } else if (now - started_ > init) {
    step_down("no quorum of followers within initLimit", out);
  }
}

void Leader::drop(LinkId link, const char* reason, Effects& out) {
  static const log::Logger kLog("LearnerHandler");
  const auto it = learners_.find(link);
  if (it == learners_.end()) return;
  kLog.warn("Closing connection to peer {}: {}", it->second.info.sid, reason);
  learners_.erase(it);
  out.emplace_back(CloseLink{link});
}

void Leader::step_down(std::string reason, Effects& out) {
  phase_ = Phase::kOver;
  for (const auto& [link, l] : learners_) out.emplace_back(CloseLink{link});
  learners_.clear();
  out.emplace_back(BecomeLooking{std::move(reason)});
}

std::vector<LoggedTxn> Leader::in_log() const {
  std::vector<LoggedTxn> out;
  for (const Outstanding& o : proposals_) out.push_back(o.txn);
  return out;
}

size_t Leader::learners() const { return learners_.size(); }
size_t Leader::synced_followers() const {
  return static_cast<size_t>(
      std::ranges::count_if(learners_, [](const auto& l) { return l.second.up_to_date && !l.second.observer; }));
}
size_t Leader::synced_observers() const {
  return static_cast<size_t>(
      std::ranges::count_if(learners_, [](const auto& l) { return l.second.up_to_date && l.second.observer; }));
}
size_t Leader::pending_syncs() const { return syncs_.size(); }

}  // namespace kz::zab
