// ZooKeeperServer: a standalone ZooKeeper server out of its parts: data directory, pipeline, client port, disk threads.
// Everything that decides runs on one reactor. A round's transactions are written and synced together: by the reactor
// itself while the disk is fast and the batch small, else by the sync thread while the reactor goes on.
// Source: ZooKeeperServerMain, SyncRequestProcessor, DatadirCleanupManager @ 3.8.0.
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "core/zk/config.h"
#include "net/reactor.h"
#include "storage/fs.h"

namespace kz::server {

struct ZooKeeperOptions {
  zk::ZooConfig config;     // client_port 0: any free port
  std::string config_file;  // zoo.cfg, which a reconfiguration rewrites; empty: there is none
  ServerId server_id = 0;
  uint64_t seed = 0;  // for snapCount's jitter; 0: from the operating system
  // The log or the disk failed: nothing more is acknowledged. Called once, on the reactor; the process should end.
  std::function<void(const std::string& why)> on_fatal;
  // Members of an ensemble: a leader was found and clients are served for the first time. Called once, on the reactor.
  std::function<void()> on_serving;
};

// Why a server did not start, as one line, and what its process should exit with.
struct StartFailure {
  std::string message;
  int exit_status = 1;
};

class ZooKeeperServer {
 public:
  // Recovers and serves: from the reactor's thread, or from any other while the reactor runs. fs and reactor outlive
  // the server.
  static std::expected<std::unique_ptr<ZooKeeperServer>, StartFailure> start(storage::FileSystem& fs,
                                                                             net::Reactor& reactor,
                                                                             ZooKeeperOptions options);
  // stop() if that has not happened.
  ~ZooKeeperServer();
  ZooKeeperServer(const ZooKeeperServer&) = delete;
  ZooKeeperServer& operator=(const ZooKeeperServer&) = delete;

  // Stops accepting, closes connections, syncs and closes the log, waits for disk threads. Sessions live on in the log.
  void stop();
  uint16_t port() const;  // the bound client port

 private:
  class Impl;
  explicit ZooKeeperServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kz::server
