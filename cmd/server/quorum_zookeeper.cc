#include "cmd/server/quorum_zookeeper.h"

#include <charconv>
#include <random>

#include "cmd/server/quorum_zookeeper_impl.h"
#include "cmd/server/zookeeper_options.h"

namespace kz::server {
namespace {

constexpr int kDefaultBacklog = 50;
constexpr uint64_t kNoSeed = 0;

}  // namespace

std::expected<ServerId, std::string> read_myid(storage::FileSystem& fs, const std::string& data_dir) {
  const std::string path = data_dir + "/myid";
  const auto text = fs.read_file(path);
  if (!text) return std::unexpected(path + " file is missing");
  const size_t begin = text->find_first_not_of(" \t\r\n");
  const size_t end = text->find_first_of("\r\n", begin == std::string::npos ? 0 : begin);
  std::string word = begin == std::string::npos ? "" : text->substr(begin, end - begin);
  while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.pop_back();
  ServerId id = 0;
  const auto [at, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error != std::errc{} || at != word.data() + word.size() || word.empty())
    return std::unexpected(fmt::format("{}: serverid {} is not a number", path, word));
  return id;
}

QuorumZooKeeperServer::Impl::Impl(storage::FileSystem& fs, net::Reactor& reactor, ZooKeeperOptions options)
    : fs_(fs),
      reactor_(reactor),
      options_(std::move(options)),
      monitoring_(fs, options_.config),
      role_monitor_(monitoring_.metrics(), options_.server_id),
      rng_(options_.seed != kNoSeed ? options_.seed : std::random_device{}()),
      committed_(static_cast<size_t>(std::max<int64_t>(options_.config.commit_log_count, 1))),
      config_files_(std::make_unique<DynamicConfigFiles>(fs, options_.config_file)) {}

std::expected<void, StartFailure> QuorumZooKeeperServer::Impl::open() {
  const zk::ZooConfig& config = options_.config;
  const auto durable = recover();
  if (!durable) return std::unexpected(durable.error());
  appended_ = durable_ = durable->last_zxid;

  commit_ = std::make_unique<GroupCommit>(
      reactor_, *data_dir_, config, monitoring_.metrics(), [this](Zxid zxid) { on_logged(zxid); },
      [this](const std::string& why) { fatal(why); });
  const auto self = config.quorum.servers.find(options_.server_id);
  const bool listed = self != config.quorum.servers.end();
  std::optional<zk::QuorumConfig> last_seen;
  if (config.reconfig_enabled && config.dynamic_config_file.empty()) {
    if (const auto kept = config_files_->back_up(); !kept) {
      logger_.warn("Cannot write {}.bak: {}", options_.config_file, errc_text(kept.error().code));
    }
  } else if (config.reconfig_enabled) {
    auto next = config_files_->read_next();
    if (!next) {
      return std::unexpected(StartFailure{
          fmt::format("{}.dynamic.next cannot be read: {}", options_.config_file, errc_text(next.error().code)), 1});
    }
    last_seen = std::move(*next);
  }
  // The server line may name the client address (3.5 style).
  client_address_ = {config.client_port_address, config.client_port.value_or(2181)};
  if (listed && self->second.client) {
    client_address_.port = self->second.client->port;
    if (client_address_.host.empty() && self->second.client->host != "0.0.0.0") {
      client_address_.host = self->second.client->host;
    }
  }
  // Proposals are on their way before the reactor waits for its own disk.
  commit_->before_write([this] { flush_all(); });
  sends_ = std::make_unique<LearnerSends>(
      reactor_, fs_, data_dir_->log_dir(),
      LearnerSendsEvents{[this] { return pipeline_ != nullptr; },
                         [this](ConnId link) { peer_->on_progress(link, reactor_.now().mono); },
                         [this](ConnId link) {
                           peer_step(
                               [&](TimePoint now, zab::Effects& out) { peer_->on_log_unreadable(link, now, out); });
                         }});
  client_link_ = std::make_unique<net::ZkLink>(reactor_, *this);
  if (auto opened = monitoring_.open(reactor_, monitoring_source(), false); !opened) return opened;
  if (auto bound = bind_clients(); !bound) return bound;

  net::QuorumSasl sasl;
  sasl.enabled = config.quorum_sasl_enabled;
  sasl.required = config.quorum_sasl_required_of_learners;
  sasl.as_learner = config.quorum_sasl_used_as_learner;
  sasl.users = config.quorum_sasl_users;
  sasl.user = config.quorum_sasl_user;
  sasl.password = config.quorum_sasl_password;
  sasl.nonce = [] { return zk::sasl_nonce(random_bytes(24)); };
  net::LearnerLinkOptions quorum_options;
  quorum_options.sasl = sasl;
  if (config.connect_to_learner_limit > 0) {
    quorum_options.give_up = ms(int64_t{config.connect_to_learner_limit} * config.tick_time_ms);
  }
  quorum_options.retry = ms(std::max(config.leader_connect_delay_ms, 1));
  quorum_options.packet_max = static_cast<size_t>(config.jute.item_max()) + 65536;
  quorum_options.stagger = ms(config.address_stagger_ms());
  quorum_port_ = std::make_unique<net::LearnerLink>(reactor_, quorum_options, *this);
  net::QuorumCnxOptions election_options;
  election_options.self = options_.server_id;
  election_options.sasl = std::move(sasl);
  election_options.listen_on_all_ips = config.quorum_listen_on_all_ips;
  election_options.multi_address = config.multi_address_enabled;
  election_options.connect_timeout = ms(config.cnx_timeout_ms);
  election_options.stagger = ms(config.address_stagger_ms());
  election_port_ = std::make_unique<net::QuorumCnx>(reactor_, election_options, config.quorum, *this);
  if (const auto listening = election_port_->listen(); !listening) {
    return std::unexpected(
        StartFailure{fmt::format("Cannot listen on the election port {} of server.{}: {}", listening.error().detail,
                                 options_.server_id, errc_text(listening.error().code)),
                     1});
  }
  if (listed) {
    for (const auto& address : self->second.addresses) {
      logger_.info("{} is accepting connections now, my election bind port: {}", options_.server_id,
                   address.election.text());
    }
  }

  zab::PeerOptions peer;
  peer.self = options_.server_id;
  peer.observer = listed && self->second.observer;
  peer.reconfig_enabled = config.reconfig_enabled;
  peer.tick = ms(config.tick_time_ms);
  peer.init_limit = config.init_limit;
  peer.sync_limit = config.sync_limit;
  peer.election.notification_interval_min = ms(config.fle_min_notification_ms);
  peer.election.notification_interval_max = ms(config.fle_max_notification_ms);
  peer.leader.force_snapshot_sync = config.force_snapshot_sync;
  peer.observer_master = config.observer_master_port != 0;
  peer.leader.initial_counter = zab::counter_of(config.initial_zxid.value_or(0));
  peer.leader.log_sync = config.snapshot_size_factor >= 0;
  peer_ = std::make_unique<zab::QuorumPeer>(peer, config.quorum, *durable, committed_, std::move(last_seen));
  snapshots_->start_purging();
  logger_.info("Starting quorum peer, myid={}, {} voters, last zxid 0x{:x}", options_.server_id,
               config.quorum.voters().size(), static_cast<uint64_t>(durable->last_zxid));
  peer_step([this](TimePoint now, zab::Effects& out) { peer_->start(now, out); });
  return {};
}

void QuorumZooKeeperServer::Impl::shut_down() {
  if (stopped_) return;
  stopped_ = true;
  *alive_ = false;
  for (const TimerId timer : {peer_timer_, client_timer_, port_timer_, read_only_timer_, observer_timer_})
    reactor_.cancel(timer);
  monitoring_.close();
  if (client_link_) client_link_->stop_accepting();
  if (pipeline_) {
    zk::Effects out;
    pipeline_->close_all(out);
    run(out);
  }
  flush_all();
  sends_.reset();
  quorum_port_.reset();
  election_port_.reset();
  client_link_.reset();
  if (snapshots_) snapshots_->stop();
  disk_thread_.reset();
  if (commit_) commit_->stop();
  if (peer_) logger_.info("QuorumPeer main thread exited");
}

std::expected<void, StartFailure> QuorumZooKeeperServer::Impl::bind_clients() {
  const zk::ZooConfig& config = options_.config;
  net::ZkListenOptions listen;
  listen.host = client_address_.host;
  listen.port = client_address_.port;
  listen.frame_max = static_cast<size_t>(config.jute.max_buffer);
  listen.max_per_ip = config.max_client_cnxns;
  listen.max_total = config.max_cnxns;
  listen.backlog = config.client_port_listen_backlog > 0 ? config.client_port_listen_backlog : kDefaultBacklog;
  const auto bound = client_link_->listen(listen);
  const std::string host = listen.host.empty() ? "0.0.0.0" : listen.host;
  if (!bound) {
    return std::unexpected(StartFailure{fmt::format("Cannot listen on {}:{}: {} (check clientPort in zoo.cfg)", host,
                                                    listen.port, errc_text(bound.error().code)),
                                        1});
  }
  port_ = *bound;
  logger_.info("binding to port {}:{}", host, port_);
  return {};
}

const zk::ServerEnvironment& QuorumZooKeeperServer::Impl::environment_of(std::string_view word) {
  const auto queued = [this](LinkId link) { return static_cast<int64_t>(quorum_port_->bytes_to_send(link)); };
  monitoring_.environment().ensemble =
      &role_monitor_.info(options_.config.quorum, leading_ ? peer_->leader() : nullptr, queued, reactor_.now());
  return monitoring_.refresh(word, *data_dir_, *commit_, *client_link_, port_);
}

zk::ServerInfo QuorumZooKeeperServer::Impl::info_of(zk::InfoNeeds needs, std::string_view word) {
  const zk::ServerEnvironment& environment = environment_of(word);
  if (pipeline_) return pipeline_->info(environment, needs, reactor_.now());
  zk::ServerInfo info;
  info.config = &options_.config;
  info.environment = &environment;
  info.metrics = &monitoring_.metrics();
  info.serving = false;
  info.server_id = options_.server_id;
  return info;
}

Monitoring::Source QuorumZooKeeperServer::Impl::monitoring_source() {
  return {[this](zk::InfoNeeds needs, std::string_view word) { return info_of(needs, word); },
          [this](zk::AdminAction action) {
            if (action == zk::AdminAction::kResetServer) pipeline_->reset_server_stats();
            if (action == zk::AdminAction::kResetConnections) pipeline_->reset_connection_stats();
            if (action == zk::AdminAction::kResetObservers) role_monitor_.reset_observer_stats();
          }};
}

// ---- clients ----

void QuorumZooKeeperServer::Impl::on_accept(ConnId conn, const std::string& ip, uint16_t port) {
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_open(conn, ip, port, now, out); });
  if (pipeline_) return;
  // Nobody counts this connection yet: a silent one must not stay for as long as there is no leader.
  reactor_.after(ms(options_.config.session_less_timeout_ms), [this, conn, alive = alive_] {
    if (*alive && (!pipeline_ || !pipeline_->has_connection(conn))) client_link_->close(conn);
  });
}

