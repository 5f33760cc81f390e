// BrokerServer: a Kafka broker out of its parts: ZooKeeper session, logs, requests, controller, listeners; who owns
// what, and the order of start and stop. Source: KafkaServer.scala @ 3.4.0; the take-over of a crashed process's
// ZooKeeper session is ours (docs/design.md).
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/broker/dynamic_config.h"
#include "core/zk/jaas.h"
#include "storage/fs.h"

namespace kz::server {

struct BrokerOptions {
  broker::ServerProperties properties;
  // The broker cannot go on (every log directory failed): the process should end with status 1. Called once, from any
  // thread.
  std::function<void(const std::string& why)> on_fatal;
  std::optional<zk::SaslLogin> zookeeper_login;  // of the broker at its ZooKeeper
};

class BrokerServer {
 public:
  // Blocks until requests are served. The error is one line for the user, Kafka's text where it has one. fs outlives
  // the server.
  static std::expected<std::unique_ptr<BrokerServer>, std::string> start(storage::FileSystem& fs,
                                                                         BrokerOptions options);
  ~BrokerServer();  // stop() if that has not happened
  BrokerServer(const BrokerServer&) = delete;
  BrokerServer& operator=(const BrokerServer&) = delete;

  // Controlled shutdown, then everything down in Kafka's order; blocks. From a thread of no reactor.
  void stop();

  BrokerId id() const;
  struct Listening {
    std::string name;
    std::string host;  // as bound; "" = all
    uint16_t port = 0;
  };
  const std::vector<Listening>& listening() const;

 private:
  class Impl;
  explicit BrokerServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kz::server
