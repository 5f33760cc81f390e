// ZabSim: load, reconfigurations, faults, healing, and the run of a scenario.
#include <fmt/format.h>

#include <algorithm>

#include "core/bytes/writer.h"
#include "core/zk/txn.h"
#include "tests/sim/lib/zab_sim_parts.h"

namespace kz::sim {

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

}  // namespace kz::sim
