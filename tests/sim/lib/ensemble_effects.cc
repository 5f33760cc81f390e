// SimServer: what the peer wants done. The order is that of cmd/server/quorum_effects.cc.
#include <fmt/format.h>

#include "core/bytes/reader.h"
#include "tests/sim/lib/ensemble_server_parts.h"

namespace kz::sim {
namespace {

constexpr uint64_t kOwnerBase = uint64_t{1} << 32;  // forwarded requests belong to their learner's link
constexpr size_t kPieceBytes = 700;                 // of a snapshot: small trees take several turns too

}  // namespace

void SimServer::carry_out(zab::Effect& effect) {
  using namespace zab;
  if (auto* packet = std::get_if<SendPacket>(&effect)) {
    send_packet(packet->link, packet->packet);
  } else if (auto* snap = std::get_if<SendSnapshot>(&effect)) {
    send_snapshot(snap->link);
  } else if (auto* find = std::get_if<FindInLog>(&effect)) {
    find_in_log(*find);
  } else if (auto* stream = std::get_if<SendLog>(&effect)) {
    send_log(*stream);
  } else if (auto* close = std::get_if<CloseLink>(&effect)) {
    sending_.erase(close->link);
    if (const auto it = links_.find(close->link); it != links_.end()) {
      world_.close(it->second, id_);
      links_.erase(it);
    }
  } else if (auto* accepted = std::get_if<WriteAcceptedEpoch>(&effect)) {
    take_epoch("acceptedEpoch", accepted->epoch, -1);
  } else if (auto* current = std::get_if<WriteCurrentEpoch>(&effect)) {
    take_epoch("currentEpoch", -1, current->epoch);
  } else if (auto* txn = std::get_if<AppendTxn>(&effect)) {
    append(txn->zxid, txn->payload);
  } else if (std::holds_alternative<ReceiveSnapshot>(effect)) {
    incoming_ = std::make_unique<Incoming>(database().tree.options(), std::get<ReceiveSnapshot>(effect).zxid);
  } else if (auto* trunc = std::get_if<TruncateLog>(&effect)) {
    truncate(trunc->zxid);
  } else if (std::holds_alternative<SaveSnapshot>(effect)) {
    save_snapshot();
  } else if (auto* committed = std::get_if<Committed>(&effect)) {
    const Zxid zxid = committed->zxid;
    while (!proposed_.empty() && proposed_.front() <= zxid) {
      deliver(proposed_.front());
      proposed_.pop_front();
    }
    client_step([&](Now now, zk::Effects& out) { pipeline_->on_committed(zxid, now, out); });
    stands();
  } else if (auto* apply = std::get_if<ApplyTxn>(&effect)) {
    const Zxid zxid = apply->txn.zxid;
    if (zxid > applied()) history_.push_back(zxid);
    auto& db = pipeline_ ? pipeline_->database() : *database_;
    if (!db.replay(apply->txn.payload)) order_.fail(fmt::format("server {} cannot apply 0x{:x}", id_, zxid));
  } else if (auto* delivery = std::get_if<DeliverTxn>(&effect)) {
    const auto decoded = zk::decode_txn(delivery->txn.payload);
    if (!decoded) return order_.fail(fmt::format("server {} cannot decode 0x{:x}", id_, delivery->txn.zxid));
    deliver(delivery->txn.zxid);
    client_step([&](Now now, zk::Effects& out) { pipeline_->on_committed_txn(*decoded, now, out); });
    stands();
  } else if (auto* request = std::get_if<LearnerRequest>(&effect)) {
    if (request->request.type == zk::OpCode::kSync) {
      if (peer_->leader()) defer_peer([&](Effects& out) { peer_->leader()->sync_learner_request(request->link, out); });
      return;
    }
    request->request.owner = kOwnerBase + request->link;
    client_step([&](Now now, zk::Effects& out) { pipeline_->on_forwarded(request->request, now, out); });
  } else if (auto* touch = std::get_if<TouchSession>(&effect)) {
    if (pipeline_) pipeline_->sessions().touch(touch->session, touch->timeout_ms, world_.clock());
  } else if (auto* asked = std::get_if<RevalidateSession>(&effect)) {
    if (!pipeline_ || !peer_->leader()) return;
    const bool valid = pipeline_->sessions().touch(asked->session, asked->timeout_ms, world_.clock());
    if (valid) pipeline_->sessions().set_owner(asked->session, kOwnerBase + asked->link);
    defer_peer([&](Effects& out) { peer_->leader()->answer_revalidate(asked->link, asked->session, valid, out); });
  } else if (auto* synced = std::get_if<Synced>(&effect)) {
    client_step([&](Now now, zk::Effects& out) { pipeline_->on_synced(synced->session, synced->cxid, now, out); });
  } else if (auto* answer = std::get_if<Revalidated>(&effect)) {
    client_step(
        [&](Now now, zk::Effects& out) { pipeline_->on_revalidated(answer->session, answer->valid, now, out); });
  } else if (std::holds_alternative<CollectTouches>(effect)) {
    std::vector<std::pair<SessionId, int32_t>> touched;
    if (pipeline_) touched = pipeline_->take_touched();
    if (peer_->learner()) defer_peer([&](Effects& out) { peer_->learner()->on_touched(touched, out); });
  } else if (auto* serving = std::get_if<StartServing>(&effect)) {
    start_serving(serving->epoch);
  } else if (auto* vote = std::get_if<SendVote>(&effect)) {
    send_vote(vote->to, vote->notification);
  } else if (auto* leader = std::get_if<ConnectToLeader>(&effect)) {
    connect(leader->leader, 5);
  } else if (std::holds_alternative<OpenQuorumPort>(effect)) {
    port_open_ = true;
  } else if (auto* role = std::get_if<LeaveRole>(&effect)) {
    leave(role->reason);
  } else if (auto* state = std::get_if<StateChanged>(&effect)) {
    static const char* const kNames[] = {"LOOKING", "FOLLOWING", "LEADING", "OBSERVING"};
    note(fmt::format("{} {}", kNames[static_cast<int>(state->state)], state->leader));
  }
}

// ---- packets ----

void SimServer::send_packet(LinkId link, const zab::QuorumPacket& packet) {
  // The promise of phase 1: no epoch below the accepted one is ever acknowledged.
  if (packet.type == zab::PacketType::kAckEpoch && peer_->learner() != nullptr &&
      peer_->learner()->epoch() < peer_->durable().accepted_epoch) {
    return order_.fail(fmt::format("server {} accepts epoch {} after {}", id_, peer_->learner()->epoch(),
                                   peer_->durable().accepted_epoch));
  }
  if (world_.trace_packets) note(fmt::format("SENDS over {}: {}", link, print(packet)));
  Frame frame{Frame::Kind::kPacket, encode(packet), {}, 0};
  if (mute_.contains(link)) return;
  if (const auto it = sending_.find(link); it != sending_.end()) {
    it->second->behind.push_back(std::move(frame));
  } else if (const auto to = links_.find(link); to != links_.end()) {
    world_.send(to->second, id_, std::move(frame));
  }
}

void SimServer::send_snapshot(LinkId link) {
  auto& db = pipeline_ ? pipeline_->database() : *database_;
  auto out = std::make_unique<Outgoing>(db);
  out->history = std::make_shared<const History>(history_);
  send_packet(link, {zab::PacketType::kSnap, out->writer.zxid(), std::nullopt, std::nullopt});
  sending_[link] = std::move(out);
  later(std::chrono::microseconds{100}, [this, link] { snapshot_turn(link); });
}

void SimServer::snapshot_turn(LinkId link) {
  const auto it = sending_.find(link);
  const auto to = links_.find(link);
  if (it == sending_.end() || to == links_.end()) return;
  Outgoing& o = *it->second;
  Buffer buffer;
  const bool more = o.writer.step(buffer, kPieceBytes);
  world_.send(to->second, id_, {Frame::Kind::kSnapshotPiece, buffer.to_slice(), {}, 0});
  if (more)
    return later(std::chrono::microseconds{world_.rng.between(100, 3000)}, [this, link] { snapshot_turn(link); });
  // The tree went on while it was sent.
  world_.send(to->second, id_, {Frame::Kind::kSnapshotEnd, {}, o.history, std::max(applied(), fuzzy_until_)});
  const auto behind = std::move(o.behind);
  sending_.erase(it);
  for (const Frame& frame : behind) world_.send(to->second, id_, frame);
}

void SimServer::on_link_frame(LinkId link, const Frame& frame) {
  if (frame.kind == Frame::Kind::kPacket) {
    const auto parsed = zab::parse_packet(frame.bytes, 1 << 20);
    KZ_ASSERT(parsed && parsed->packet);
    return peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_packet(link, *parsed->packet, now, out); });
  }
  if (!incoming_) return;
  if (frame.kind == Frame::Kind::kSnapshotPiece) {
    if (!incoming_->reader.feed(frame.bytes.bytes())) order_.fail(fmt::format("server {} cannot read a snapshot", id_));
    return;
  }
  if (!incoming_->reader.complete()) return order_.fail(fmt::format("server {} got half a snapshot", id_));
  incoming_->database->loaded(incoming_->zxid, std::nullopt);
  snapshot_.reset();
  const auto done = std::move(incoming_);
  database_ = std::move(done->database);
  unsaved_snapshot_ = true;
  history_ = *frame.history;
  fuzzy_until_ = frame.fuzzy_until;
  note(fmt::format("SNAP 0x{:x}", done->zxid));
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_snapshot_loaded(done->zxid, now, out); });
}

