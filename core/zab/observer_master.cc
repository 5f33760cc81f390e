#include "core/zab/observer_master.h"

#include <algorithm>

#include "core/base/log.h"
#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace kz::zab {

ObserverMaster::ObserverMaster(ObserverMasterOptions options, Learner& follower, const CommittedLog& committed,
                               const zk::QuorumConfig& config, const zk::QuorumConfig& last_seen, TimePoint now)
    : options_(options),
      follower_(follower),
      committed_(committed),
      config_(config),
      last_seen_(last_seen),
      last_sent_(committed.empty() ? make_zxid(follower.epoch(), 0) : committed.max()),
      next_tick_(now + options.tick / 2) {}

void ObserverMaster::send(LinkId link, PacketType type, Zxid zxid, zk::NullableBytes data, Effects& out) {
  out.emplace_back(SendPacket{link, QuorumPacket{type, zxid, std::move(data), std::nullopt}});
}

void ObserverMaster::on_link_open(LinkId link, TimePoint now) {
  Observer& o = observers_[link];
  o.opened = o.heard = now;
}

void ObserverMaster::on_progress(LinkId link, TimePoint now) {
  const auto it = observers_.find(link);
  if (it != observers_.end()) it->second.opened = now;
}

void ObserverMaster::on_packet(LinkId link, const QuorumPacket& packet, TimePoint now, Effects& out) {
  const auto it = observers_.find(link);
  if (it == observers_.end()) return;
  Observer& observer = it->second;
  observer.heard = now;
  if (observer.phase == Phase::kNew) return on_info(link, observer, packet, out);
  const bool serving = observer.phase == Phase::kServing;
  switch (packet.type) {
    case PacketType::kAckEpoch:
      if (observer.phase != Phase::kToldEpoch) return drop(link, "unexpected ACKEPOCH", out);
      observer.phase = Phase::kSyncing;
      return synchronise(link, packet.zxid, out);
    case PacketType::kAck:
      // Of NEWLEADER, and again of UPTODATE; observers acknowledge nothing else.
      if (counter_of(packet.zxid) != 0 || observer.phase == Phase::kToldEpoch) return drop(link, "unexpected ACK", out);
      if (serving) return;
      observer.phase = Phase::kServing;
      return send(link, PacketType::kUpToDate, -1, std::nullopt, out);
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
    case PacketType::kRevalidate:
    case PacketType::kRequest:
      if (!serving) return;
      if (!follower_.relay(link, packet, out)) drop(link, "malformed request", out);
      return;
    default:
      return drop(link, "unexpected packet", out);
  }
}

void ObserverMaster::on_info(LinkId link, Observer& observer, const QuorumPacket& packet, Effects& out) {
  if (packet.type != PacketType::kObserverInfo) return drop(link, "first packet is not OBSERVERINFO", out);
  const LearnerInfo info = decode_learner_info(packet.data);
  if (info.protocol_version < kProtocolVersion) return drop(link, "it speaks a protocol older than 3.4", out);
  if (info.config_version > config_.version) return drop(link, "it has a later configuration", out);
  for (const auto& [other, o] : observers_) {
    if (other == link || o.phase == Phase::kNew || o.sid != info.sid) continue;
    drop(other, "replaced by a newer connection", out);
    break;
  }
  observer.sid = info.sid;
  observer.phase = Phase::kToldEpoch;
  send(link, PacketType::kLeaderInfo, make_zxid(follower_.epoch(), 0), encode_i32(kProtocolVersion), out);
}

void ObserverMaster::synchronise(LinkId link, Zxid observer_last, Effects& out) {
  // Without a log there is no telling what the observer lacks.
  const SyncPlan plan =
      plan_sync(committed_, last_sent_, observer_last, options_.force_snapshot_sync || committed_.empty());
  if (plan.kind == SyncPlan::Kind::kSnap) {
    out.emplace_back(SendSnapshot{link});
  } else {
    send(link, plan.kind == SyncPlan::Kind::kDiff ? PacketType::kDiff : PacketType::kTrunc, plan.zxid, std::nullopt,
         out);
    for (const LoggedTxn& txn : plan.txns) {
      send(link, PacketType::kProposal, txn.zxid, txn.payload, out);
      send(link, PacketType::kCommit, txn.zxid, std::nullopt, out);
    }
  }
  send(link, PacketType::kNewLeader, make_zxid(follower_.epoch(), 0), Slice::copy_of(last_seen_.text()), out);
}

void ObserverMaster::on_committed(const LoggedTxn& txn, std::optional<ServerId> designated, Effects& out) {
  last_sent_ = txn.zxid;
  zk::NullableBytes data = txn.payload;
  if (designated) {
    Buffer b;
    b.i64(*designated);
    b.raw(txn.payload.bytes());
    data = b.to_slice();
  }
  const PacketType type = designated ? PacketType::kInformAndActivate : PacketType::kInform;
  for (const auto& [link, o] : observers_) {
    if (o.phase == Phase::kSyncing || o.phase == Phase::kServing) send(link, type, txn.zxid, data, out);
  }
}

void ObserverMaster::on_tick(TimePoint now, Effects& out) {
  if (now < next_tick_) return;
  next_tick_ = now + options_.tick / 2;
  const Duration init = options_.tick * options_.init_limit;
  const Duration sync = options_.tick * options_.sync_limit;
  std::vector<LinkId> late;
  for (const auto& [link, o] : observers_) {
    if (o.phase == Phase::kServing ? now - o.heard > sync : now - o.opened > init) {
      late.push_back(link);
    } else if (o.phase == Phase::kSyncing || o.phase == Phase::kServing) {
      send(link, PacketType::kPing, last_sent_, std::nullopt, out);
    }
  }
  for (const LinkId link : late) drop(link, "nothing heard within its limit", out);
}

void ObserverMaster::drop(LinkId link, const char* reason, Effects& out) {
  static const log::Logger kLog("ObserverMaster");
  const auto it = observers_.find(link);
  if (it == observers_.end()) return;
  kLog.warn("Closing connection to observer {}: {}", it->second.sid, reason);
  observers_.erase(it);
  out.emplace_back(CloseLink{link});
}

size_t ObserverMaster::synced() const {
  return static_cast<size_t>(
      std::ranges::count_if(observers_, [](const auto& o) { return o.second.phase == Phase::kServing; }));
}

}  // namespace kz::zab