void QuorumZooKeeperServer::Impl::on_four_letter(ConnId conn, const std::string& word, const std::string& args) {
  if (!monitoring_.take_arguments(word, args) || zk::four_letter_word(word).empty()) {
    client_step([&](Now now, zk::Effects& out) { pipeline_->on_closed(conn, now, out); });
    return client_link_->close(conn);
  }
  if (pipeline_) {
    if (word == "srst" && zk::four_letter_enabled(word, options_.config)) role_monitor_.reset_proposal_sizes();
    return client_step(
        [&](Now now, zk::Effects& out) { pipeline_->on_four_letter(conn, word, environment_of(word), now, out); });
  }
  client_link_->send_text_and_close(conn, zk::four_letter_answer(word, info_of({}, word)));
}

void QuorumZooKeeperServer::Impl::on_frame(ConnId conn, Slice frame) {
  // Connected while there was no leader, or knocking now: either way the client shall try another server.
  if (!pipeline_ || !pipeline_->has_connection(conn)) {
    monitoring_.metrics().add(zk::Counter::kCnxnClosedWithoutZkServerRunning);
    return client_link_->close(conn);
  }
  if (leading_ && !options_.config.leader_serves) {
    client_step([&](Now now, zk::Effects& out) { pipeline_->on_closed(conn, now, out); });
    return client_link_->close(conn);
  }
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_frame(conn, std::move(frame), now, out); });
}

