// SimServer: life, steps and the pipeline's side.
#include "tests/sim/lib/ensemble_server.h"

#include <fmt/format.h>

#include "tests/sim/lib/ensemble_server_parts.h"

namespace kz::sim {
namespace {

zk::ZooConfig make_config(const EnsembleScenario& scenario) {
  std::string text = "tickTime=200\ninitLimit=10\nsyncLimit=5\ndataDir=/data\nclientPort=2181\nsnapCount=60\n";
  for (int id = 1; id <= scenario.voters + scenario.observers; ++id) {
    text += fmt::format("server.{0}=127.0.0.1:{1}:{2}{3}\n", id, 2000 + id, 3000 + id,
                        id > scenario.voters ? ":observer" : "");
  }
  auto config = zk::parse_zoo_config({"zoo.cfg", text, "", "", ""});
  KZ_ASSERT(config.has_value());
  return *config;
}

}  // namespace

SimServer::SimServer(World& world, Order& order, SimServers& all, const EnsembleScenario& scenario, ServerId id,
                     bool observer)
    : world_(world),
      order_(order),
      all_(all),
      scenario_(scenario),
      id_(id),
      observer_(observer),
      config_(make_config(scenario)),
      disk_(world.rng()) {
  zab::PeerOptions& o = peer_options_;
  o.self = id;
  o.observer = observer;
  o.tick = ms(200);
  o.election.notification_interval_max = ms(2000);
  o.election.bug_order_by_id_first = scenario.bug_order_by_id_first;
  o.leader.bug_skip_trunc = scenario.bug_skip_trunc;
  o.leader.bug_commit_without_quorum = scenario.bug_commit_without_quorum;
  o.learner.bug_ack_before_sync = scenario.bug_ack_before_sync;
  o.learner.bug_accept_stale_epoch = scenario.bug_accept_stale_epoch;
}

SimServer::~SimServer() = default;

std::function<void()> SimServer::here(std::function<void()> run) {
  return [this, life = life_, run = std::move(run)] {
    if (!up_ || life != life_) return;
    if (paused_) {
      held_.push_back(run);
    } else {
      run();
    }
  };
}

void SimServer::boot() {
  up_ = true;
  paused_ = false;
  ++life_;
  world_.set_up(id_, true);
  if (!recover()) return failed("cannot recover");
  note(fmt::format("BOOT last=0x{:x} epoch={}/{}", peer_->durable().last_zxid, peer_->durable().accepted_epoch,
                   peer_->durable().current_epoch));
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->start(now, out); });
}

void SimServer::end() {
  up_ = paused_ = false;
  world_.set_up(id_, false);
  held_.clear();
  sending_.clear();
  incoming_.reset();
  snapshot_.reset();
  links_.clear();
  mute_.clear();
  clients_.clear();
  pipeline_.reset();
  peer_.reset();
  database_.reset();
  committed_.reset();
  data_dir_.reset();
  effects_.clear();
  unwritten_.clear();
  proposed_.clear();
  history_.clear();
  leading_ = port_open_ = running_effects_ = writing_ = unsaved_snapshot_ = leaving_ = false;
  disk_jobs_ = 0;
  disk_free_ = {};
  appended_ = durable_ = fuzzy_until_ = 0;
  since_snapshot_ = 0;
  peer_tick_ = client_tick_ = {};
}

void SimServer::close_links() {
  for (const auto& [link, connection] : links_) world_.close(connection, id_);
  for (const auto& [conn, connection] : clients_) world_.close(connection, id_);
}

void SimServer::kill() {
  note("CRASH");
  close_links();
  end();
  // Who was connected to its election port hears of it, mostly.
  for (const auto& [other, server] : all_) {
    if (other == id_ || !server->up_ || !world_.rng.chance(0.7)) continue;
    SimServer* s = server.get();
    s->later(world_.latency(), [s, dead = id_] {
      s->peer_step([&](TimePoint now, zab::Effects& out) { s->peer_->on_voter_unreachable(dead, now, out); });
    });
  }
}

void SimServer::power_off() {
  note("POWER OFF");
  world_.lose(id_);
  end();
  disk_.power_loss();
}

void SimServer::failed(const std::string& what) {
  note("FAILED " + what);
  kill();
}

void SimServer::resume() {
  if (!paused_) return;
  paused_ = false;
  auto held = std::move(held_);
  held_.clear();
  const uint64_t life = life_;
  for (auto& run : held) {
    if (up_ && life == life_) run();
  }
}

// ---- steps ----

void SimServer::peer_step(const std::function<void(TimePoint, zab::Effects&)>& input) {
  if (!up_) return;
  zab::Effects out;
  input(world_.now, out);
  for (auto& effect : out) effects_.push_back(std::move(effect));
  run_effects();
}

