// Running a ZooKeeper server in this process until a signal comes: what QuorumPeerMain does.
// Source: QuorumPeerMain, ZooKeeperServerMain @ 3.8.0 (exit statuses: 2 configuration, 3 data directory, 1 otherwise).
#pragma once
#include <expected>
#include <functional>
#include <string>

#include "cmd/logging.h"
#include "core/zk/config.h"

namespace kz::cmd {

inline constexpr int kExitBadConfig = 2;

struct ZkConfigFailure {
  std::string message;  // one line for the operator
  int exit_status = kExitBadConfig;
};
// Reads and parses a configuration and its dynamic file. jvm_flags: only -D is looked at. An
// ensemble needs its myid file.
std::expected<zk::ZooConfig, ZkConfigFailure> load_zoo_config(const std::string& file, const std::string& jvm_flags);

// Logs to standard output, serves, returns the exit status. on_serving: called once the port is bound (an
// ensemble's member: once it serves, on another thread).
int run_zookeeper(const std::string& config_file, zk::ZooConfig config, LogLayout layout,
                  const std::function<void()>& on_serving);

}  // namespace kz::cmd
