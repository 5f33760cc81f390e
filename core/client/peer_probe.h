// Finds out what listens on a port where a broker was expected and that does not answer as one: asks in ZooKeeper's
// protocol, then in HTTP. For hints only. Owner: one executor; not thread-safe.
#pragma once
#include <functional>
#include <string>

#include "core/base/executor.h"
#include "core/client/peer_hint.h"
#include "core/ports_net.h"

namespace kz::client {

class PeerProbe final : private ConnectionHandler {
 public:
  PeerProbe(Connector& connector, Executor& executor) : connector_(connector), executor_(executor) {}
  ~PeerProbe() override;
  // One at a time; done is called once, within three seconds.
  void ask(const std::string& host, uint16_t port, std::function<void(PeerKind)> done);

 private:
  enum class Stage : uint8_t { kZooKeeper, kHttp };
  void on_connected(ConnId conn) override;
  void on_frame(ConnId conn, Slice frame) override;
  void on_closed(ConnId conn, Error why, std::string first_bytes) override;
  void open(Stage stage);
  void next();
  void finish(PeerKind kind);

  Connector& connector_;
  Executor& executor_;
  std::string host_;
  uint16_t port_ = 0;
  Stage stage_ = Stage::kZooKeeper;
  ConnId conn_ = 0;
  TimerId timer_ = 0;
  std::function<void(PeerKind)> done_;
};

}  // namespace kz::client
