// Monitoring: what a ZooKeeper server tells about itself: its metrics, its environment, and who asks for them.
// Owned by the server; all calls on its reactor.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <string_view>

#include "cmd/server/zookeeper_commit.h"
#include "cmd/server/zookeeper_environment.h"
#include "core/zk/admin_commands.h"
#include "core/zk/metrics.h"
#include "core/zk/server_info.h"
#include "net/http_server.h"
#include "net/zk_link.h"

namespace kz::server {

struct StartFailure;

class Monitoring {
 public:
  // The server, as the pages ask it.
  struct Source {
    std::function<zk::ServerInfo(zk::InfoNeeds needs, std::string_view word)> info;
    std::function<void(zk::AdminAction)> reset;
  };
  Monitoring(storage::FileSystem& fs, const zk::ZooConfig& config);
  // Opens the admin server and the metrics page, as configured. admin_is_fatal: a standalone server whose admin server
  // cannot start ends with status 4; a member of an ensemble goes on without (Apache's both).
  std::expected<void, StartFailure> open(net::Reactor& reactor, Source source, bool admin_is_fatal);
  void close();

  zk::Metrics& metrics() { return metrics_; }
  zk::ServerEnvironment& environment() { return environment_; }
  // What recovery took and found.
  void recovered(const storage::zk::DataDir::Recovery& recovery, const zk::Database& database);
  // The environment as of now, as far as `word` (or an admin command's word) shows it.
  const zk::ServerEnvironment& refresh(std::string_view word, const storage::zk::DataDir& data_dir,
                                       const GroupCommit& commit, net::ZkLink& clients, uint16_t port);
  // stmk sets the trace mask. False: the word came without it, and the connection is to be closed.
  bool take_arguments(std::string_view word, std::string_view args);

 private:
  net::HttpResponse admin_page(const net::HttpRequest& request);
  net::HttpResponse metrics_page(const net::HttpRequest& request);

  storage::FileSystem& fs_;
  const zk::ZooConfig& config_;
  Source source_;
  std::unique_ptr<net::HttpServer> admin_, metrics_server_;
  int64_t started_wall_ms_ = 0;
  log::Logger admin_logger_{"JettyAdminServer"};
  log::Logger metrics_logger_{"PrometheusMetricsProvider"};
  zk::Metrics metrics_;
  zk::ServerEnvironment environment_;
};

}  // namespace kz::server
