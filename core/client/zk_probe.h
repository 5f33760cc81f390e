// Asks a port whether it speaks ZooKeeper's protocol: a connect request, and is the answer one? For hints, after a port
// that should be a broker's closed without a word. Owner: one executor; not thread-safe.
#pragma once
#include <functional>
#include <string>

#include "core/base/executor.h"
#include "core/ports_net.h"

namespace kz::client {

class ZkProbe final : private ConnectionHandler {
 public:
  ZkProbe(Connector& connector, Executor& executor) : connector_(connector), executor_(executor) {}
  ~ZkProbe() override;
  // One at a time; done is called once, within two seconds.
  void ask(const std::string& host, uint16_t port, std::function<void(bool is_zookeeper)> done);

 private:
  void on_connected(ConnId conn) override;
  void on_frame(ConnId conn, Slice frame) override;
  void on_closed(ConnId conn, Error why, std::string first_bytes) override;
  void finish(bool answer);

  Connector& connector_;
  Executor& executor_;
  ConnId conn_ = 0;
  TimerId timer_ = 0;
  std::function<void(bool)> done_;
};

}  // namespace kz::client
