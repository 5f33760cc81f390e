// The Connector port over TCP: resolves on a helper thread, tries every address, frames both ways.
// Owner: the reactor given; every call on its thread. The connector outlives no reactor.
#pragma once
#include <memory>
#include <string>

#include "core/ports_net.h"
#include "net/reactor.h"

namespace kz::net {

struct ConnectorOptions {
  Duration connect_timeout = ms(10000);  // per address; socket.connection.setup.timeout.ms
  int32_t send_buffer_bytes = -1;        // -1 = the kernel's choice
  int32_t receive_buffer_bytes = -1;
};

class TcpConnector final : public Connector {
 public:
  explicit TcpConnector(Reactor& reactor, ConnectorOptions options = {});
  ~TcpConnector() override;  // on the reactor's thread, or after it stopped; closes all without calls

  ConnId open(const std::string& host, uint16_t port, ConnectionHandler& handler, size_t frame_max) override;
  void send(ConnId conn, Chain body) override;
  void close(ConnId conn) override;
  std::string peer(ConnId conn) const override;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kz::net
