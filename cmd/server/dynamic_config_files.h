// DynamicConfigFiles: zoo.cfg and the files beside it that a reconfiguration writes (core/zk/dynamic_config.h). Each is
// replaced atomically, and the pointer in zoo.cfg last: whatever is read after a crash is one whole configuration.
// Source: QuorumPeer.setQuorumVerifier, setLastSeenQuorumVerifier, QuorumPeerConfig.backupOldConfig @ 3.8.0.
#pragma once
#include <optional>
#include <string>

#include "core/zk/quorum_config.h"
#include "storage/fs.h"

namespace kz::server {

class DynamicConfigFiles {
 public:
  // config_file: zoo.cfg; empty: nothing is read or written.
  DynamicConfigFiles(storage::FileSystem& fs, std::string config_file) : fs_(fs), file_(std::move(config_file)) {}

  Status back_up();
  // What was proposed and not known to be in force; nullopt when there is none.
  Result<std::optional<zk::QuorumConfig>> read_next();
  Status write_next(const zk::QuorumConfig& config);
  Status forget_next();
  // The members in force. erase_client_port: this server's line names its client port.
  Status write(const zk::QuorumConfig& config, bool erase_client_port);

 private:
  storage::FileSystem& fs_;
  std::string file_;
};

}  // namespace kz::server
