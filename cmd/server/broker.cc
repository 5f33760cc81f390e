#include "cmd/server/broker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "cmd/server/await.h"
#include "cmd/server/broker_storage.h"
#include "cmd/server/control_channel.h"
#include "cmd/server/session_file.h"
#include "core/broker/api/admin_handlers.h"
#include "core/broker/api/handlers.h"
#include "core/broker/cluster_member.h"
#include "core/broker/producer_ids.h"
#include "core/broker/zk/zk_client_port.h"
#include "core/kafka/uuid.h"
#include "net/connector.h"
#include "net/kafka_link.h"
#include "net/reactor.h"
#include "net/socket.h"
#include "storage/disk_pool.h"
#include "storage/read_chain.h"

namespace kz::server {
namespace {

using broker::Outcome;
using Started = std::expected<void, std::string>;

constexpr Duration kZooKeeperAnswer = ms(60000);  // the session retries until then; no answer is a dead ZooKeeper

// Kafka's documentation speaks of as many network threads as fit the machine; ours never sleep in a request, so more
// than there are cores only costs switches.
size_t reactor_count(int64_t configured) {
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  return std::min(static_cast<size_t>(configured), static_cast<size_t>(cores));
}

// max.connections and its relatives. Host names in the overrides are looked up here, as Kafka does.
net::ConnectionLimits connection_limits(const broker::KafkaConfig& config) {
  net::ConnectionLimits limits;
  limits.total = config.max_connections;
  limits.per_second = config.max_connection_creation_rate;
  limits.per_ip = config.max_connections_per_ip;
  if (config.bind_endpoints.size() > 1) limits.unlimited_listener = config.inter_broker_listener;
  for (const auto& [host, count] : config.connection_overrides) {
    const auto addresses = net::resolve(host, 0);
    if (!addresses) {
      log::Logger("kafka.network.SocketServer").warn("max.connections.per.ip.overrides: {} cannot be looked up", host);
      continue;
    }
    for (const net::Address& address : *addresses) limits.per_ip_overrides[address.ip()] = count;
  }
  return limits;
}

// What Java's getCanonicalHostName gives on a machine whose name resolves to itself.
std::string host_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

}  // namespace

class BrokerServer::Impl {
 public:
  Impl(storage::FileSystem& fs, BrokerOptions options)
      : fs_(fs), options_(std::move(options)), rng_(std::random_device{}()), control_("controller") {}
  ~Impl() { stop(); }

  Started start();
  void stop();

  BrokerId id() const { return id_; }
  const std::vector<Listening>& listening() const { return listening_; }

 private:
  Started configure();
  Started open_storage();
  Started connect_zookeeper();
  Started identify();
  Started load();
  Started bind();
  Started join();
  void follow_config();
  void serve();

  // A step of a machine on the control reactor; nothing for kZooKeeperAnswer is an error.
  template <class T, class F>
  std::expected<T, std::string> ask(const char* what, F begin) {
    auto answer = await<Outcome<T>>(control_, kZooKeeperAnswer, std::move(begin));
    if (!answer) return std::unexpected(fmt::format("ZooKeeper does not answer: {}", what));
    return std::move(*answer);
  }

  storage::FileSystem& fs_;
  BrokerOptions options_;
  log::Logger log_{"kafka.server.KafkaServer"};
  std::optional<broker::LoadedConfig> loaded_;
  Rng rng_;  // used on the control reactor
  BrokerId id_ = -1;
  std::string cluster_id_;
  std::vector<Listening> listening_;
  bool serving_ = false, stopped_ = false;
  int32_t network_threads_ = 0;  // as last said

