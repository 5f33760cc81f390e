// A member's roles: clients are served and refused, and the quorum port opens and closes, as the peer says.
// Source: QuorumPeer.run, ReadOnlyZooKeeperServer @ 3.8.0.
#include <algorithm>

#include "cmd/server/quorum_zookeeper_impl.h"
#include "cmd/server/zookeeper_options.h"

namespace kz::server {
namespace {

constexpr Duration kBindRetry = ms(200);
constexpr Duration kReadOnlyGraceMin = ms(2000);  // an election that goes well is over by then

const char* state_name(election::ServerState state) {
  switch (state) {
    case election::ServerState::kLooking:
      return "LOOKING";
    case election::ServerState::kFollowing:
      return "FOLLOWING";
    case election::ServerState::kLeading:
      return "LEADING";
    case election::ServerState::kObserving:
      return "OBSERVING";
  }
  return "?";
}

}  // namespace

void QuorumZooKeeperServer::Impl::carry_out(zab::StartServing& e) {
  leading_ = peer_->state() == election::ServerState::kLeading;
  if (leading_) database_->tree.set_last_zxid(zab::make_zxid(e.epoch, 0));
  const zk::QuorumConfig& members = options_.config.quorum;
  database_->tree.set_config(members.text(), members.version, reactor_.now().wall_ms);
  pipeline_ = std::make_unique<zk::Pipeline>(options_.config, options_.server_id, std::move(database_), *this,
                                             reactor_.now(), &monitoring_.metrics());
  role_monitor_.serving(reactor_.now());
  monitoring_.metrics().add(zk::BasicSet::kWritePerNamespace, "zookeeper",
                            std::ssize(std::string_view("/zookeeper/config")) + std::ssize(members.text()));
  if (leading_)
    pipeline_->propose_after(zab::make_zxid(e.epoch, zab::counter_of(options_.config.initial_zxid.value_or(0))));
  pipeline_->set_entropy(random_bytes);
  const char* mode = leading_ ? "leader" : peer_->observer() ? "observer" : "follower";
  pipeline_->set_mode(mode);
  logger_.info("Serving clients as {}, epoch {}", mode, e.epoch);
  client_step([this](Now now, zk::Effects& out) { pipeline_->start(now, out); });
  if (serves_observers()) {
    logger_.info("Starting ObserverMaster");
    open_quorum_port();
  }
  if (const auto tell = std::exchange(options_.on_serving, nullptr)) tell();
}
void QuorumZooKeeperServer::Impl::carry_out(zab::SendVote& e) { election_port_->send(e.to, e.notification); }
void QuorumZooKeeperServer::Impl::carry_out(zab::ConnectVoters&) { election_port_->connect_all(); }
void QuorumZooKeeperServer::Impl::carry_out(zab::ConnectToLeader& e) {
  const auto connect = [this, leader = e.leader] {
    observer_timer_ = 0;
    quorum_port_->connect(learner_master(leader));
  };
  // All masters were tried: not the whole fleet shall come back at once.
  const int64_t delay_ms = options_.config.observer_reconnect_delay_ms;
  const bool again = next_observer_master_ >= observer_masters_.size() && next_observer_master_ > 0;
  if (!peer_->observer() || delay_ms == 0 || !again) return connect();
  observer_timer_ = reactor_.after(ms(static_cast<int64_t>(rng_.below(static_cast<uint64_t>(delay_ms)))), connect);
}

bool QuorumZooKeeperServer::Impl::serves_observers() const { return peer_->observer_master() != nullptr; }

std::vector<zk::HostPort> QuorumZooKeeperServer::Impl::learner_master(ServerId leader) {
  const zk::QuorumConfig& members = options_.config.quorum;
  // The leader serves observers at its quorum port alone.
  const bool followers = members.voters().size() > 1 && peer_->observer();
  const uint16_t master_port = followers ? options_.config.observer_master_port : uint16_t{0};
  ServerId master = leader;
  if (master_port != 0) {
    const auto skip_leader = [&] {
      while (next_observer_master_ < observer_masters_.size() && observer_masters_[next_observer_master_] == leader)
        ++next_observer_master_;
    };
    skip_leader();
    if (next_observer_master_ >= observer_masters_.size()) {
      const auto voters = members.voters();
      observer_masters_.assign(voters.begin(), voters.end());
      std::shuffle(observer_masters_.begin(), observer_masters_.end(), rng_);
      next_observer_master_ = 0;
      skip_leader();
    }
    master = observer_masters_[next_observer_master_++];
    logger_.info("Observing new leader sid={}", master);
  }
  std::vector<zk::HostPort> addresses;
  if (const auto it = members.servers.find(master); it != members.servers.end()) {
    for (const auto& a : it->second.addresses) addresses.push_back(a.quorum);
  }
  if (master_port != 0) {
    for (zk::HostPort& a : addresses) a.port = master_port;
  }
  return addresses;
}

void QuorumZooKeeperServer::Impl::carry_out(zab::OpenQuorumPort&) { open_quorum_port(); }
void QuorumZooKeeperServer::Impl::open_quorum_port() {
  port_timer_ = 0;
  std::vector<zk::HostPort> addresses;
  const auto self = options_.config.quorum.servers.find(options_.server_id);
  if (self == options_.config.quorum.servers.end()) return;
  for (const auto& a : self->second.addresses) addresses.push_back(a.quorum);
  if (serves_observers()) {
    for (zk::HostPort& a : addresses) a.port = options_.config.observer_master_port;
  }
  const auto listening = quorum_port_->listen(addresses, options_.config.quorum_listen_on_all_ips);
  if (listening) {
    std::string where;
    for (const auto& a : addresses) where += (where.empty() ? "" : ", ") + a.text();
    return logger_.info("Listening for followers and observers on the quorum port {}", where);
  }
  logger_.error("Couldn't bind to quorum port {}: {}; trying again", listening.error().detail,
                errc_text(listening.error().code));
  port_timer_ = reactor_.after(kBindRetry, [this] {
    port_timer_ = 0;
    if (!stopped_ && (peer_->state() == election::ServerState::kLeading || serves_observers())) open_quorum_port();
  });
}

void QuorumZooKeeperServer::Impl::carry_out(zab::LeaveRole& e) {
  logger_.warn("Leaving the role: {}", e.reason);
  role_monitor_.role_left();
  reactor_.cancel(std::exchange(port_timer_, 0));
  reactor_.cancel(std::exchange(observer_timer_, 0));
  flush_all();
  sends_->clear();
  incoming_.reset();
  quorum_port_->stop_listening();
  quorum_port_->stop_connecting();
  quorum_port_->close_all();
  stop_pipeline();
  // What is applied next may be cut again, and must not be in a snapshot of an earlier zxid.
  snapshots_->cancel();
  leading_ = false;
  leaving_ = true;
  finish_leaving();
}

// The next election counts what the log has: all of it has to be on disk first, and a leader's snapshot too.
void QuorumZooKeeperServer::Impl::finish_leaving() {
  if (!leaving_ || disk_jobs_ > 0) return;
  if (unsaved_snapshot_) return save_snapshot();
  if (durable_ < appended_) return;
  leaving_ = false;
  const auto look = [this] {
    observer_timer_ = 0;
    peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_role_left(now, out); });
  };
  // The voters have an election of their own to hold first.
  const int64_t delay_ms = options_.config.observer_election_delay_ms;
  if (!peer_->observer() || delay_ms == 0) return look();
  observer_timer_ = reactor_.after(ms(static_cast<int64_t>(rng_.below(static_cast<uint64_t>(delay_ms)))), look);
}

