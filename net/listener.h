// Listener: a listening socket on its reactor; hands out accepted, configured descriptors.
// Owner: the reactor's thread, except the constructor.
#pragma once
#include <functional>
#include <memory>

#include "net/reactor.h"
#include "net/socket.h"
#include "net/watch.h"

namespace kz::net {

class Listener {
 public:
  using Accepted = std::function<void(int fd, const Address& peer)>;
  // fd: from listen_socket(), taken over.
  Listener(Reactor& reactor, int fd, Accepted accepted);
  void start();  // until then connections wait in the backlog
  void pause() { paused_ = true; }
  void resume();

 private:
  void accept_some();
  Reactor& reactor_;
  Accepted accepted_;
  Watch watch_;
  bool started_ = false, paused_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TimePoint last_complaint_;

 public:
  ~Listener() { *alive_ = false; }
};

}  // namespace kz::net