// ---- the election and the leader's port ----

void SimServer::send_vote(ServerId to, const election::Notification& notification) {
  SimServer* peer = all_.at(to).get();
  if (!peer->up_) {
    later(world_.latency(), [this, to] {
      peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_voter_unreachable(to, now, out); });
    });
  } else if (world_.reachable(id_, to)) {
    const Slice bytes = election::encode(notification);
    peer->later(world_.latency(), [peer, from = id_, bytes] {
      const auto decoded = election::decode_notification(bytes.bytes());
      KZ_ASSERT(decoded.has_value());
      peer->on_vote(from, *decoded);
    });
  }
}

void SimServer::on_vote(ServerId from, const election::Notification& notification) {
  peer_->on_voter_reachable(from);
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_notification(from, notification, now, out); });
}

void SimServer::connect(ServerId leader, int attempts) {
  later(world_.latency(), [this, leader, attempts] {
    if (peer_->state() == election::ServerState::kLooking || peer_->learner() != nullptr) return;
    SimServer* target = all_.at(leader).get();
    if (!target->up_ || !target->port_open_ || !world_.reachable(id_, leader) || !world_.reachable(leader, id_)) {
      if (attempts > 1) return later(ms(100), [this, leader, attempts] { connect(leader, attempts - 1); });
      return peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_leader_unreachable(now, out); });
    }
    static LinkId next_link = 0;
    const LinkId link = ++next_link;
    const auto end_of = [link](SimServer* s) {
      LinkEnd end;
      end.party = s->id_;
      end.on_frame = [s, link, life = s->life_](const Frame& frame) {
        if (life != s->life_) return;
        s->here([s, link, frame] {
          if (s->links_.contains(link)) s->on_link_frame(link, frame);
        })();
      };
      end.on_closed = [s, link, life = s->life_] {
        if (life != s->life_) return;
        s->here([s, link] {
          s->sending_.erase(link);
          if (s->links_.erase(link) == 0) return;
          s->peer_step([&](TimePoint now, zab::Effects& out) { s->peer_->on_link_closed(link, now, out); });
        })();
      };
      return end;
    };
    const uint64_t connection = world_.open(end_of(this), end_of(target));
    links_[link] = target->links_[link] = connection;
    target->here([target, link] {
      target->peer_step([&](TimePoint now, zab::Effects& out) { target->peer_->on_link_open(link, now, out); });
    })();
    if (links_.contains(link))
      peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_link_open(link, now, out); });
  });
}

