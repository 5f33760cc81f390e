// QuorumZooKeeperServer: a member of an ensemble out of its parts: data directory, election and quorum ports, the
// QuorumPeer machine, and a pipeline while it serves. Everything that decides runs on one reactor; the log is synced as
// in the standalone server. Source: QuorumPeerMain, QuorumPeer, LeaderZooKeeperServer, FollowerZooKeeperServer @ 3.8.0.
#pragma once
#include "cmd/server/zookeeper.h"

namespace kz::server {

class QuorumZooKeeperServer {
 public:
  // Recovers, opens its ports and begins to look for a leader; clients are refused until there is one. As
  // ZooKeeperServer::start. options.server_id: the myid.
  static std::expected<std::unique_ptr<QuorumZooKeeperServer>, StartFailure> start(storage::FileSystem& fs,
                                                                                   net::Reactor& reactor,
                                                                                   ZooKeeperOptions options);
  ~QuorumZooKeeperServer();
  QuorumZooKeeperServer(const QuorumZooKeeperServer&) = delete;
  QuorumZooKeeperServer& operator=(const QuorumZooKeeperServer&) = delete;
  void stop();
  uint16_t port() const;

 private:
  class Impl;
  explicit QuorumZooKeeperServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The number in <dataDir>/myid. The error is one line for the operator.
std::expected<ServerId, std::string> read_myid(storage::FileSystem& fs, const std::string& data_dir);

}  // namespace kz::server