void QuorumZooKeeperServer::Impl::on_closed(ConnId conn, Error) {
  client_step([&](Now now, zk::Effects& out) { pipeline_->on_closed(conn, now, out); });
}

void QuorumZooKeeperServer::Impl::run(zk::Effects& effects) {
  for (auto& effect : effects) {
    std::visit([this](auto& e) { carry_out(e); }, effect);
  }
  effects.clear();
  if (!outgoing_.empty()) schedule_flush();
}

void QuorumZooKeeperServer::Impl::schedule_flush() {
  if (flush_scheduled_ || stopped_) return;
  flush_scheduled_ = true;
  reactor_.post([this, alive = alive_] {
    if (!*alive) return;
    flush_scheduled_ = false;
    flush_all();
  });
}

void QuorumZooKeeperServer::Impl::flush_all() {
  if (quorum_port_) {
    for (auto& [link, packets] : outgoing_packets_) quorum_port_->send(link, packets.take());
    role_monitor_.flushed(reactor_.now());
  }
  outgoing_packets_.clear();
  if (client_link_) {
    for (auto& [conn, out] : outgoing_) client_link_->send_raw(conn, std::move(out.bytes), out.frames);
  }
  outgoing_.clear();
}

void QuorumZooKeeperServer::Impl::carry_out(zk::Send& e) {
  auto& out = outgoing_[e.conn];
  out.bytes.append(std::move(e.bytes));
  ++out.frames;
}