  // In order of construction; destroyed the other way round, those of the control reactor on it.
  net::Reactor control_;
  std::vector<std::unique_ptr<net::Reactor>> network_;
  std::optional<storage::DiskPool> orders_;  // the controller's orders to this broker, one at a time
  std::unique_ptr<BrokerStorage> storage_;
  std::unique_ptr<net::TcpConnector> connector_;
  std::unique_ptr<broker::ZkClientPort> zk_;
  std::unique_ptr<broker::BrokerConfigs> configs_;
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<broker::ProducerIds> producer_ids_;
  std::unique_ptr<broker::ClusterMember> member_;
  std::unique_ptr<net::KafkaLink> link_;
};

Started BrokerServer::Impl::configure() {
  auto loaded = broker::load_config(options_.properties);
  if (!loaded) return std::unexpected(loaded.error().to_string());
  loaded_ = std::move(*loaded);
  id_ = loaded_->config.broker_id;
  log_.info("starting");
  for (const std::string& warning : loaded_->warnings) log_.warn("{}", warning);
  configs_ = std::make_unique<broker::BrokerConfigs>(options_.properties.values);
  return {};
}

Started BrokerServer::Impl::open_storage() {
  auto opened = BrokerStorage::open(fs_, loaded_->config, options_.on_fatal);
  if (!opened) return std::unexpected(opened.error());
  storage_ = std::move(*opened);
  return {};
}

Started BrokerServer::Impl::connect_zookeeper() {
  const broker::KafkaConfig& config = loaded_->config;
  control_.start_thread();
  const std::string session_file = storage_->session_file();
  auto predecessor = read_session(fs_, session_file);
  log_.info("Connecting to zookeeper on {}", config.zookeeper_connect.value_or(""));
  auto connected = await<Outcome<void>>(control_, kZooKeeperAnswer, [&](auto done) {
    connector_ = std::make_unique<net::TcpConnector>(control_);
    broker::ZkClientPort::Config zk;
    zk.connect = config.zookeeper_connect.value_or("");
    zk.session_timeout_ms = config.zookeeper_session_timeout_ms;
    zk.connection_timeout_ms = config.zookeeper_connect_timeout_ms;
    zk.set_acl = config.zookeeper_set_acl;
    zk.sasl = options_.zookeeper_login;
    zk_ = std::make_unique<broker::ZkClientPort>(zk, *connector_, control_, rng_);
    zk_->on_new_session = [this, session_file](const broker::ZkClientPort::SavedSession& s) {
      if (auto kept = write_session(fs_, session_file, s); !kept) {
        log_.warn("{} cannot be written: {}; after a crash this broker will wait for its session to expire",
                  session_file, errc_text(kept.error().code));
      }
    };
    zk_->start(predecessor, std::move(done));
  });
  if (!connected) return std::unexpected("ZooKeeper does not answer: connect");
  return *connected;
}

// Cluster id and broker id: what ZooKeeper, the directories and the configuration say must agree.
Started BrokerServer::Impl::identify() {
  const broker::KafkaConfig& config = loaded_->config;
  std::unique_ptr<broker::Registration> registration;
  control_.run_sync([&] { registration = std::make_unique<broker::Registration>(*zk_, control_, rng_); });
  const auto finish = [&](Started result) {
    control_.run_sync([&] { registration.reset(); });
    return result;
  };
  auto paths = ask<void>("create top level nodes", [&](auto done) { registration->ensure_paths(std::move(done)); });
  if (!paths) return finish(std::unexpected(paths.error()));
  auto cluster = ask<std::string>("/cluster/id", [&](auto done) { registration->cluster_id(std::move(done)); });
  if (!cluster) return finish(std::unexpected(cluster.error()));
  cluster_id_ = *cluster;
  log_.info("Cluster ID = {}", cluster_id_);

  auto stored = storage_->check_identity(cluster_id_, config.broker_id);
  if (!stored) return finish(std::unexpected(stored.error()));
  if (*stored >= 0) {
    id_ = *stored;
  } else if (config.broker_id >= 0) {
    id_ = config.broker_id;
  } else if (config.broker_id_generation_enable) {
    auto generated = ask<BrokerId>("/brokers/seqid", [&](auto done) {
      registration->generate_broker_id(config.reserved_broker_max_id, std::move(done));
    });
    if (!generated) return finish(std::unexpected(generated.error()));
    id_ = *generated;
  } else {
    return finish(std::unexpected("broker.id is -1 and broker.id.generation.enable is false"));
  }
  log_ = log::Logger("kafka.server.KafkaServer", fmt::format("KafkaServer id={}", id_));
  return finish({});
}

Started BrokerServer::Impl::load() {
  broker_ = std::make_unique<broker::Broker>(*configs_, storage_->logs(), id_, cluster_id_);
  orders_.emplace("orders", 1);
  control_.run_sync([&] {
    producer_ids_ = std::make_unique<broker::ProducerIds>(id_, *zk_, control_);
    broker_->producer_ids = producer_ids_.get();
    member_ = std::make_unique<broker::ClusterMember>(
        *broker_, *zk_, control_, rng_,
        [this](const broker::BrokerNode& node) -> std::unique_ptr<broker::BrokerChannel> {
          if (node.id != id_) return nullptr;
          return std::make_unique<LocalChannel>(*broker_, *orders_);
        });
    member_->groups().read_chain = storage::read_chain;
  });
  auto configs = ask<void>("configurations", [&](auto done) { member_->load_configs(std::move(done)); });
  if (!configs) return configs;
  return storage_->load(configs_->current()->num_recovery_threads_per_data_dir);
}

Started BrokerServer::Impl::bind() {
  const broker::KafkaConfig& config = loaded_->config;
  // One change at run time may double num.network.threads: the reactors for it are there, idle.
  const size_t reactors = reactor_count(2 * int64_t{config.num_network_threads});
  std::vector<net::Reactor*> pointers;
  for (size_t i = 0; i < reactors; ++i) {
    network_.push_back(std::make_unique<net::Reactor>(fmt::format("network-{}", i)));
    network_.back()->start_thread();
    pointers.push_back(network_.back().get());
  }
  broker::register_data_handlers(*broker_);
  broker::register_admin_handlers(*broker_, *member_);
  link_ = std::make_unique<net::KafkaLink>(std::move(pointers), *broker_, id_);
  broker_->on_config_changed = [this] { follow_config(); };
  follow_config();
  for (const broker::Endpoint& endpoint : config.bind_endpoints) {
    if (endpoint.security_protocol != "PLAINTEXT") {
      return std::unexpected(fmt::format("listeners: {} asks for {}; only PLAINTEXT is served yet", endpoint.listener,
                                         endpoint.security_protocol));
    }
    net::KafkaListenOptions listen;
    listen.name = endpoint.listener;
    listen.host = endpoint.host;
    listen.port = static_cast<uint16_t>(endpoint.port);
    listen.frame_max = static_cast<size_t>(config.socket_request_max_bytes);
    // Kafka's default for the buffers, 100 KiB, switches the kernel's own tuning off; only a value that was asked for
    // does so here.
    const auto given = [this](const char* key, int32_t value) {
      return options_.properties.values.contains(key) ? value : -1;
    };
    listen.send_buffer_bytes = given("socket.send.buffer.bytes", config.socket_send_buffer_bytes);
    listen.receive_buffer_bytes = given("socket.receive.buffer.bytes", config.socket_receive_buffer_bytes);
    listen.backlog = config.socket_listen_backlog_size;
    listen.idle_ms = config.connections_max_idle_ms;
    listen.process_bytes_max = std::max<int64_t>(config.queued_max_request_bytes, 0);
    auto port = link_->bind(listen);
    if (!port) {
      std::string why = errc_text(port.error().code);
      why[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(why[0])));  // as Java's texts begin
      return std::unexpected(fmt::format("Socket server failed to bind to {}:{}: {}.",
                                         endpoint.host.empty() ? "0.0.0.0" : endpoint.host, endpoint.port, why));
    }
    listening_.push_back({endpoint.listener, endpoint.host, *port});
    log_.info("Awaiting socket connections on {}:{}.", endpoint.host.empty() ? "0.0.0.0" : endpoint.host, *port);
  }
  return {};
}

