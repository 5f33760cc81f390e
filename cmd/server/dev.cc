#include "cmd/server/dev.h"

#include <fmt/format.h>

#include "cmd/server/broker.h"
#include "cmd/server/zookeeper.h"
#include "net/reactor.h"

namespace kz::server {
namespace {

constexpr const char* kMarker = ".kz-dev";
constexpr const char* kOrigin = "its own settings";  // where a message says that a value comes from
constexpr const char* kMarkerText = "This directory was made by `kz dev`; `kz dev --fresh` empties it.\n";

std::string problem(const std::string& what, const Error& e) { return fmt::format("{}: {}", what, errc_text(e.code)); }

// A key of --config that dev decides itself is dropped; what is absent gets the default of one machine.
void apply_defaults(broker::ServerProperties& properties, const DevOptions& options, uint16_t zookeeper_port) {
  const broker::ConfigMap decided{
      {"zookeeper.connect", fmt::format("{}:{}", options.host, zookeeper_port)},
      {"listeners", fmt::format("PLAINTEXT://{}:{}", options.host, options.port)},
      {"log.dirs", options.data_dir + "/kafka"},
  };
  properties.add(kOrigin, decided);
  properties.values.erase("log.dir");
  if (!options.advertised_host.empty()) {
    // The port of the listener is filled in by the broker when it is 0.
    properties.add(kOrigin,
                   broker::ConfigMap{{"advertised.listeners",
                                      fmt::format("PLAINTEXT://{}:{}", options.advertised_host, options.port)}});
  } else {
    properties.values.erase("advertised.listeners");
  }
  const broker::ConfigMap defaults{
      {"broker.id", "0"},
      {"offsets.topic.replication.factor", "1"},
      {"transaction.state.log.replication.factor", "1"},
      {"transaction.state.log.min.isr", "1"},
      {"group.initial.rebalance.delay.ms", "0"},
  };
  for (const auto& [key, value] : defaults) {
    if (!properties.values.contains(key)) properties.add(kOrigin, broker::ConfigMap{{key, value}});
  }
}

zk::ZooConfig zoo_config(const DevOptions& options) {
  zk::ZooConfig config;
  config.tick_time_ms = 2000;
  config.data_dir = config.data_log_dir = options.data_dir + "/zookeeper";
  config.client_port = options.zookeeper_port;
  config.client_port_address = options.host;
  config.max_client_cnxns = 0;
  config.min_session_timeout_ms = 2 * config.tick_time_ms;
  config.max_session_timeout_ms = 20 * config.tick_time_ms;
  config.four_letter_whitelist = {"*"};
  config.admin_enabled = false;
  return config;
}

}  // namespace

class DevServer::Impl {
 public:
  std::unique_ptr<storage::FileLock> lock;
  net::Reactor reactor{"zookeeper"};
  std::unique_ptr<ZooKeeperServer> zookeeper;
  std::unique_ptr<BrokerServer> broker;

  ~Impl() { stop(); }
  void stop() {
    broker.reset();
    zookeeper.reset();
    reactor.stop();
    reactor.join();
    lock.reset();
  }
};

std::expected<std::unique_ptr<storage::FileLock>, std::string> DevServer::prepare_directory(
    storage::FileSystem& fs, const std::string& directory, bool fresh) {
  if (auto made = fs.create_directories(directory); !made) return std::unexpected(problem(directory, made.error()));
  const auto names = fs.list(directory);
  if (!names) return std::unexpected(problem(directory, names.error()));
  const std::string marker = directory + "/" + kMarker;
  const bool marked = fs.exists(marker);
  if (!marked && !names->empty()) {
    const bool servers_data = fs.exists(directory + "/zookeeper") || fs.exists(directory + "/kafka");
    if (fresh || !servers_data) {
      return std::unexpected(
          fmt::format("{} was not made by kz dev and is not empty: nothing in it was touched", directory));
    }
  }
  if (!marked) {
    if (auto wrote = fs.write_atomically(marker, kMarkerText, false); !wrote) {
      return std::unexpected(problem(marker, wrote.error()));
    }
  }
  auto lock = fs.lock(marker);
  if (!lock) {
    if (lock.error().code == Errc::kLocked) {
      return std::unexpected(fmt::format("{} is in use by another kz dev", directory));
    }
    return std::unexpected(problem(marker, lock.error()));
  }
  if (fresh) {
    for (const std::string& name : *names) {
      if (name == kMarker) continue;
      const std::string path = directory + "/" + name;
      if (auto gone = fs.remove_tree(path); !gone) return std::unexpected(problem(path, gone.error()));
    }
  }
  return std::move(*lock);
}

std::expected<std::unique_ptr<DevServer>, std::string> DevServer::start(storage::FileSystem& fs, DevOptions options) {
  auto impl = std::make_unique<Impl>();
  auto lock = prepare_directory(fs, options.data_dir, options.fresh);
  if (!lock) return std::unexpected(lock.error());
  impl->lock = std::move(*lock);

  impl->reactor.start_thread();
  ZooKeeperOptions zookeeper;
  zookeeper.config = zoo_config(options);
  zookeeper.on_fatal = options.on_fatal;
  auto zk = ZooKeeperServer::start(fs, impl->reactor, std::move(zookeeper));
  if (!zk) return std::unexpected(zk.error().message);
  impl->zookeeper = std::move(*zk);

  BrokerOptions broker;
  broker.properties = std::move(options.config);
  apply_defaults(broker.properties, options, impl->zookeeper->port());
  broker.on_fatal = options.on_fatal;
  auto started = BrokerServer::start(fs, std::move(broker));
  if (!started) return std::unexpected(started.error());
  impl->broker = std::move(*started);
  return std::unique_ptr<DevServer>(new DevServer(std::move(impl)));
}

DevServer::DevServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DevServer::~DevServer() = default;
void DevServer::stop() { impl_->stop(); }
uint16_t DevServer::zookeeper_port() const { return impl_->zookeeper->port(); }
uint16_t DevServer::port() const { return impl_->broker->listening().front().port; }
int32_t DevServer::broker_id() const { return impl_->broker->id(); }

}  // namespace kz::server
