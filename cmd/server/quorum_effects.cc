// What the peer wants done: packets, files, the pipeline's life.
#include "cmd/server/quorum_zookeeper_impl.h"
#include "cmd/server/zookeeper_options.h"
#include "storage/zk/epoch_files.h"

namespace kz::server {
namespace {

constexpr size_t kInlineBytes = 4096;  // larger transactions are not copied into the packets beside them
constexpr int64_t kNodeBytes = 88;     // of a node in a snapshot, beside path and data
// Forwarded requests belong to their learner's link; SessionTracker::kHere and 0 must stay free.
constexpr uint64_t kOwnerBase = uint64_t{1} << 32;

}  // namespace

void QuorumZooKeeperServer::Impl::run_effects() {
  if (running_effects_) return;
  running_effects_ = true;
  while (!effects_.empty() && !stopped_ && !failed_) {
    zab::Effect effect = std::move(effects_.front());
    effects_.pop_front();
    std::visit([this](auto& e) { carry_out(e); }, effect);
  }
  running_effects_ = false;
  rearm_peer();
}

// ---- inputs from the ports ----

void QuorumZooKeeperServer::Impl::on_notification(ServerId from, election::Notification n) {
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_notification(from, n, now, out); });
}
void QuorumZooKeeperServer::Impl::on_peer_reachable(ServerId peer) { peer_->on_voter_reachable(peer); }
void QuorumZooKeeperServer::Impl::on_peer_unreachable(ServerId peer) {
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_voter_unreachable(peer, now, out); });
}
void QuorumZooKeeperServer::Impl::on_link_open(ConnId link, const std::string& ip) {
  if (!ip.empty()) logger_.info("Learner connected from /{}", ip);
  role_monitor_.link_open(link, ip, reactor_.now());
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_link_open(link, now, out); });
}
void QuorumZooKeeperServer::Impl::on_quorum_packet(ConnId link, zab::QuorumPacket packet) {
  role_monitor_.received(link, packet, reactor_.now());
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_packet(link, packet, now, out); });
}
void QuorumZooKeeperServer::Impl::on_link_closed(ConnId link, Error) {
  sends_->drop(link);
  outgoing_packets_.erase(link);
  role_monitor_.link_closed(link);
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_link_closed(link, now, out); });
}
void QuorumZooKeeperServer::Impl::on_leader_unreachable() {
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_leader_unreachable(now, out); });
}

// ---- the pipeline's writes ----

void QuorumZooKeeperServer::Impl::propose(const zk::Proposal& proposal, zk::Effects&) {
  // The peer may have left the role while the pipeline still has a step to finish.
  if (!peer_->leader() || !peer_->leader()->serving()) return;
  role_monitor_.proposed(proposal.txn.header.zxid, std::ssize(proposal.payload.bytes()), reactor_.now());
  defer_peer([&](zab::Effects& out) { peer_->propose(proposal.txn.header.zxid, proposal.payload, out); });
}
void QuorumZooKeeperServer::Impl::forward(const zk::ForwardedRequest& request, zk::Effects&) {
  if (!peer_->learner()) return;
  defer_peer([&](zab::Effects& out) { peer_->learner()->forward(request, out); });
}
bool QuorumZooKeeperServer::Impl::sync(SessionId session, int32_t cxid, zk::Effects&) {
  if (leading_) return !peer_->leader() || peer_->leader()->sync(session, cxid);
  if (peer_->learner()) defer_peer([&](zab::Effects& out) { peer_->learner()->sync(session, cxid, {}, out); });
  return false;
}
bool QuorumZooKeeperServer::Impl::revalidate(SessionId session, int32_t timeout_ms, zk::Effects&) {
  if (leading_) return true;
  if (peer_->learner()) defer_peer([&](zab::Effects& out) { peer_->learner()->revalidate(session, timeout_ms, out); });
  return false;
}

// ---- packets ----