// What may change while the broker runs, beside topics' defaults, which the logs follow by themselves. Starting thread,
// then the control reactor.
void BrokerServer::Impl::follow_config() {
  const std::shared_ptr<const broker::KafkaConfig> config = configs_->current();
  const size_t reactors = reactor_count(config->num_network_threads);
  if (std::exchange(network_threads_, config->num_network_threads) != config->num_network_threads &&
      reactors < static_cast<size_t>(config->num_network_threads)) {
    log_.info("num.network.threads={}: {} are used, as many as there are cores", config->num_network_threads, reactors);
  }
  link_->set_reactors_in_use(reactors);
  net::ConnectionLimits limits = connection_limits(*config);
  for (const broker::Endpoint& endpoint : config->bind_endpoints) {
    const auto total = configs_->listener_limit(endpoint.listener, "max.connections");
    const auto per_second = configs_->listener_limit(endpoint.listener, "max.connection.creation.rate");
    if (!total && !per_second) continue;
    constexpr int32_t kNone = net::ConnectionLimits::kNone;
    limits.listeners[endpoint.listener] = {total.value_or(kNone), per_second.value_or(kNone)};
  }
  link_->set_limits(std::move(limits));
  storage_->set_producer_expiration(config->producer_id_expiration_ms);
}

Started BrokerServer::Impl::join() {
  // What clients are told: a port 0 becomes the one that is bound, an empty host this machine's name.
  std::vector<broker::Endpoint> advertised = loaded_->config.advertised;
  for (broker::Endpoint& endpoint : advertised) {
    for (const Listening& l : listening_) {
      if (l.name == endpoint.listener && endpoint.port == 0) endpoint.port = l.port;
    }
    if (endpoint.host.empty()) endpoint.host = host_name();
  }
  auto joined = ask<void>("registration", [&](auto done) { member_->join(std::move(advertised), std::move(done)); });
  if (!joined) return joined;
  return storage_->write_identity(cluster_id_, id_);
}

