#include "tests/sim/lib/zab_sim.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/lib/zab_sim_parts.h"

namespace kz::sim {

ZabScenario ZabScenario::drawn(uint64_t seed) {
  Rng rng(seed ^ 0x5ca1ab1e);
  ZabScenario s;
  s.voters = static_cast<int>(rng.between(3, 7));
  s.observers = rng.chance(0.3) ? static_cast<int>(rng.between(1, 2)) : 0;
  s.duration = ms(rng.between(5000, 25000));
  s.fault_per_second = rng.chance(0.2) ? 0.05 : 0.2 + static_cast<double>(rng.below(200)) / 100;
  s.write_per_second = static_cast<double>(rng.between(10, 120));
  if (rng.chance(0.4)) s.reconfig_share = rng.chance(0.5) ? 0.02 : 0.1;
  return s;
}

ZabSim::ZabSim(uint64_t seed, ZabScenario scenario) : scenario_(scenario), rng_(seed) {
  for (int i = 1; i <= scenario.voters + scenario.observers; ++i) {
    auto node = std::make_unique<Node>();
    node->id = i;
    node->observer = i > scenario.voters;
    nodes_[i] = std::move(node);
  }
  zk::QuorumConfig config;
  for (const auto& [id, n] : nodes_) config.servers[id] = member(id, n->observer);
  for (const auto& [id, n] : nodes_) n->config = config;
}
ZabSim::~ZabSim() = default;

void ZabSim::note(ServerId id, const std::string& what) {
  if (trace) trace(fmt::format("{:>12.3f} {:>3} {}", static_cast<double>(now_.ns) / 1e6, id, what));
}

void ZabSim::fail(const std::string& what) {
  if (!broken_) {
    broken_ = fmt::format("{} (at {:.3f} ms)", what, static_cast<double>(now_.ns) / 1e6);
    note(0, "BROKEN " + what);
  }
}

void ZabSim::after(Duration delay, std::function<void()> run) {
  events_.push({now_ + delay, ++sequence_, std::move(run)});
}

void ZabSim::on_node(ServerId id, Duration delay, std::function<void(Node&)> run) {
  const uint64_t life = nodes_[id]->life;
  after(delay, [this, id, life, run = std::move(run)] {
    Node& node = *nodes_[id];
    if (!node.up || node.life != life) return;
    if (node.paused) {
      node.held.push_back(run);
    } else {
      run(node);
    }
  });
}

Duration ZabSim::latency() { return std::chrono::microseconds{rng_.between(50, rng_.chance(0.02) ? 200000 : 3000)}; }

bool ZabSim::reachable(ServerId from, ServerId to) const { return !cut_.contains({from, to}); }

void ZabSim::boot(Node& node) {
  node.up = true;
  node.paused = false;
  node.held.clear();
  ++node.life;
  node.serving = node.port_open = node.syncing = node.unsaved_snapshot = false;
  node.pending.clear();
  node.links.clear();
  node.history = node.snapshot;
  node.committed = std::make_unique<zab::CommittedLog>(50);
  for (const LoggedTxn& t : node.log) {
    if (t.zxid > node.last_applied()) node.history.push_back(t);
  }
  for (size_t i = node.history.size() > 50 ? node.history.size() - 50 : 0; i < node.history.size(); ++i) {
    node.committed->add(node.history[i].zxid, node.history[i].payload);
  }
  zab::PeerOptions o;
  o.self = node.id;
  const auto self = node.config.servers.find(node.id);
  o.observer = self != node.config.servers.end() && self->second.observer;
  o.reconfig_enabled = scenario_.reconfig_share > 0;
  o.tick = ms(200);
  o.election.notification_interval_max = ms(2000);
  o.election.bug_order_by_id_first = scenario_.bug_order_by_id_first;
  o.leader.bug_skip_trunc = scenario_.bug_skip_trunc;
  o.leader.bug_commit_without_quorum = scenario_.bug_commit_without_quorum;
  o.learner.bug_ack_before_sync = scenario_.bug_ack_before_sync;
  o.learner.bug_accept_stale_epoch = scenario_.bug_accept_stale_epoch;
  node.peer = std::make_unique<zab::QuorumPeer>(
      o, node.config, zab::QuorumPeer::Durable{node.accepted_epoch, node.current_epoch, node.last_applied()},
      *node.committed, node.next);
  note(node.id,
       fmt::format("BOOT last=0x{:x} epoch={}/{}", node.last_applied(), node.accepted_epoch, node.current_epoch));
  step(node, [&](zab::Effects& out) { node.peer->start(now_, out); });
}

void ZabSim::crash(Node& node) {
  note(node.id, "CRASH");
  node.up = false;
  const std::set<LinkId> links = node.links;
  for (LinkId link : links) close_link(link, node.id);
  node.links.clear();
  // A prefix of what was written and not synced may have reached the disk.
  const auto keep = static_cast<std::ptrdiff_t>(rng_.below(node.unsynced.size() + 1));
  node.log.insert(node.log.end(), node.unsynced.begin(), node.unsynced.begin() + keep);
  node.unsynced.clear();
  node.serving = node.port_open = false;
  for (auto& [id, other] : nodes_) {
    if (id == node.id || !other->up || !rng_.chance(0.7)) continue;
    const ServerId dead = node.id;
    on_node(id, latency(), [this, dead](Node& n) {
      step(n, [&](zab::Effects& out) { n.peer->on_voter_unreachable(dead, now_, out); });
    });
  }
}

void ZabSim::step(Node& node, const std::function<void(zab::Effects&)>& input) {
  zab::Effects effects;
  input(effects);
  apply(node, effects);
  arm_tick(node);
}

void ZabSim::arm_tick(Node& node) {
  const TimePoint at = node.peer->deadline();
  if (at == TimePoint::max() || at == node.ticked_until) return;
  node.ticked_until = at;
  on_node(node.id, std::max(at - now_, Duration{0}) + std::chrono::microseconds{10}, [this](Node& n) {
    n.ticked_until = {};
    step(n, [&](zab::Effects& out) { n.peer->on_tick(now_, out); });
  });
}

void ZabSim::apply(Node& node, zab::Effects& effects) {
  for (auto& effect : effects) {
    if (!node.up || broken_) return;
    apply_one(node, effect);
  }
}

void ZabSim::deliver(Node& node, const LoggedTxn& txn) {
  if (!node.history.empty() && txn.zxid <= node.last_applied()) {
    return fail(fmt::format("server {} delivers 0x{:x} after 0x{:x}", node.id, txn.zxid, node.last_applied()));
  }
  node.history.push_back(txn);
  node.delivered = txn.zxid;
  // One order everywhere: what is delivered extends the known order or repeats it.
  if (order_.empty() || txn.zxid > order_.back().zxid) {
    order_.push_back(txn);
    return;
  }
  const auto it =
      std::lower_bound(order_.begin(), order_.end(), txn.zxid, [](const LoggedTxn& t, Zxid z) { return t.zxid < z; });
  if (it == order_.end() || !same(*it, txn)) {
    fail(fmt::format("server {} delivers 0x{:x}, which is not in the committed order", node.id, txn.zxid));
  }
}

void ZabSim::sync_log(Node& node) {
  if (node.syncing || node.unsynced.empty()) return;
  node.syncing = true;
  const size_t count = node.unsynced.size();
  on_node(node.id, std::chrono::microseconds{rng_.between(100, rng_.chance(0.1) ? 300000 : 2000)},
          [this, count](Node& n) {
            n.syncing = false;
            if (n.unsynced.size() < count) return;  // truncated meanwhile
            const Zxid zxid = n.unsynced[count - 1].zxid;
            n.log.insert(n.log.end(), n.unsynced.begin(), n.unsynced.begin() + static_cast<std::ptrdiff_t>(count));
            n.unsynced.erase(n.unsynced.begin(), n.unsynced.begin() + static_cast<std::ptrdiff_t>(count));
            step(n, [&](zab::Effects& out) { n.peer->on_durable(zxid, now_, out); });
            sync_log(n);
          });
}

// closer: the end that closes (it is not told), 0 for a reset that both ends see.
void ZabSim::apply_one(Node& node, zab::Effect& effect) {
  if (auto* e = std::get_if<zab::SendPacket>(&effect)) {
    const LinkId link = e->link;
    // The promise of phase 1: no epoch below the accepted one is ever acknowledged.
    if (e->packet.type == zab::PacketType::kAckEpoch && node.peer->learner() != nullptr &&
        node.peer->learner()->epoch() < node.accepted_epoch) {
      return fail(fmt::format("server {} accepts epoch {} after {}", node.id, node.peer->learner()->epoch(),
                              node.accepted_epoch));
    }
    auto bytes = encode(e->packet);
    transmit(link, node.id, [this, link, bytes](Node& n) {
      auto parsed = zab::parse_packet(bytes, 1 << 20);
      step(n, [&](zab::Effects& out) { n.peer->on_packet(link, *parsed->packet, now_, out); });
    });
  } else if (auto* snap = std::get_if<zab::SendSnapshot>(&effect)) {
    const LinkId link = snap->link;
    transmit(link, node.id, [this, link, history = node.history](Node& n) {
      n.incoming = history;
      const Zxid zxid = history.empty() ? 0 : history.back().zxid;
      step(n, [&](zab::Effects& out) {
        n.peer->on_packet(link, {zab::PacketType::kSnap, zxid, std::nullopt, std::nullopt}, now_, out);
      });
    });
  } else if (auto* find = std::get_if<zab::FindInLog>(&effect)) {
    on_node(node.id, std::chrono::microseconds{rng_.between(100, 20000)}, [this, e = *find](Node& n) {
      std::optional<Zxid> common;
      for (const LoggedTxn& t : n.log) {
        if (t.zxid <= e.peer_last) common = t.zxid;
      }
      note(n.id, fmt::format("FIND 0x{:x} in the log: {}", e.peer_last, common.has_value()));
      step(n, [&](zab::Effects& out) { n.peer->on_log_found(e.link, common, now_, out); });
    });
  } else if (auto* stream = std::get_if<zab::SendLog>(&effect)) {
    const LinkId link = stream->link;
    if (rng_.chance(0.02)) {
      on_node(node.id, ms(1), [this, link](Node& n) {
        step(n, [&](zab::Effects& out) { n.peer->on_log_unreadable(link, now_, out); });
      });
    }
    for (const LoggedTxn& t : node.log) {
      if (t.zxid <= stream->after || t.zxid >= stream->before) continue;
      for (const bool proposal : {true, false}) {
        transmit(link, node.id, [this, link, t, proposal](Node& n) {
          zab::QuorumPacket packet{proposal ? zab::PacketType::kProposal : zab::PacketType::kCommit, t.zxid,
                                   std::nullopt, std::nullopt};
          if (proposal) packet.data = t.payload;
          step(n, [&](zab::Effects& out) { n.peer->on_packet(link, packet, now_, out); });
        });
      }
    }
  } else if (std::get_if<zab::ReceiveSnapshot>(&effect)) {
    node.history = node.incoming;
    node.unsaved_snapshot = true;
    const Zxid zxid = node.last_applied();
    note(node.id, fmt::format("SNAP 0x{:x}", zxid));
    step(node, [&](zab::Effects& out) { node.peer->on_snapshot_loaded(zxid, now_, out); });
  } else if (auto* trunc = std::get_if<zab::TruncateLog>(&effect)) {
    const Zxid zxid = trunc->zxid;
    note(node.id, fmt::format("TRUNC 0x{:x}", zxid));
    // A server that began with a snapshot, or took one since, cannot go back behind it.
    if (!node.snapshot.empty() && node.snapshot.back().zxid > zxid) {
      note(node.id, "TRUNC below the snapshot");
      return step(node, [&](zab::Effects& out) { node.peer->on_truncated(false, node.last_applied(), now_, out); });
    }
    auto cut = [zxid](std::vector<LoggedTxn>& v) {
      std::erase_if(v, [zxid](const LoggedTxn& t) { return t.zxid > zxid; });
    };
    cut(node.log);
    cut(node.unsynced);
    cut(node.snapshot);
    cut(node.history);
    node.unsaved_snapshot = true;  // what follows until NEWLEADER is applied and not logged
    step(node, [&](zab::Effects& out) { node.peer->on_truncated(true, zxid, now_, out); });
  } else if (std::get_if<zab::SaveSnapshot>(&effect)) {
    on_node(node.id, ms(rng_.between(1, 20)), [this](Node& n) {
      n.snapshot = n.history;
      n.log.clear();
      n.unsaved_snapshot = false;
      step(n, [&](zab::Effects& out) { n.peer->on_snapshot_saved(now_, out); });
    });
  } else if (auto* append = std::get_if<zab::AppendTxn>(&effect)) {
    node.unsynced.push_back({append->zxid, append->payload});
    sync_log(node);
  } else if (auto* seen = std::get_if<zab::SeenConfig>(&effect)) {
    node.next = seen->config;
  } else if (auto* commit = std::get_if<zab::CommitConfig>(&effect)) {
    node.config = commit->config;
    if (node.next && node.next->version <= node.config.version) node.next.reset();
    if (commit->designated && node.peer->leader() != nullptr) ++reconfigs_;
    note(node.id, fmt::format("CONFIG 0x{:x}", node.config.version));
  } else if (auto* accepted = std::get_if<zab::WriteAcceptedEpoch>(&effect)) {
    on_node(node.id, std::chrono::microseconds{rng_.between(200, 5000)}, [this, epoch = accepted->epoch](Node& n) {
      n.accepted_epoch = epoch;
      step(n, [&](zab::Effects& out) { n.peer->on_epoch_written(epoch, -1, now_, out); });
    });
  } else if (auto* current = std::get_if<zab::WriteCurrentEpoch>(&effect)) {
    on_node(node.id, std::chrono::microseconds{rng_.between(200, 5000)}, [this, epoch = current->epoch](Node& n) {
      n.current_epoch = epoch;
      step(n, [&](zab::Effects& out) { n.peer->on_epoch_written(-1, epoch, now_, out); });
    });
  } else if (auto* committed = std::get_if<zab::Committed>(&effect)) {
    while (!node.pending.empty() && node.pending.front().zxid <= committed->zxid) {
      const LoggedTxn txn = node.pending.front();
      node.pending.erase(node.pending.begin());
      deliver(node, txn);
    }
  } else if (auto* deliver_txn = std::get_if<zab::DeliverTxn>(&effect)) {
    deliver(node, deliver_txn->txn);
  } else if (auto* apply_txn = std::get_if<zab::ApplyTxn>(&effect)) {
    if (apply_txn->txn.zxid > node.last_applied()) node.history.push_back(apply_txn->txn);
  } else if (auto* vote = std::get_if<zab::SendVote>(&effect)) {
    const ServerId to = vote->to;
    const ServerId from = node.id;
    if (!nodes_[to]->up) {
      on_node(from, latency(), [this, to](Node& n) {
        step(n, [&](zab::Effects& out) { n.peer->on_voter_unreachable(to, now_, out); });
      });
    } else if (reachable(from, to)) {
      on_node(to, latency(), [this, from, notification = vote->notification](Node& n) {
        step(n, [&](zab::Effects& out) { n.peer->on_notification(from, notification, now_, out); });
      });
    }
  } else if (auto* connect_to = std::get_if<zab::ConnectToLeader>(&effect)) {
    connect(node, connect_to->leader, 5);
  } else if (std::get_if<zab::OpenQuorumPort>(&effect)) {
    node.port_open = true;
  } else if (auto* close = std::get_if<zab::CloseLink>(&effect)) {
    const LinkId link = close->link;
    close_link(link, node.id);
  } else if (auto* serving = std::get_if<zab::StartServing>(&effect)) {
    node.serving = true;
    node.epoch = serving->epoch;
    note(node.id, fmt::format("SERVING epoch {}{}", serving->epoch, node.peer->leader() ? " as leader" : ""));
    if (node.peer->leader() != nullptr) {
      node.next_zxid = zab::make_zxid(serving->epoch, 1);
      const auto [it, fresh] = leaders_by_epoch_.emplace(serving->epoch, node.id);
      if (!fresh) return fail(fmt::format("servers {} and {} both lead epoch {}", it->second, node.id, serving->epoch));
      // Everything committed before must be there, in order.
      size_t at = 0;
      for (const LoggedTxn& t : node.history) {
        if (at < order_.size() && same(t, order_[at])) ++at;
      }
      if (at < order_.size()) {
        return fail(fmt::format("server {} leads epoch {} without 0x{:x}, which was committed", node.id, serving->epoch,
                                order_[at].zxid));
      }
      // What the new leader has on top becomes part of the order with it.
      for (const LoggedTxn& t : node.history) {
        if (order_.empty() || t.zxid > order_.back().zxid) order_.push_back(t);
      }
    }
    node.delivered = node.last_applied();
    for (const LoggedTxn& t : node.history) {
      const auto it =
          std::lower_bound(order_.begin(), order_.end(), t.zxid, [](const LoggedTxn& o, Zxid z) { return o.zxid < z; });
      if (it == order_.end() || !same(*it, t)) {
        return fail(fmt::format("server {} serves 0x{:x}, which is not in the committed order", node.id, t.zxid));
      }
    }
  } else if (auto* leave = std::get_if<zab::LeaveRole>(&effect)) {
    note(node.id, "LEAVE " + leave->reason);
    node.serving = node.port_open = false;
    node.pending.clear();
    const std::set<LinkId> links = node.links;
    for (LinkId link : links) close_link(link, node.id);
    node.links.clear();
    if (node.unsaved_snapshot) {
      node.snapshot = node.history;
      node.log.clear();
      node.unsaved_snapshot = false;
    }
    on_node(node.id, std::chrono::microseconds{rng_.between(100, 2000)}, [this](Node& n) {
      n.log.insert(n.log.end(), n.unsynced.begin(), n.unsynced.end());
      n.unsynced.clear();
      step(n, [&](zab::Effects& out) { n.peer->on_role_left(now_, out); });
    });
  } else if (auto* state = std::get_if<zab::StateChanged>(&effect)) {
    static const char* const kNames[] = {"LOOKING", "FOLLOWING", "LEADING", "OBSERVING"};
    note(node.id, fmt::format("{} {}", kNames[static_cast<int>(state->state)], state->leader));
  }
}

}  // namespace kz::sim