void SimServer::client_step(const std::function<void(Now, zk::Effects&)>& input) {
  if (!up_ || !pipeline_) return;
  zk::Effects out;
  input(world_.clock(), out);
  run(out);
  run_effects();
  arm_clients();
}

void SimServer::defer_peer(const std::function<void(zab::Effects&)>& input) {
  zab::Effects out;
  input(out);
  for (auto& effect : out) effects_.push_back(std::move(effect));
}

void SimServer::run_effects() {
  if (running_effects_) return;
  running_effects_ = true;
  const uint64_t life = life_;
  while (up_ && life == life_ && !effects_.empty() && !order_.broken()) {
    zab::Effect effect = std::move(effects_.front());
    effects_.pop_front();
    carry_out(effect);
  }
  if (!up_ || life != life_) return;
  running_effects_ = false;
  arm_peer();
}

void SimServer::arm_peer() {
  const TimePoint at = peer_->deadline();
  if (at == TimePoint::max() || at == peer_tick_) return;
  peer_tick_ = at;
  later(at - world_.now + std::chrono::microseconds{10}, [this, at] {
    if (peer_tick_ == at) peer_tick_ = {};
    peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_tick(now, out); });
  });
}

void SimServer::arm_clients() {
  if (!pipeline_) return;
  const TimePoint at = pipeline_->deadline();
  if (at == TimePoint::max() || at == client_tick_) return;
  client_tick_ = at;
  later(at - world_.now + std::chrono::microseconds{10}, [this, at] {
    if (client_tick_ == at) client_tick_ = {};
    client_step([&](Now now, zk::Effects& out) { pipeline_->on_tick(now, out); });
  });
}

// ---- clients ----

bool SimServer::accept(Party client, std::function<void(const Frame&)> on_frame, std::function<void()> on_closed,
                       uint64_t& link) {
  if (!serving() || paused_) return false;
  static ConnId next_conn = 0;
  const ConnId conn = ++next_conn;
  LinkEnd own;
  own.party = id_;
  own.on_frame = [this, life = life_, conn](const Frame& frame) {
    if (life != life_) return;
    here([this, conn, frame] {
      client_step([&](Now now, zk::Effects& out) { pipeline_->on_frame(conn, frame.bytes, now, out); });
    })();
  };
  own.on_closed = [this, life = life_, conn] {
    if (life != life_) return;
    here([this, conn] {
      if (clients_.erase(conn) == 0) return;
      client_step([&](Now now, zk::Effects& out) { pipeline_->on_closed(conn, now, out); });
    })();
  };
  link = world_.open(std::move(own), {client, std::move(on_frame), std::move(on_closed)});
  clients_[conn] = link;
  client_step([&](Now now, zk::Effects& out) {
    pipeline_->on_open(conn, fmt::format("10.0.0.{}", client % 200), static_cast<uint16_t>(conn % 60000), now, out);
  });
  return true;
}

void SimServer::run(zk::Effects& effects) {
  for (zk::Effect& effect : effects) {
    if (auto* send = std::get_if<zk::Send>(&effect)) {
      const auto it = clients_.find(send->conn);
      if (it != clients_.end()) world_.send(it->second, id_, {Frame::Kind::kPacket, send->bytes.sub(4), {}, 0});
    } else if (auto* close = std::get_if<zk::Close>(&effect)) {
      const auto it = clients_.find(close->conn);
      if (it == clients_.end()) continue;
      world_.close(it->second, id_);
      clients_.erase(it);
    }
  }
}

void SimServer::propose(const zk::Proposal& proposal, zk::Effects&) {
  if (!peer_->leader() || !peer_->leader()->serving()) return;
  const Zxid zxid = proposal.txn.header.zxid;
  defer_peer([&](zab::Effects& out) { peer_->propose(zxid, proposal.payload, out); });
  order_.proposed(id_, zxid, proposal.payload);
  proposed_.push_back(zxid);
}

void SimServer::forward(const zk::ForwardedRequest& request, zk::Effects&) {
  if (peer_->learner()) defer_peer([&](zab::Effects& out) { peer_->learner()->forward(request, out); });
}

bool SimServer::sync(SessionId session, int32_t cxid, zk::Effects&) {
  if (leading_) return !peer_->leader() || peer_->leader()->sync(session, cxid);
  if (peer_->learner()) defer_peer([&](zab::Effects& out) { peer_->learner()->sync(session, cxid, {}, out); });
  return false;
}

bool SimServer::revalidate(SessionId session, int32_t timeout_ms, zk::Effects&) {
  if (leading_) return true;
  if (peer_->learner()) defer_peer([&](zab::Effects& out) { peer_->learner()->revalidate(session, timeout_ms, out); });
  return false;
}

}  // namespace kz::sim
