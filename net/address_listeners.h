// AddressListeners: one port of a server on all of its addresses. One that can be bound is enough; the others are tried
// again, as their network may come back. Owner: the reactor's thread.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/base/time.h"
#include "core/zk/quorum_config.h"
#include "net/listener.h"
#include "net/reactor.h"

namespace kz::net {

class AddressListeners {
 public:
  using OnAccept = std::function<void(int fd, const Address& from)>;
  AddressListeners(Reactor& reactor, OnAccept on_accept) : reactor_(reactor), on_accept_(std::move(on_accept)) {}
  ~AddressListeners() { stop(); }
  AddressListeners(const AddressListeners&) = delete;
  AddressListeners& operator=(const AddressListeners&) = delete;

  // Instead of what was listened to before. all_ips: the ports on every address of the machine. An error when none can
  // be bound, its detail the port; nothing is tried again then.
  Status listen(std::vector<zk::HostPort> addresses, bool all_ips);
  void stop();
  bool empty() const { return listeners_.empty(); }

 private:
  Status bind_missing();

  Reactor& reactor_;
  OnAccept on_accept_;
  std::vector<zk::HostPort> addresses_;
  bool all_ips_ = false;
  std::map<zk::HostPort, std::unique_ptr<Listener>> listeners_;
  std::set<zk::HostPort> complained_of_;
  TimerId retry_ = 0;
};

}  // namespace kz::net