void QuorumZooKeeperServer::Impl::carry_out(zk::Close& e) {
  if (const auto it = outgoing_.find(e.conn); it != outgoing_.end()) {
    client_link_->send_raw(e.conn, std::move(it->second.bytes), it->second.frames);
    outgoing_.erase(it);
  }
  client_link_->close_after_send(e.conn);
}

// An earlier timer that fires for nothing is cheaper than cancelling it each time.
void QuorumZooKeeperServer::Impl::rearm_clients() {
  if (!pipeline_ || stopped_) return;
  const TimePoint due = pipeline_->deadline();
  if (client_timer_ != 0 && client_timer_at_ <= due) return;
  reactor_.cancel(std::exchange(client_timer_, 0));
  if (due == TimePoint::max()) return;
  client_timer_at_ = due;
  client_timer_ = reactor_.at(due, [this] {
    client_timer_ = 0;
    client_step([this](Now now, zk::Effects& out) { pipeline_->on_tick(now, out); });
  });
}

void QuorumZooKeeperServer::Impl::rearm_peer() {
  if (stopped_ || failed_) return;
  const TimePoint due = peer_->deadline();
  if (peer_timer_ != 0 && peer_timer_at_ <= due) return;
  reactor_.cancel(std::exchange(peer_timer_, 0));
  if (due == TimePoint::max()) return;
  peer_timer_at_ = due;
  peer_timer_ = reactor_.at(due, [this] {
    peer_timer_ = 0;
    peer_step([this](TimePoint now, zab::Effects& out) { peer_->on_tick(now, out); });
  });
}

void QuorumZooKeeperServer::Impl::fatal(const std::string& why) {
  if (failed_) return;
  failed_ = true;
  logger_.error("Severe unrecoverable error, exiting: {}", why);
  if (options_.on_fatal) options_.on_fatal(why);
}

QuorumZooKeeperServer::QuorumZooKeeperServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::expected<std::unique_ptr<QuorumZooKeeperServer>, StartFailure> QuorumZooKeeperServer::start(
    storage::FileSystem& fs, net::Reactor& reactor, ZooKeeperOptions options) {
  std::unique_ptr<QuorumZooKeeperServer> server(
      new QuorumZooKeeperServer(std::make_unique<Impl>(fs, reactor, std::move(options))));
  std::expected<void, StartFailure> opened;
  reactor.run_sync([&] {
    opened = server->impl_->open();
    if (!opened) server->impl_->shut_down();
  });
  if (!opened) return std::unexpected(opened.error());
  return server;
}

QuorumZooKeeperServer::~QuorumZooKeeperServer() { stop(); }

void QuorumZooKeeperServer::stop() {
  impl_->reactor().run_sync([this] { impl_->shut_down(); });
}

uint16_t QuorumZooKeeperServer::port() const { return impl_->port(); }

}  // namespace kz::server
