// DevServer: `kz dev`: a ZooKeeper server and a broker in one process that talk over loopback, with defaults that suit
// one machine. The data directory is marked, locked while it is used, and holds zookeeper/ and kafka/.
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "core/broker/dynamic_config.h"
#include "storage/fs.h"

namespace kz::server {

struct DevOptions {
  std::string data_dir;
  uint16_t zookeeper_port = 2181;   // 0 = any free one
  uint16_t port = 9092;             // 0 = any free one
  std::string host = "127.0.0.1";   // both servers listen here
  std::string advertised_host;      // what clients are told; empty = host
  bool fresh = false;               // begin with an empty directory
  broker::ServerProperties config;  // --config; what is not given gets dev's defaults
  std::function<void(const std::string& why)> on_fatal;
};

class DevServer {
 public:
  // The directory exists, is locked, and is empty, ours or a copy of a ZooKeeper's and a broker's data. With fresh, it
  // is emptied, if it is marked as made by this. The lock is held until the object goes.
  static std::expected<std::unique_ptr<storage::FileLock>, std::string> prepare_directory(storage::FileSystem& fs,
                                                                                          const std::string& directory,
                                                                                          bool fresh);

  // Blocks until requests are served. The error is one line for the user.
  static std::expected<std::unique_ptr<DevServer>, std::string> start(storage::FileSystem& fs, DevOptions options);
  ~DevServer();
  // The broker, then ZooKeeper; blocks.
  void stop();
  uint16_t zookeeper_port() const;
  uint16_t port() const;
  int32_t broker_id() const;

 private:
  class Impl;
  explicit DevServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kz::server
