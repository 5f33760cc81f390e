#include "tests/sim/lib/zab_sim.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/bytes/writer.h"
#include "core/zk/txn.h"

namespace kz::sim {

using zab::LinkId;
using zab::LoggedTxn;

struct ZabSim::Node {
  ServerId id = 0;
  bool observer = false;
  bool up = false;
  bool paused = false;
  uint64_t life = 0;                             // grows with each restart
  std::vector<std::function<void(Node&)>> held;  // events while paused

  // Durable.
  int64_t accepted_epoch = 0;
  int64_t current_epoch = 0;
  std::vector<LoggedTxn> snapshot;
  std::vector<LoggedTxn> log;
  zk::QuorumConfig config;               // zoo.cfg and its dynamic file
  std::optional<zk::QuorumConfig> next;  // the .dynamic.next file
  // Lost in a crash.
  std::vector<LoggedTxn> unsynced;
  bool syncing = false;
  std::vector<LoggedTxn> history;   // the tree: everything applied
  std::vector<LoggedTxn> pending;   // leader: proposed, not committed
  std::vector<LoggedTxn> incoming;  // a snapshot on its way in
  bool unsaved_snapshot = false;
  bool serving = false;
  bool port_open = false;
  int64_t epoch = 0;
  Zxid next_zxid = 0;
  Zxid delivered = 0;  // highest transaction that clients of this server may have seen
  std::unique_ptr<zab::CommittedLog> committed;
  std::unique_ptr<zab::QuorumPeer> peer;
  std::set<LinkId> links;
  TimePoint ticked_until;

  Zxid last_applied() const { return history.empty() ? 0 : history.back().zxid; }
};

// One connection on the quorum port. Frames keep their order in each direction.
struct ZabSim::Link {
  ServerId learner = 0;
  ServerId leader = 0;
  TimePoint last_delivery[2];                           // to the learner, to the leader
  std::deque<std::function<void(Node&)>> held_back[2];  // sent into a cut network: TCP sends it again until it arrives
};

namespace {
zk::QuorumServer member(ServerId id, bool observer) {
  zk::QuorumServer s;
  s.id = id;
  s.observer = observer;
  s.addresses.push_back({{"h", static_cast<uint16_t>(id)}, {"h", static_cast<uint16_t>(100 + id)}});
  return s;
}

bool same(const LoggedTxn& a, const LoggedTxn& b) { return a.zxid == b.zxid && a.payload.text() == b.payload.text(); }
}  // namespace

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
void ZabSim::close_link(uint64_t link, ServerId closer) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  const std::pair<ServerId, ServerId> ends{it->second.learner, it->second.leader};
  links_.erase(it);
  for (ServerId id : {ends.first, ends.second}) {
    Node& node = *nodes_[id];
    if (id == closer || !node.up || !node.links.contains(link)) {
      node.links.erase(link);
    } else if (closer != 0 && !reachable(closer, id)) {
      half_open_.emplace_back(id, link);
    } else {
      tell_closed(id, link);
    }
  }
}

void ZabSim::tell_closed(ServerId id, uint64_t link) {
  nodes_[id]->links.erase(link);
  on_node(id, latency(),
          [this, link](Node& n) { step(n, [&](zab::Effects& out) { n.peer->on_link_closed(link, now_, out); }); });
}

void ZabSim::transmit(uint64_t link, ServerId from, std::function<void(Node&)> arrive) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  const int direction = it->second.learner == from ? 1 : 0;
  const ServerId to = direction == 1 ? it->second.leader : it->second.learner;
  auto& held = it->second.held_back[direction];
  if (!held.empty() || !reachable(from, to)) {
    held.push_back(std::move(arrive));
    return;
  }
  TimePoint& last = it->second.last_delivery[direction];
  last = std::max(last, now_ + latency());
  on_node(to, last - now_, [link, arrive = std::move(arrive)](Node& n) {
    if (n.links.contains(link)) arrive(n);
  });
}

void ZabSim::reconnect_network() {
  cut_.clear();
  for (auto& [link, l] : links_) {
    for (int direction : {0, 1}) {
      auto held = std::move(l.held_back[direction]);
      l.held_back[direction].clear();
      for (auto& arrive : held) transmit(link, direction == 1 ? l.learner : l.leader, std::move(arrive));
    }
  }
  for (const auto& [id, link] : std::exchange(half_open_, {})) {
    if (nodes_[id]->up && nodes_[id]->links.contains(link)) tell_closed(id, link);
  }
}