void BrokerServer::Impl::serve() {
  link_->start_accepting();
  control_.run_sync([this] { storage_->start_housekeeping(control_); });
  serving_ = true;
  log_.info("started");
}

Started BrokerServer::Impl::start() {
  using Step = Started (Impl::*)();
  for (const Step step : {&Impl::configure, &Impl::open_storage, &Impl::connect_zookeeper, &Impl::identify, &Impl::load,
                          &Impl::bind, &Impl::join}) {
    if (auto done = (this->*step)(); !done) {
      log_.error("Fatal error during KafkaServer startup. Prepare to shutdown: {}", done.error());
      return done;
    }
  }
  serve();
  return {};
}

void BrokerServer::Impl::stop() {
  if (std::exchange(stopped_, true)) return;
  log_.info("shutting down");
  if (serving_ && loaded_->config.controlled_shutdown_enable) {
    log_.info("Starting controlled shutdown");
    await<bool>(control_, ms(30000),
                [this](auto done) { member_->controlled_shutdown([d = std::move(done)]() mutable { d(true); }); });
  }
  if (link_) link_->close();
  if (member_) {
    control_.run_sync([this] {
      broker_->on_config_changed = nullptr;
      member_->stop();
      storage_->stop_housekeeping();
    });
  }
  if (orders_) orders_->drain();
  if (storage_) storage_->stop(serving_);
  if (zk_) {
    const bool closed = await<bool>(control_, ms(5000), [this](auto done) {
                          zk_->close([d = std::move(done)]() mutable { d(true); });
                        }).has_value();
    if (closed) remove_session(fs_, storage_->session_file());
  }
  // The network reactors stop before what their connections refer to goes; the control reactor's objects go on it.
  link_.reset();
  for (auto& reactor : network_) {
    reactor->stop();
    reactor->join();
  }
  if (zk_ || connector_) {
    control_.run_sync([this] {
      member_.reset();
      producer_ids_.reset();
      zk_.reset();
      connector_.reset();
    });
  }
  orders_.reset();
  control_.stop();
  control_.join();
  broker_.reset();
  network_.clear();
  storage_.reset();
  log_.info("shut down completed");
}

std::expected<std::unique_ptr<BrokerServer>, std::string> BrokerServer::start(storage::FileSystem& fs,
                                                                              BrokerOptions options) {
  auto impl = std::make_unique<Impl>(fs, std::move(options));
  if (auto started = impl->start(); !started) return std::unexpected(started.error());
  return std::unique_ptr<BrokerServer>(new BrokerServer(std::move(impl)));
}

BrokerServer::BrokerServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BrokerServer::~BrokerServer() = default;
void BrokerServer::stop() { impl_->stop(); }
BrokerId BrokerServer::id() const { return impl_->id(); }
const std::vector<BrokerServer::Listening>& BrokerServer::listening() const { return impl_->listening(); }

}  // namespace kz::server