// ---- roles ----

void SimServer::start_serving(int64_t epoch) {
  leading_ = peer_->state() == election::ServerState::kLeading;
  note(fmt::format("SERVING epoch {}{}", epoch, leading_ ? " as leader" : ""));
  if (leading_) {
    order_.leads(id_, epoch, history_);
    database_->tree.set_last_zxid(zab::make_zxid(epoch, 0));
  }
  order_.serves(id_, history_);
  proposed_.clear();
  client_tick_ = {};
  pipeline_ = std::make_unique<zk::Pipeline>(config_, id_, std::move(database_), *this, world_.clock());
  client_step([this](Now now, zk::Effects& out) { pipeline_->start(now, out); });
}

void SimServer::deliver(Zxid zxid) {
  if (zxid <= applied())
    return order_.fail(fmt::format("server {} delivers 0x{:x} after 0x{:x}", id_, zxid, applied()));
  history_.push_back(zxid);
  order_.delivered(id_, zxid);
}

void SimServer::stands() {
  if (!up_ || !pipeline_ || applied() < fuzzy_until_) return;
  const auto& db = pipeline_->database();
  if (db.last_zxid() == applied()) order_.stands(id_, applied(), db.tree.digest());
}

void SimServer::leave(const std::string& reason) {
  note("LEAVE " + reason);
  port_open_ = false;
  sending_.clear();
  incoming_.reset();
  for (const auto& [link, connection] : links_) world_.close(connection, id_);
  links_.clear();
  if (pipeline_) {
    zk::Effects out;
    pipeline_->close_all(out);
    run(out);
    database_ = pipeline_->take_database();
    pipeline_.reset();
  }
  snapshot_.reset();
  proposed_.clear();
  leading_ = false;
  leaving_ = true;
  finish_leaving();
}

void SimServer::finish_leaving() {
  if (!leaving_ || disk_jobs_ > 0) return;
  if (unsaved_snapshot_) return save_snapshot();
  if (durable_ < appended_) return;
  leaving_ = false;
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_role_left(now, out); });
}

}  // namespace kz::sim