void ZabSim::connect(Node& node, ServerId leader, int attempts) {
  on_node(node.id, latency(), [this, leader, attempts](Node& n) {
    if (n.peer->state() == election::ServerState::kLooking || n.peer->learner() != nullptr) return;
    Node& target = *nodes_[leader];
    if (target.up && target.port_open && reachable(n.id, leader) && reachable(leader, n.id)) {
      const LinkId link = next_link_++;
      links_[link] = Link{n.id, leader, {}, {}};
      n.links.insert(link);
      target.links.insert(link);
      step(target, [&](zab::Effects& out) { target.peer->on_link_open(link, now_, out); });
      if (links_.contains(link)) step(n, [&](zab::Effects& out) { n.peer->on_link_open(link, now_, out); });
    } else if (attempts > 1) {
      on_node(n.id, ms(100), [this, leader, attempts](Node& again) { connect(again, leader, attempts - 1); });
    } else {
      step(n, [&](zab::Effects& out) { n.peer->on_leader_unreachable(now_, out); });
    }
  });
}

// Everybody is drawn anew as voter, observer or stranger; nullopt when the leader would refuse it.
std::optional<zk::QuorumConfig> ZabSim::drawn_config(Node& leader, Zxid zxid) {
  if (leader.peer->last_seen().version != leader.peer->config().version) return std::nullopt;
  zk::QuorumConfig config;
  config.version = zxid;
  for (const auto& [id, n] : nodes_) {
    const auto role = rng_.below(6);
    if (role < 5) config.servers[id] = member(id, role == 4);
  }
  if (config.voters().size() < 2 || !leader.peer->leader()->quorum_synced(config)) return std::nullopt;
  return config;
}

void ZabSim::client_write() {
  std::vector<Node*> leaders;
  for (auto& [id, n] : nodes_) {
    if (n->up && !n->paused && n->serving && n->peer->leader() != nullptr && n->peer->leader()->serving())
      leaders.push_back(n.get());
  }
  if (leaders.empty()) return;
  Node& leader = *leaders[rng_.below(leaders.size())];
  const Zxid zxid = leader.next_zxid;
  Slice payload;
  if (scenario_.reconfig_share > 0 && rng_.chance(scenario_.reconfig_share)) {
    const auto config = drawn_config(leader, zxid);
    if (!config) return;
    note(leader.id, fmt::format("RECONFIG 0x{:x} voters {}", zxid, fmt::join(config->voters(), ",")));
    zk::Txn change;
    change.header = {0, 0, zxid, 0, static_cast<int32_t>(zk::OpCode::kReconfig)};
    change.body = zk::SetDataTxn{"/zookeeper/config", zk::NullableBytes(Slice::copy_of(config->text())), -1};
    payload = encode_txn(change);
  } else {
    Buffer b;
    b.u64(next_write_++);
    payload = b.to_slice();
  }
  ++leader.next_zxid;
  LoggedTxn txn{zxid, payload};
  leader.pending.push_back(txn);
  step(leader, [&](zab::Effects& out) { leader.peer->propose(txn.zxid, txn.payload, out); });
}

