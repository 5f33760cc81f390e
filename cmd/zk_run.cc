#include "cmd/zk_run.h"

#include <atomic>
#include <cstdio>
#include <cstring>

#include "cmd/daemon.h"
#include "cmd/server/quorum_zookeeper.h"
#include "cmd/server/zookeeper.h"
#include "core/zk/sasl_config.h"
#include "net/reactor.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

// Starts `Server`, waits for the signal, stops. The exit status.
template <class Server>
int serve(net::Reactor& reactor, server::ZooKeeperOptions options, const log::Logger& logger,
          const std::function<void()>& on_serving) {
  std::atomic<bool> failed = false;
  options.on_fatal = [&failed](const std::string&) {
    failed = true;
    request_stop();
  };
  constexpr bool kEnsemble = std::is_same_v<Server, server::QuorumZooKeeperServer>;
  if (kEnsemble) options.on_serving = on_serving;
  auto server = Server::start(storage::posix_fs(), reactor, std::move(options));
  if (!server) {
    logger.error("{}", server.error().message);
    if (server.error().exit_status == 3) logger.error("Unable to access datadir, exiting abnormally");
    stop_logging();
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return server.error().exit_status;
  }
  if (!kEnsemble) {
    logger.info("Serving clients on port {}", (*server)->port());
    on_serving();
  }
  wait_for_stop_signal();
  (*server)->stop();
  server->reset();
  reactor.stop();
  reactor.join();
  return failed ? 1 : 0;
}

std::unexpected<ZkConfigFailure> refuse(std::string message) {
  return std::unexpected(ZkConfigFailure{std::move(message), kExitBadConfig});
}

// What the file says of this server itself, now that its id is known. Source: QuorumPeerConfig.setupClientPort and
// setupPeerType @ 3.8.0. The complaint, or empty.
std::string check_own_line(zk::ZooConfig& config, ServerId id) {
  const zk::QuorumServer& self = config.quorum.servers.at(id);
  const bool any = config.client_port_address.empty() || config.client_port_address == "0.0.0.0" ||
                   config.client_port_address == "::";
  if (self.client && config.client_port &&
      (*config.client_port != self.client->port || (!any && config.client_port_address != self.client->host))) {
    return fmt::format(
        "client address for this server (id = {}) in static config file is {} is different from client address found "
        "in dynamic file: {}",
        id, zk::HostPort{any ? "0.0.0.0" : config.client_port_address, *config.client_port}.text(),
        self.client->text());
  }
  if (self.observer != (config.peer_type == "observer")) {
    config.notices.push_back(
        fmt::format("Peer type from servers list ({}) doesn't match peerType ({}). Defaulting to servers list.",
                    self.observer ? "OBSERVER" : "PARTICIPANT", self.observer ? "PARTICIPANT" : "OBSERVER"));
  }
  return {};
}

std::string errno_text(const Error& error) {
  return error.detail != 0 ? std::strerror(static_cast<int>(error.detail)) : errc_text(error.code);
}

}  // namespace

std::expected<zk::ZooConfig, ZkConfigFailure> load_zoo_config(const std::string& file, const std::string& jvm_flags) {
  auto text = storage::posix_fs().read_file(file);
  if (!text) return refuse("Error processing " + file + ": " + errno_text(text.error()));
  zk::ConfigSource source;
  source.file = file;
  source.text = std::move(*text);
  source.jvm_flags = jvm_flags;
  auto config = zk::parse_zoo_config(source);
  if (config && !config->dynamic_config_file.empty()) {
    auto dynamic = storage::posix_fs().read_file(config->dynamic_config_file);
    if (!dynamic)
      return refuse(file + ": dynamicConfigFile=" + config->dynamic_config_file + ": " + errno_text(dynamic.error()));
    source.dynamic_file = config->dynamic_config_file;
    source.dynamic_text = std::move(*dynamic);
    config = zk::parse_zoo_config(source);
  }
  if (!config) return refuse(config.error().message);
  if (!config->jaas_file.empty()) {
    const auto jaas = storage::posix_fs().read_file(config->jaas_file);
    if (!jaas) return refuse("java.security.auth.login.config=" + config->jaas_file + ": " + errno_text(jaas.error()));
    if (std::string problem = zk::apply_jaas(*config, *jaas); !problem.empty()) return refuse(std::move(problem));
  } else if (config->quorum_sasl_enabled && config->wants_quorum()) {
    return refuse(file + ": quorum.auth.enableSasl is true but java.security.auth.login.config names no JAAS file");
  }
  if (config->wants_quorum()) {
    const auto id = server::read_myid(storage::posix_fs(), config->data_dir);
    if (!id) return refuse(id.error());
    if (!config->quorum.servers.contains(*id)) {
      return refuse(fmt::format("My id {} not in the peer list: {}/myid has it, and {} has no server.{} line", *id,
                                config->data_dir, file, *id));
    }
    if (std::string problem = check_own_line(*config, *id); !problem.empty()) return refuse(file + ": " + problem);
  }
  return std::move(*config);
}

int run_zookeeper(const std::string& config_file, zk::ZooConfig config, LogLayout layout,
                  const std::function<void()>& on_serving) {
  hold_stop_signals();
  start_server_logging(layout, log::Level::kInfo);
  const log::Logger logger("org.apache.zookeeper.server.ZooKeeperServerMain");
  logger.info("Reading configuration from: {}", config_file);
  for (const auto& notice : config.notices) logger.warn("{}", notice);
  const bool ensemble = config.wants_quorum();
  if (!ensemble && !config.client_port) {
    logger.error("Invalid config, exiting abnormally: clientPort is not set in {}", config_file);
    return kExitBadConfig;
  }
  logger.info("Starting server (kz " KZ_VERSION "), dataDir {}, tickTime {} ms", config.data_dir, config.tick_time_ms);

  net::Reactor reactor("kz-zk");
  reactor.start_thread();
  server::ZooKeeperOptions options;
  if (ensemble) options.server_id = server::read_myid(storage::posix_fs(), config.data_dir).value_or(-1);
  options.config_file = config_file;
  options.config = std::move(config);
  return ensemble ? serve<server::QuorumZooKeeperServer>(reactor, std::move(options), logger, on_serving)
                  : serve<server::ZooKeeperServer>(reactor, std::move(options), logger, on_serving);
}

}  // namespace kz::cmd