void QuorumZooKeeperServer::Impl::carry_out(zab::StateChanged& e) {
  role_monitor_.state_changed(e.state, e.leader, reactor_.now());
  if (e.leader >= 0) {
    logger_.info("{}, leader {}", state_name(e.state), e.leader);
  } else {
    logger_.info("{}", state_name(e.state));
  }
  stop_read_only();
  if (e.state != election::ServerState::kLooking || !options_.config.read_only_mode_enabled) return;
  const Duration grace = std::max(kReadOnlyGraceMin, Duration(ms(options_.config.tick_time_ms)));
  read_only_timer_ = reactor_.after(grace, [this] {
    read_only_timer_ = 0;
    start_read_only();
  });
}

void QuorumZooKeeperServer::Impl::start_read_only() {
  if (stopped_ || failed_ || pipeline_ || peer_->state() != election::ServerState::kLooking) return;
  pipeline_ = std::make_unique<zk::Pipeline>(options_.config, options_.server_id, std::move(database_), *this,
                                             reactor_.now(), &monitoring_.metrics());
  pipeline_->set_entropy(random_bytes);
  pipeline_->set_read_only();
  client_step([this](Now now, zk::Effects& out) { pipeline_->start(now, out); });
  logger_.info("Read-only server started");
}

void QuorumZooKeeperServer::Impl::stop_read_only() {
  reactor_.cancel(std::exchange(read_only_timer_, 0));
  if (!pipeline_) return;
  stop_pipeline();
  logger_.info("Read-only server stopped");
}

void QuorumZooKeeperServer::Impl::stop_pipeline() {
  if (!pipeline_) return;
  reactor_.cancel(std::exchange(client_timer_, 0));
  zk::Effects out;
  pipeline_->close_all(out);
  run(out);
  database_ = pipeline_->take_database();
  pipeline_.reset();
}

}  // namespace kz::server
