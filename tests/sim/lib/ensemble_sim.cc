#include "tests/sim/lib/ensemble_sim.h"

#include <fmt/format.h>

#include <algorithm>

namespace kz::sim {

EnsembleScenario EnsembleScenario::drawn(uint64_t seed) {
  Rng rng(seed ^ 0x5ca1ab1e);
  EnsembleScenario s;
  s.voters = static_cast<int>(rng.between(3, 7));
  s.observers = rng.chance(0.3) ? static_cast<int>(rng.between(1, 2)) : 0;
  s.clients = static_cast<int>(rng.between(2, 6));
  s.duration = ms(rng.between(5000, 20000));
  s.fault_per_second = rng.chance(0.2) ? 0.1 : 0.3 + static_cast<double>(rng.below(150)) / 100;
  s.think = ms(rng.between(5, 60));
  s.churn = rng.chance(0.25);
  return s;
}

EnsembleSim::EnsembleSim(uint64_t seed, EnsembleScenario scenario) : scenario_(scenario), world_(seed) {
  for (ServerId id = 1; id <= scenario.voters + scenario.observers; ++id)
    servers_[id] = std::make_unique<SimServer>(world_, order_, servers_, scenario_, id, id > scenario.voters);
  if (scenario.churn) {
    for (auto& [id, server] : servers_) server->on_epoch_chosen = [this](ServerId leader) { doom(leader); };
  }
  for (int i = 0; i < scenario.clients; ++i)
    clients_.push_back(std::make_unique<SimClient>(world_, order_, servers_, scenario_, kFirstClient + i));
}

EnsembleSim::~EnsembleSim() = default;

size_t EnsembleSim::acknowledged() const {
  size_t n = 0;
  for (const auto& c : clients_) n += c->acknowledged();
  return n;
}
size_t EnsembleSim::reads() const {
  size_t n = 0;
  for (const auto& c : clients_) n += c->reads();
  return n;
}
size_t EnsembleSim::sessions() const {
  size_t n = 0;
  for (const auto& c : clients_) n += c->sessions();
  return n;
}
size_t EnsembleSim::events() const {
  size_t n = 0;
  for (const auto& c : clients_) n += c->events();
  return n;
}

void EnsembleSim::boot_later(ServerId id, Duration delay) {
  world_.after(delay, [this, id] {
    if (!servers_[id]->up()) servers_[id]->boot();
  });
}

// The power of a rack: several servers lose what they had not synced at one moment.
void EnsembleSim::power_failure() {
  world_.note(0, "POWER FAILURE");
  for (auto& [id, server] : servers_) {
    if (!server->up() || !world_.rng.chance(0.8)) continue;
    // The leader's disk is the one that surely has what it committed: the others elect without it, often.
    const bool late = server->knows_leader() && world_.rng.chance(0.6);
    server->power_off();
    boot_later(id, ms(late ? 8000 : world_.rng.between(1, 500)));
  }
}

void EnsembleSim::partition() {
  std::vector<Party> all;
  for (const auto& [id, server] : servers_) all.push_back(id);
  for (size_t i = 0; i < clients_.size(); ++i) all.push_back(kFirstClient + static_cast<Party>(i));
  std::set<Party> side;
  for (const Party p : all) {
    if (world_.rng.chance(0.5)) side.insert(p);
  }
  const bool one_way = world_.rng.chance(0.3);
  world_.note(0, fmt::format("PARTITION {} parties{}", side.size(), one_way ? " one way" : ""));
  for (const Party a : side) {
    for (const Party b : all) {
      if (side.contains(b)) continue;
      world_.cut(a, b);
      if (!one_way) world_.cut(b, a);
    }
  }
  world_.after(ms(world_.rng.between(100, 5000)), [this] {
    world_.note(0, "PARTITION over");
    world_.mend();
  });
}

// Most of the others never hear what this leader says; it dies before it serves.
void EnsembleSim::doom(ServerId leader) {
  if (healing_ || !world_.rng.chance(0.6)) return;
  world_.note(leader, "DOOMED");
  const double share = world_.rng.chance(0.6) ? 1 : 0.6;
  for (const auto& [id, server] : servers_) {
    if (id != leader && world_.rng.chance(share)) world_.cut(leader, id);
  }
  world_.after(ms(world_.rng.between(8, 40)), [this, leader] {
    if (!servers_[leader]->up()) return;
    servers_[leader]->power_off();
    boot_later(leader, ms(world_.rng.between(50, world_.rng.chance(0.5) ? 300 : 5000)));
  });
  world_.after(ms(50), [this] { world_.mend(); });
}

void EnsembleSim::spoil_disk(SimServer& server) {
  const auto id = server.id();
  const auto kind = world_.rng.below(3);
  world_.note(id, kind == 0 ? "DISK an error" : kind == 1 ? "DISK full" : "DISK dead for a while");
  if (kind == 0) return server.disk().fail_nth_operation(world_.rng.between(1, 40));
  if (kind == 1) server.disk().set_capacity(server.disk().used_bytes() + world_.rng.between(0, 4000));
  if (kind == 2) server.disk().fail_paths("version-2");
  world_.after(ms(world_.rng.between(200, 4000)), [this, id] {
    world_.note(id, "DISK well again");
    servers_[id]->disk().set_capacity(INT64_MAX);
    servers_[id]->disk().fail_paths("");
  });
}

void EnsembleSim::fault() {
  if (scenario_.churn && world_.rng.chance(0.6)) {
    for (auto& [id, server] : servers_) {
      if (!server->knows_leader()) continue;
      server->power_off();
      return boot_later(id, ms(world_.rng.between(50, 500)));
    }
  }
  SimServer& server = *servers_[world_.rng.between(1, static_cast<int64_t>(servers_.size()))];
  switch (world_.rng.below(9)) {
    case 0:
      return power_failure();
    case 1:
    case 2:
      if (!server.up()) return;
      if (world_.rng.chance(0.5)) {
        server.kill();
      } else {
        server.power_off();
      }
      return boot_later(server.id(), ms(world_.rng.between(1, 6000)));
    case 3:
      if (!server.up() || server.paused()) return;
      world_.note(server.id(), "PAUSE");
      server.pause();
      return world_.after(ms(world_.rng.between(10, 4000)), [this, id = server.id()] {
        if (servers_[id]->paused()) world_.note(id, "RESUME");
        servers_[id]->resume();
      });
    case 4:
    case 5:
      return partition();
    case 6:
      return spoil_disk(server);
    default: {
      const auto links = world_.links();
      if (links.empty()) return;
      world_.note(0, "LINK RESET");
      world_.reset(links[world_.rng.below(links.size())]);
    }
  }
}

void EnsembleSim::heal() {
  world_.note(0, "HEAL");
  healing_ = true;
  world_.mend();
  // Often with a power failure, so that servers which are behind take part in the election that must succeed.
  const bool dark = world_.rng.chance(0.6);
  for (auto& [id, server] : servers_) {
    server->disk().set_capacity(INT64_MAX);
    server->disk().fail_paths("");
    server->disk().fail_nth_operation(0);
    server->resume();
    if (dark && server->up()) server->power_off();
  }
  for (auto& [id, server] : servers_) {
    if (!server->up()) server->boot();
  }
}

bool EnsembleSim::turn_until(TimePoint end, const std::function<bool()>& done) {
  while (!order_.broken() && !done()) {
    if (world_.next() >= end) return false;
    world_.turn();
  }
  return true;
}

// Who promised to follow no epoch below one that never came to be has to wait for the next leader, as with ZooKeeper.
bool EnsembleSim::in_place(const SimServer& server) const {
  if (!server.up()) return false;
  if (server.serving()) return server.applied() == order_.last();
  return std::ranges::any_of(servers_, [&](const auto& s) {
    return s.second->leads() && s.second->accepted_epoch() < server.accepted_epoch();
  });
}

void EnsembleSim::check_equal() {
  for (const auto& [id, server] : servers_) {
    if (!server->serving()) continue;
    std::string difference;
    const auto& db = server->database();
    if (!db.tree.equals(order_.model().tree, &difference))
      return order_.fail(fmt::format("the tree of server {} differs: {}", id, difference));
    if (db.sessions != order_.model().sessions)
      return order_.fail(fmt::format("server {} has {} sessions, the order {}", id, db.sessions.size(),
                                     order_.model().sessions.size()));
    if (db.tree.digest() != db.tree.recompute_digest())
      return order_.fail(fmt::format("the digest of server {} is not that of its tree", id));
  }
}

std::optional<std::string> EnsembleSim::run() {
  for (auto& [id, server] : servers_) boot_later(id, ms(world_.rng.between(0, 500)));
  for (auto& client : clients_) client->start();
  const TimePoint end = world_.now + scenario_.duration;
  std::function<void()> faults = [&] {
    if (world_.now >= end || healing_) return;
    fault();
    const double each_us = 1e6 / scenario_.fault_per_second;
    world_.after(std::chrono::microseconds{static_cast<int64_t>(
                     each_us * (0.2 + 1.6 * static_cast<double>(world_.rng.below(1000)) / 1000))},
                 faults);
  };
  world_.after(ms(1500), faults);
  // A server that ended by itself (its disk) is started again, as its supervisor would.
  std::function<void()> supervise = [&] {
    for (auto& [id, server] : servers_) {
      if (!server->up() && world_.rng.chance(0.2)) boot_later(id, ms(1));
    }
    world_.after(ms(1000), supervise);
  };
  world_.after(ms(1000), supervise);
  turn_until(end, [] { return false; });
  if (order_.broken()) return order_.broken();

  heal();
  const size_t before = acknowledged();
  const TimePoint limit = world_.now + ms(60000);
  const bool progress = turn_until(limit, [&] { return acknowledged() > before + clients_.size(); });
  if (!progress) order_.fail("no acknowledged write within 60 s of healing");
  // Then the clients go away; their sessions expire, and every server ends with the same tree.
  for (auto& client : clients_) client->stop();
  const bool quiet = turn_until(world_.now + ms(60000), [&] {
    return order_.model().sessions.empty() &&
           std::ranges::all_of(servers_, [&](const auto& s) { return in_place(*s.second); });
  });
  if (!order_.broken() && !quiet) {
    for (const auto& [id, server] : servers_) {
      if (!in_place(*server))
        order_.fail(fmt::format("server {} stands at 0x{:x} of 0x{:x} 60 s after healing{}", id, server->applied(),
                                order_.last(), server->serving() ? "" : " and does not serve"));
    }
    order_.fail(fmt::format("{} sessions live on 60 s after their clients", order_.model().sessions.size()));
  }
  if (!order_.broken() && !order_.model().tree.sessions_with_ephemerals().empty())
    order_.fail("ephemeral nodes outlived their sessions");
  if (!order_.broken()) check_equal();
  if (order_.broken()) world_.note(0, "BROKEN " + *order_.broken());
  return order_.broken();
}

}  // namespace kz::sim