void QuorumZooKeeperServer::Impl::Packets::add(const zab::QuorumPacket& packet) {
  if (!packet.data || packet.data->size() <= kInlineBytes) return encode_to(tail, packet);
  chain.append(std::exchange(tail, {}).to_slice());
  chain.append(encode(packet));
}
Chain QuorumZooKeeperServer::Impl::Packets::take() {
  chain.append(std::exchange(tail, {}).to_slice());
  return std::move(chain);
}
void QuorumZooKeeperServer::Impl::flush_link(LinkId link) {
  const auto it = outgoing_packets_.find(link);
  if (it == outgoing_packets_.end()) return;
  Chain bytes = it->second.take();
  outgoing_packets_.erase(it);
  quorum_port_->send(link, std::move(bytes));
}
void QuorumZooKeeperServer::Impl::carry_out(zab::SendPacket& e) {
  role_monitor_.sent(e.link, e.packet, reactor_.now());
  if (Chain* behind = sends_->behind(e.link)) return behind->append(encode(e.packet));
  outgoing_packets_[e.link].add(e.packet);
  schedule_flush();
}
void QuorumZooKeeperServer::Impl::carry_out(zab::CloseLink& e) {
  flush_link(e.link);
  sends_->drop(e.link);
  role_monitor_.link_closed(e.link);
  quorum_port_->close(e.link);
}

void QuorumZooKeeperServer::Impl::carry_out(zab::SendSnapshot& e) {
  zk::Database& db = database();
  auto writer = std::make_unique<zk::SnapshotWriter>(db.tree, db.sessions, zk::SnapshotWriter::Form::kLearner);
  const Zxid zxid = writer->zxid();
  logger_.info("Sending snapshot 0x{:x} to a learner", static_cast<uint64_t>(zxid));
  const zab::QuorumPacket snap{zab::PacketType::kSnap, zxid, std::nullopt, std::nullopt};
  role_monitor_.sent(e.link, snap, reactor_.now());
  outgoing_packets_[e.link].add(snap);
  flush_link(e.link);
  sends_->begin_snapshot(*quorum_port_, e.link, std::move(writer));
}
void QuorumZooKeeperServer::Impl::carry_out(zab::FindInLog& e) {
  // snapshotSizeFactor: a part of the log is worth sending up to that share of what a snapshot would be.
  const zk::DataTree& tree = database().tree;
  const auto snapshot_bytes =
      static_cast<double>(tree.data_bytes() + static_cast<int64_t>(tree.node_count()) * kNodeBytes);
  auto bytes_max = static_cast<int64_t>(options_.config.snapshot_size_factor * snapshot_bytes);
  for (const auto& txn : committed_.txns()) bytes_max -= std::ssize(txn.payload.bytes());
  sends_->search({e.peer_last, e.until, log_base_, bytes_max}, [this, link = e.link](std::optional<Zxid> common) {
    peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_log_found(link, common, now, out); });
  });
}
void QuorumZooKeeperServer::Impl::carry_out(zab::SendLog& e) {
  flush_link(e.link);
  sends_->begin_log(*quorum_port_, e.link, e.after, e.before);
}

// ---- files ----

void QuorumZooKeeperServer::Impl::carry_out(zab::WriteAcceptedEpoch& e) {
  write_epoch(storage::zk::kAcceptedEpoch, e.epoch, -1);
}
void QuorumZooKeeperServer::Impl::carry_out(zab::WriteCurrentEpoch& e) {
  write_epoch(storage::zk::kCurrentEpoch, -1, e.epoch);
}
void QuorumZooKeeperServer::Impl::write_epoch(const char* name, int64_t accepted, int64_t current) {
  on_disk(
      [this, name, epoch = std::max(accepted, current)] {
        return storage::zk::write_epoch(fs_, data_dir_->snapshot_dir(), name, epoch);
      },
      [this, name, accepted, current](const Status& written) {
        if (!written)
          return fatal(fmt::format("cannot write {} in {}: {}", name, data_dir_->snapshot_dir(),
                                   errc_text(written.error().code)));
        peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_epoch_written(accepted, current, now, out); });
      });
}

