#include "core/zab/learner.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "core/zk/reconfig.h"

namespace kz::zab {

Learner::Learner(LearnerOptions options, LinkId link, int64_t accepted_epoch, int64_t current_epoch,
                 int64_t config_version, Zxid last_zxid)
    : options_(options),
      link_(link),
      accepted_epoch_(accepted_epoch),
      current_epoch_(current_epoch),
      config_version_(config_version),
      last_zxid_(last_zxid) {}

void Learner::send(PacketType type, Zxid zxid, zk::NullableBytes data, Effects& out) {
  out.emplace_back(SendPacket{link_, QuorumPacket{type, zxid, std::move(data), std::nullopt}});
}

void Learner::start(TimePoint now, Effects& out) {
  read_limit_ = options_.tick * options_.init_limit;
  read_deadline_ = now + read_limit_;
  send(options_.observer ? PacketType::kObserverInfo : PacketType::kFollowerInfo, make_zxid(accepted_epoch_, 0),
       encode(LearnerInfo{options_.self, kProtocolVersion, config_version_}), out);
}

void Learner::on_packet(const QuorumPacket& packet, TimePoint now, Effects& out) {
  if (phase_ == Phase::kOver) return;
  read_deadline_ = now + read_limit_;
  if (truncating_) return held_.push_back(packet);
  const bool before_sync = phase_ == Phase::kInfoSent || phase_ == Phase::kWritingAccepted;
  if (before_sync != (packet.type == PacketType::kLeaderInfo)) return quit("LEADERINFO out of place", out);
  switch (packet.type) {
    case PacketType::kLeaderInfo:
      return on_leader_info(packet, out);
    case PacketType::kDiff:
    case PacketType::kTrunc:
    case PacketType::kSnap:
      return on_sync_kind(packet, out);
    case PacketType::kProposal:
      if (!packet.data) return quit("PROPOSAL without a transaction", out);
      return on_proposal(packet.zxid, *packet.data, out);
    case PacketType::kCommit:
      return on_commit(packet.zxid, std::nullopt, out);
    case PacketType::kCommitAndActivate:
      if (!packet.data || packet.data->size() < 8) return quit("COMMITANDACTIVATE without a leader", out);
      return on_commit(packet.zxid, Reader(packet.data->bytes()).i64(), out);
    case PacketType::kInform:
      if (!packet.data) return quit("INFORM without a transaction", out);
      return on_inform(packet.zxid, *packet.data, std::nullopt, out);
    case PacketType::kInformAndActivate:
      if (!packet.data || packet.data->size() < 8) return quit("INFORMANDACTIVATE without a leader", out);
      return on_inform(packet.zxid, packet.data->sub(8), Reader(packet.data->bytes()).i64(), out);
    case PacketType::kNewLeader:
      return on_new_leader(packet, out);
    case PacketType::kUpToDate:
      return on_up_to_date(out);
    case PacketType::kPing:
      // A Java leader takes nothing but ACK for an answer to NEWLEADER.
      if (phase_ != Phase::kAcked && phase_ != Phase::kServing) return;
      out.emplace_back(CollectTouches{});
      return;
    case PacketType::kRevalidate: {
      if (!packet.data) return;
      Reader r(packet.data->bytes());
      const SessionId session = r.i64();
      const bool valid = r.boolean();
      if (!r.ok()) return;
      // Answers to observers come in the order of their questions.
      if (revalidations_.empty() || revalidations_.front().session != session) {
        out.emplace_back(Revalidated{session, valid});
        return;
      }
      const RelayedSession asked = revalidations_.front();
      revalidations_.pop_front();
      out.emplace_back(SendPacket{asked.observer, packet});
      if (valid) out.emplace_back(TouchSession{session, asked.timeout_ms});
      return;
    }
    case PacketType::kSync: {
      // Answers come in the order of the questions.
      if (syncs_.empty()) return;
      const WaitingSync asked = syncs_.front();
      syncs_.pop_front();
      if (asked.observer != 0) {
        out.emplace_back(SendPacket{asked.observer, packet});
      } else {
        out.emplace_back(Synced{asked.session, asked.cxid});
      }
      return;
    }
    default:
      return quit(fmt::format("unexpected {} from the leader", packet_name(packet.type)), out);
  }
}

void Learner::on_leader_info(const QuorumPacket& packet, Effects& out) {
  if (phase_ != Phase::kInfoSent) return quit("LEADERINFO twice", out);
  epoch_ = epoch_of(packet.zxid);
  if (epoch_ > accepted_epoch_) {
    phase_ = Phase::kWritingAccepted;
    out.emplace_back(WriteAcceptedEpoch{epoch_});
  } else if (epoch_ == accepted_epoch_) {
    // Accepted before, perhaps from this very leader: it must not be counted twice.
    may_count_ = false;
    ack_epoch(out);
  } else if (options_.bug_accept_stale_epoch) {
    ack_epoch(out);
  } else {
    quit(fmt::format("the leader's epoch {} is older than the accepted epoch {}", epoch_, accepted_epoch_), out);
  }
}

void Learner::ack_epoch(Effects& out) {
  phase_ = Phase::kAckEpochSent;
  // A leader that is told of an empty log sends a snapshot; the own history stays until that is on disk.
  send(PacketType::kAckEpoch, options_.want_snapshot ? 0 : last_zxid_,
       encode_i32(may_count_ ? static_cast<int32_t>(current_epoch_) : -1), out);
}

void Learner::on_epoch_written(int64_t accepted, int64_t current, TimePoint, Effects& out) {
  if (phase_ == Phase::kWritingAccepted && accepted == epoch_) {
    accepted_epoch_ = accepted;
    ack_epoch(out);
  } else if (phase_ == Phase::kWritingCurrent && current == epoch_) {
    current_epoch_ = current;
    acknowledge_leader(out);
  }
}

void Learner::on_sync_kind(const QuorumPacket& packet, Effects& out) {
  if (phase_ != Phase::kAckEpochSent) return quit("synchronisation twice", out);
  last_seen_ = packet.zxid;
  switch (packet.type) {
    case PacketType::kSnap:
      phase_ = Phase::kLoading;
      apply_at_once_ = true;
      out.emplace_back(ReceiveSnapshot{packet.zxid});
      return;
    case PacketType::kTrunc:
      phase_ = Phase::kLoading;
      apply_at_once_ = true;
      truncating_ = true;
      out.emplace_back(TruncateLog{packet.zxid});
      return;
    default:
      phase_ = Phase::kSyncing;
      last_seen_ = last_zxid_;
      return;
  }
}

void Learner::on_snapshot_loaded(bool ok, TimePoint now, Effects& out) {
  if (phase_ != Phase::kLoading) return;
  if (!ok) return quit("the leader's snapshot could not be read", out);
  read_deadline_ = now + read_limit_;
  phase_ = Phase::kSyncing;
}

void Learner::on_truncated(bool ok, TimePoint now, Effects& out) {
  if (phase_ != Phase::kLoading) return;
  if (!ok) return quit("the log could not be cut back to the leader's", out);
  read_deadline_ = now + read_limit_;
  phase_ = Phase::kSyncing;
  truncating_ = false;
  for (; !held_.empty() && phase_ != Phase::kOver; held_.pop_front()) on_packet(held_.front(), now, out);
}

void Learner::on_proposal(Zxid zxid, Slice payload, Effects& out) {
  if (phase_ == Phase::kLoading || phase_ == Phase::kAckEpochSent)
    return quit("PROPOSAL before the synchronisation", out);
  // A transaction that is here already (an overlap of DIFF and log) is not logged twice.
  if (zxid <= last_seen_) return;
  last_seen_ = zxid;
  if (auto config = zk::config_of_reconfig(payload)) out.emplace_back(SeenConfig{std::move(*config)});
  LoggedTxn txn{zxid, std::move(payload)};
  // Until the snapshot is saved the log must not grow: its entries would come before what `early_` still holds.
  if (phase_ == Phase::kSyncing || phase_ == Phase::kSaving) {
    early_.push_back({std::move(txn), false});
  } else {
    append(std::move(txn), out);
  }
}

void Learner::activate(const Slice& payload, std::optional<ServerId> designated, Effects& out) {
  if (!designated) return;
  if (auto config = zk::config_of_reconfig(payload)) out.emplace_back(CommitConfig{std::move(*config), designated});
}

void Learner::on_commit(Zxid zxid, std::optional<ServerId> designated, Effects& out) {
  if (phase_ == Phase::kSyncing) {
    if (apply_at_once_) {
      if (!early_.empty() && early_.front().txn.zxid == zxid) {
        activate(early_.front().txn.payload, designated, out);
        out.emplace_back(ApplyTxn{std::move(early_.front().txn)});
        early_.pop_front();
      }
      return;
    }
    committed_early_.emplace_back(zxid, designated);
    return;
  }
  if (phase_ != Phase::kServing) {
    committed_early_.emplace_back(zxid, designated);
    return;
  }
  if (logged_.empty() || logged_.front().zxid != zxid) {
    // Commits of what a snapshot or DIFF already covered come first; anything else is a broken order.
    if (!logged_.empty() && zxid > logged_.front().zxid) {
      quit(fmt::format("COMMIT 0x{:x}, but the next transaction is 0x{:x}", static_cast<uint64_t>(zxid),
                       static_cast<uint64_t>(logged_.front().zxid)),
           out);
    } else if (logged_.empty() && zxid > last_seen_) {
      quit("COMMIT of a transaction that was never proposed", out);
    }
    return;
  }
  LoggedTxn txn = std::move(logged_.front());
  logged_.pop_front();
  activate(txn.payload, designated, out);
  out.emplace_back(DeliverTxn{std::move(txn)});
}

void Learner::on_inform(Zxid zxid, Slice payload, std::optional<ServerId> designated, Effects& out) {
  if (phase_ == Phase::kLoading || phase_ == Phase::kAckEpochSent)
    return quit("INFORM before the synchronisation", out);
  if (zxid <= last_seen_) return;
  last_seen_ = zxid;
  LoggedTxn txn{zxid, std::move(payload)};
  if (phase_ == Phase::kServing) {
    out.emplace_back(AppendTxn{txn.zxid, txn.payload});
    activate(txn.payload, designated, out);
    out.emplace_back(DeliverTxn{std::move(txn)});
  } else if (phase_ == Phase::kSyncing && apply_at_once_) {
    activate(txn.payload, designated, out);
    out.emplace_back(ApplyTxn{std::move(txn)});
  } else {
    committed_early_.emplace_back(zxid, designated);
    if (phase_ == Phase::kSyncing || phase_ == Phase::kSaving) {
      early_.push_back({std::move(txn), true});
    } else {
      append(std::move(txn), out);
    }
  }
}

void Learner::on_new_leader(const QuorumPacket& packet, Effects& out) {
  if (phase_ != Phase::kSyncing) return quit("NEWLEADER out of place", out);
  if (epoch_of(packet.zxid) != epoch_) return quit("NEWLEADER of another epoch", out);
  if (packet.data && packet.data->size() > 1) {
    if (auto config = zk::parse_quorum_config(packet.data->text())) {
      out.emplace_back(SeenConfig{*config});
      leader_config_ = std::move(*config);
    }
  }
  if (apply_at_once_) {
    phase_ = Phase::kSaving;
    out.emplace_back(SaveSnapshot{});
  } else {
    flush_before_ack(out);
  }
}

void Learner::on_snapshot_saved(TimePoint now, Effects& out) {
  if (phase_ != Phase::kSaving) return;
  read_deadline_ = now + read_limit_;
  apply_at_once_ = false;
  flush_before_ack(out);
}

// Everything received so far becomes durable before the epoch is claimed.
void Learner::flush_before_ack(Effects& out) {
  phase_ = Phase::kFlushing;
  std::deque<InFlight> early;
  early.swap(early_);
  for (InFlight& f : early) append(std::move(f.txn), out);
  if (appended_ <= durable_ || options_.bug_ack_before_sync) {
    phase_ = Phase::kWritingCurrent;
    out.emplace_back(WriteCurrentEpoch{epoch_});
  }
}

void Learner::append(LoggedTxn txn, Effects& out) {
  appended_ = txn.zxid;
  out.emplace_back(AppendTxn{txn.zxid, txn.payload});
  if (!options_.observer) unacked_.push_back(txn.zxid);
  logged_.push_back(std::move(txn));
  if (options_.bug_ack_before_sync && (phase_ == Phase::kAcked || phase_ == Phase::kServing))
    acknowledge(appended_, out);
}

void Learner::on_durable(Zxid zxid, TimePoint, Effects& out) {
  durable_ = std::max(durable_, zxid);
  if (phase_ == Phase::kFlushing && appended_ <= durable_) {
    phase_ = Phase::kWritingCurrent;
    out.emplace_back(WriteCurrentEpoch{epoch_});
  } else if (phase_ == Phase::kAcked || phase_ == Phase::kServing) {
    acknowledge(durable_, out);
  }
}

void Learner::acknowledge_leader(Effects& out) {
  phase_ = Phase::kAcked;
  read_limit_ = options_.tick * options_.sync_limit;
  send(PacketType::kAck, make_zxid(epoch_, 0), std::nullopt, out);
  acknowledge(durable_, out);
}

// One acknowledgement a proposal: a Java leader counts them singly.
void Learner::acknowledge(Zxid up_to, Effects& out) {
  while (!unacked_.empty() && unacked_.front() <= up_to) {
    send(PacketType::kAck, unacked_.front(), std::nullopt, out);
    unacked_.pop_front();
  }
}

void Learner::on_up_to_date(Effects& out) {
  if (phase_ != Phase::kAcked) return quit("UPTODATE out of place", out);
  phase_ = Phase::kServing;
  send(PacketType::kAck, make_zxid(epoch_, 0), std::nullopt, out);
  if (leader_config_) out.emplace_back(CommitConfig{std::move(*leader_config_), std::nullopt});
  out.emplace_back(StartServing{epoch_});
  decltype(committed_early_) committed;
  committed.swap(committed_early_);
  for (const auto& [zxid, designated] : committed) on_commit(zxid, designated, out);
}

void Learner::on_link_closed(TimePoint, Effects& out) { quit("the connection to the leader was lost", out); }

void Learner::on_tick(TimePoint now, Effects& out) {
  if (phase_ != Phase::kOver && now >= read_deadline_) quit("the leader was silent for too long", out);
}

void Learner::forward(const zk::ForwardedRequest& request, Effects& out) {
  Buffer b;
  b.i64(request.session);
  b.i32(request.cxid);
  b.i32(static_cast<int32_t>(request.type));
  b.raw(request.body.bytes());
  out.emplace_back(SendPacket{link_, QuorumPacket{PacketType::kRequest, -1, b.to_slice(), request.auth}});
}

void Learner::sync(SessionId session, int32_t cxid, const std::vector<zk::Id>& auth, Effects& out) {
  syncs_.push_back({session, cxid, 0});
  forward({session, cxid, zk::OpCode::kSync, {}, auth}, out);
}

void Learner::revalidate(SessionId session, int32_t timeout_ms, Effects& out) {
  Buffer b;
  b.i64(session);
  b.i32(timeout_ms);
  send(PacketType::kRevalidate, -1, b.to_slice(), out);
}

bool Learner::relay(LinkId observer, const QuorumPacket& packet, Effects& out) {
  if (!packet.data) return false;
  Reader r(packet.data->bytes());
  const SessionId session = r.i64();
  const int32_t number = r.i32();  // the request's cxid, the session's timeout
  if (packet.type == PacketType::kRevalidate) {
    if (!r.ok()) return false;
    revalidations_.push_back({session, number, observer});
  } else {
    const auto op = static_cast<zk::OpCode>(r.i32());
    if (!r.ok()) return false;
    if (op == zk::OpCode::kSync) syncs_.push_back({session, number, observer});
  }
  out.emplace_back(SendPacket{link_, packet});
  return true;
}

void Learner::on_touched(const std::vector<std::pair<SessionId, int32_t>>& touched, Effects& out) {
  Buffer b;
  for (const auto& [session, timeout_ms] : touched) {
    b.i64(session);
    b.i32(timeout_ms);
  }
  send(PacketType::kPing, last_seen_, b.to_slice(), out);
}

void Learner::quit(std::string reason, Effects& out) {
  if (phase_ == Phase::kOver) return;
  phase_ = Phase::kOver;
  read_deadline_ = TimePoint::max();
  out.emplace_back(CloseLink{link_});
  out.emplace_back(BecomeLooking{std::move(reason)});
}

}  // namespace kz::zab