void ZabSim::fault() {
  Node& node = *nodes_[rng_.between(1, static_cast<int64_t>(nodes_.size()))];
  const auto kind = rng_.below(7);
  if (kind == 6 && scenario_.crashes) {
    // The power of a rack: several servers lose what they had not synced at one moment.
    note(0, "POWER FAILURE");
    for (auto& [id, n] : nodes_) {
      if (!n->up || !rng_.chance(0.8)) continue;
      // The leader's disk is the one that surely has what it committed: the others elect without it, often.
      const bool late = n->peer->leader() != nullptr && rng_.chance(0.6);
      crash(*n);
      after(ms(late ? 8000 : rng_.between(1, 500)), [this, id = id] {
        if (!nodes_[id]->up) boot(*nodes_[id]);
      });
    }
    return;
  }
  if (kind <= 1 && scenario_.crashes) {
    if (!node.up) return;
    crash(node);
    const ServerId id = node.id;
    after(ms(rng_.between(1, 6000)), [this, id] {
      if (!nodes_[id]->up) boot(*nodes_[id]);
    });
  } else if (kind == 2 && scenario_.pauses && node.up && !node.paused) {
    note(node.id, "PAUSE");
    node.paused = true;
    const ServerId id = node.id;
    const uint64_t life = node.life;
    after(ms(rng_.between(10, 4000)), [this, id, life] {
      Node& n = *nodes_[id];
      if (!n.up || n.life != life || !n.paused) return;
      note(id, "RESUME");
      n.paused = false;
      auto held = std::move(n.held);
      n.held.clear();
      for (auto& h : held) {
        if (n.up && n.life == life) h(n);
      }
    });
  } else if (kind <= 4 && scenario_.partitions) {
    std::set<ServerId> side;
    for (auto& [id, n] : nodes_) {
      if (rng_.chance(0.5)) side.insert(id);
    }
    const bool one_way = rng_.chance(0.3);
    note(0, fmt::format("PARTITION {} servers{}", side.size(), one_way ? " one way" : ""));
    for (ServerId a : side) {
      for (auto& [b, n] : nodes_) {
        if (side.contains(b)) continue;
        cut_.insert({a, b});
        if (!one_way) cut_.insert({b, a});
      }
    }
    after(ms(rng_.between(100, 5000)), [this] {
      note(0, "PARTITION over");
      reconnect_network();
    });
  } else if (!links_.empty()) {
    auto it = links_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(rng_.below(links_.size())));
    note(it->second.learner, "LINK RESET");
    close_link(it->first, 0);
  }
}

void ZabSim::heal() {
  reconnect_network();
  // Often with a power failure, so that servers which are behind take part in the election that must succeed.
  if (scenario_.crashes && rng_.chance(0.6)) {
    note(0, "POWER FAILURE");
    for (auto& [id, n] : nodes_) {
      if (n->up) crash(*n);
    }
  }
  for (auto& [id, n] : nodes_) {
    if (n->paused) {
      n->paused = false;
      auto held = std::move(n->held);
      n->held.clear();
      const uint64_t life = n->life;
      for (auto& h : held) {
        if (n->up && n->life == life) h(*n);
      }
    }
    if (!n->up) boot(*n);
  }
}

std::optional<std::string> ZabSim::run() {
  for (auto& [id, n] : nodes_) {
    Node* node = n.get();
    after(ms(rng_.between(0, 500)), [this, node] {
      if (!node->up) boot(*node);
    });
  }
  const TimePoint end = now_ + scenario_.duration;
  std::function<void()> writes = [&] {
    if (now_ >= end) return;
    client_write();
    after(std::chrono::microseconds{static_cast<int64_t>(1e6 / scenario_.write_per_second *
                                                         (0.2 + 1.6 * static_cast<double>(rng_.below(1000)) / 1000))},
          writes);
  };
  std::function<void()> faults = [&] {
    if (now_ >= end) return;
    fault();
    after(std::chrono::microseconds{static_cast<int64_t>(1e6 / scenario_.fault_per_second *
                                                         (0.2 + 1.6 * static_cast<double>(rng_.below(1000)) / 1000))},
          faults);
  };
  after(ms(1000), writes);
  after(ms(2000), faults);
  auto turn = [&] {
    Event e = events_.top();
    events_.pop();
    now_ = e.at;
    e.run();
  };
  while (!events_.empty() && !broken_ && events_.top().at < end) turn();
  if (broken_) return broken_;

  note(0, "HEAL");
  heal();
  const TimePoint limit = now_ + ms(60000);
  const size_t before = order_.size();
  auto all_have = [&] {
    if (order_.size() <= before) return false;
    for (auto& [id, n] : nodes_) {
      if (!n->up || n->delivered < order_.back().zxid) return false;
    }
    return true;
  };
  TimePoint next_write = now_;
  while (!broken_ && now_ < limit && !events_.empty() && !all_have()) {
    if (now_ >= next_write && order_.size() <= before) {
      client_write();
      next_write = now_ + ms(200);
    }
    turn();
  }
  if (!broken_ && !all_have()) fail("no progress within 60 s of healing");
  return broken_;
}

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