void QuorumZooKeeperServer::Impl::carry_out(zab::AppendTxn& e) {
  snapshots_->logged(1, std::ssize(e.payload.bytes()));
  if (pipeline_ && snapshots_->due()) {
    commit_->roll();
    snapshots_->begin(database());
  }
  appended_ = e.zxid;
  commit_->append({e.zxid, std::move(e.payload)});
}

void QuorumZooKeeperServer::Impl::on_logged(Zxid zxid) {
  durable_ = zxid;
  role_monitor_.durable(zxid, reactor_.now());
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_durable(zxid, now, out); });
  finish_leaving();
}

void QuorumZooKeeperServer::Impl::carry_out(zab::TruncateLog& e) {
  logger_.warn("Truncating log to get in sync with the leader 0x{:x}", static_cast<uint64_t>(e.zxid));
  snapshots_->cancel();
  on_disk([this, zxid = e.zxid] { return truncate(zxid); },
          [this, zxid = e.zxid](Truncation done) {
            if (!done.failure.empty()) return fatal(done.failure);
            if (!done.database) {
              logger_.warn("The disk does not reach back to 0x{:x}: asking for a snapshot instead",
                           static_cast<uint64_t>(zxid));
              return peer_step([&](TimePoint now, zab::Effects& out) {
                peer_->on_truncated(false, database_->last_zxid(), now, out);
              });
            }
            database_ = std::move(done.database);
            log_base_ = done.base;
            appended_ = durable_ = database_->last_zxid();
            unsaved_snapshot_ = true;  // what follows until NEWLEADER is applied and not logged
            peer_step(
                [&](TimePoint now, zab::Effects& out) { peer_->on_truncated(true, database_->last_zxid(), now, out); });
          });
}

void QuorumZooKeeperServer::Impl::carry_out(zab::ReceiveSnapshot& e) {
  logger_.info("Getting a snapshot from leader 0x{:x}", static_cast<uint64_t>(e.zxid));
  incoming_ = std::make_unique<Incoming>(tree_options(options_.config), options_.config.jute, e.zxid);
  if (peer_->learner()) quorum_port_->expect_snapshot(peer_->learner()->link());
}

int64_t QuorumZooKeeperServer::Impl::on_snapshot_bytes(ConnId link, Bytes bytes) {
  static constexpr std::string_view kSignature = zab::kSnapshotSignature;
  constexpr size_t kTrailer = 4 + kSignature.size();
  if (!incoming_) return -1;
  const auto failed = [this] {
    logger_.error("The leader's snapshot cannot be read");
    incoming_.reset();
    peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_snapshot_loaded(std::nullopt, now, out); });
    return -1;
  };
  incoming_->bytes += std::ssize(bytes);
  peer_->on_progress(link, reactor_.now().mono);
  if (!incoming_->reader.feed(bytes)) return failed();
  if (!incoming_->reader.complete()) return -1;
  const Bytes surplus = incoming_->reader.surplus();
  if (surplus.size() < kTrailer) return -1;
  if (as_text(surplus.subspan(4, kSignature.size())) != kSignature) return failed();
  const int64_t used = std::ssize(bytes) - static_cast<int64_t>(surplus.size() - kTrailer);
  incoming_->database->loaded(incoming_->zxid, std::nullopt);
  snapshots_->cancel();
  const auto done = std::move(incoming_);
  database_ = std::move(done->database);
  unsaved_snapshot_ = true;
  logger_.info("Snapshot 0x{:x} received, {} bytes, {} znodes", static_cast<uint64_t>(done->zxid), done->bytes,
               database_->tree.node_count());
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_snapshot_loaded(done->zxid, now, out); });
  return used;
}

