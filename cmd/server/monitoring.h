// Monitoring: what a ZooKeeper server tells about itself: its metrics, its environment, and who asks for them.
// Owned by the server; all calls on its reactor.
#pragma once
#include <string_view>

#include "cmd/server/zookeeper_commit.h"
#include "cmd/server/zookeeper_environment.h"
#include "core/zk/metrics.h"
#include "core/zk/server_info.h"
#include "net/zk_link.h"

namespace kz::server {

class Monitoring {
 public:
  Monitoring(storage::FileSystem& fs, const zk::ZooConfig& config);

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
  storage::FileSystem& fs_;
  const zk::ZooConfig& config_;
  zk::Metrics metrics_;
  zk::ServerEnvironment environment_;
};

}  // namespace kz::server
