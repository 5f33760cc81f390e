// QuorumCnx: the election port. One connection per pair of servers is kept, the one that the larger id opened; each
// peer's queue holds the newest message alone, and the last one sent goes again when a connection comes up.
// A peer that refuses, cannot be routed to or hangs up is reported at once: the election need not wait for it.
// Source: QuorumCnxManager @ 3.8.0.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/election/notification.h"
#include "core/zk/quorum_config.h"
#include "net/quorum_handshake.h"
#include "net/reactor.h"

namespace kz::net {

// Called on the reactor. The handler outlives the QuorumCnx.
class QuorumCnxHandler {
 public:
  virtual ~QuorumCnxHandler() = default;
  virtual void on_notification(ServerId from, election::Notification notification) = 0;
  virtual void on_peer_reachable(ServerId peer) = 0;
  virtual void on_peer_unreachable(ServerId peer) = 0;
};

struct QuorumCnxOptions {
  ServerId self = 0;
  bool listen_on_all_ips = false;
  bool multi_address = false;
  Duration connect_timeout = ms(5000);
  QuorumSasl sasl;
  // Several addresses: after how long another is tried too, and a connection without acknowledgements is lost; 0:
  // never.
  Duration stagger{};
};

// All calls on the reactor's thread.
class QuorumCnx {
 public:
  QuorumCnx(Reactor& reactor, QuorumCnxOptions options, const zk::QuorumConfig& config, QuorumCnxHandler& handler);
  ~QuorumCnx();
  // Binds the own election addresses. The error's detail is the port.
  Status listen();
  void send(ServerId to, const election::Notification& notification);
  // The members in force and those proposed last: whom to connect to and where to listen from now on.
  void set_config(const zk::QuorumConfig& config, const zk::QuorumConfig& next);
  // Opens the connections that are missing.
  void connect_all();
  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kz::net