void QuorumZooKeeperServer::Impl::carry_out(zab::SaveSnapshot&) { save_snapshot(); }

// On the disk thread: nobody touches the database until it is done (the role waits, clients are not served).
void QuorumZooKeeperServer::Impl::save_snapshot() {
  on_disk(
      [this]() -> Status {
        // What the old log has beyond the snapshot is another history.
        KZ_CHECK(forget_after(database_->last_zxid()));
        const auto written = storage::zk::write_snapshot(fs_, data_dir_->snapshot_dir(), database_->tree,
                                                         database_->sessions, data_dir_->options().compression);
        if (!written) return std::unexpected(written.error());
        return {};
      },
      [this](const Status& status) {
        if (!status)
          return fatal(fmt::format("cannot write a snapshot in {}: {}", data_dir_->snapshot_dir(),
                                   errc_text(status.error().code)));
        unsaved_snapshot_ = false;
        log_base_ = appended_ = durable_ = database_->last_zxid();
        peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_snapshot_saved(now, out); });
      });
}

// ---- transactions and sessions ----

void QuorumZooKeeperServer::Impl::carry_out(zab::Committed& e) {
  role_monitor_.committed(e.zxid, reactor_.now());
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_committed(e.zxid, now, out); });
}
void QuorumZooKeeperServer::Impl::carry_out(zab::ApplyTxn& e) {
  if (const auto applied = database().replay(e.txn.payload, options_.config.jute); !applied)
    fatal(fmt::format("transaction 0x{:x} cannot be read", static_cast<uint64_t>(e.txn.zxid)));
}
void QuorumZooKeeperServer::Impl::carry_out(zab::DeliverTxn& e) {
  const auto txn = zk::decode_txn(e.txn.payload, options_.config.jute);
  if (!txn) return fatal(fmt::format("transaction 0x{:x} cannot be read", static_cast<uint64_t>(e.txn.zxid)));
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_committed_txn(*txn, now, out); });
}
void QuorumZooKeeperServer::Impl::carry_out(zab::LearnerRequest& e) {
  if (e.request.type == zk::OpCode::kSync) {
    if (peer_->leader()) defer_peer([&](zab::Effects& out) { peer_->leader()->sync_learner_request(e.link, out); });
    return;
  }
  e.request.owner = kOwnerBase + e.link;
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_forwarded(e.request, now, out); });
}
void QuorumZooKeeperServer::Impl::carry_out(zab::TouchSession& e) {
  if (!pipeline_) return;
  if (!leading_) return pipeline_->touch_for_observer(e.session, e.timeout_ms);
  pipeline_->sessions().touch(e.session, e.timeout_ms, reactor_.now());
}
void QuorumZooKeeperServer::Impl::carry_out(zab::RevalidateSession& e) {
  if (!pipeline_ || !peer_->leader()) return;
  // A local session of this server is nobody else's to resume.
  const bool valid = pipeline_->sessions().is_global(e.session) &&
                     pipeline_->sessions().touch(e.session, e.timeout_ms, reactor_.now());
  if (valid) pipeline_->sessions().set_owner(e.session, kOwnerBase + e.link);
  defer_peer([&](zab::Effects& out) { peer_->leader()->answer_revalidate(e.link, e.session, valid, out); });
}
void QuorumZooKeeperServer::Impl::carry_out(zab::Synced& e) {
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_synced(e.session, e.cxid, now, out); });
}
void QuorumZooKeeperServer::Impl::carry_out(zab::Revalidated& e) {
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_revalidated(e.session, e.valid, now, out); });
}
void QuorumZooKeeperServer::Impl::carry_out(zab::CollectTouches&) {
  std::vector<std::pair<SessionId, int32_t>> touched;
  if (pipeline_) touched = pipeline_->take_touched();
  if (peer_->learner()) defer_peer([&](zab::Effects& out) { peer_->learner()->on_touched(touched, out); });
}

}  // namespace kz::server
