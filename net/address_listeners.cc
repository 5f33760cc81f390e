#include "net/address_listeners.h"

#include "core/base/log.h"
#include "net/socket.h"

namespace kz::net {
namespace {

constexpr Duration kRetry = ms(1000);
constexpr int kBacklog = 50;  // Java's ServerSocket

}  // namespace

Status AddressListeners::listen(std::vector<zk::HostPort> addresses, bool all_ips) {
  stop();
  all_ips_ = all_ips;
  // With one port on every address of the machine a second one is the same.
  for (zk::HostPort& a : addresses) {
    if (all_ips) a.host.clear();
    if (addresses_.empty() || addresses_.back() != a) addresses_.push_back(std::move(a));
  }
  return bind_missing();
}

Status AddressListeners::bind_missing() {
  static const log::Logger kLog("QuorumPeer");
  Status failure;
  for (const zk::HostPort& a : addresses_) {
    if (listeners_.contains(a)) continue;
    const auto fd = listen_socket(a.host, a.port, kBacklog, -1);
    if (!fd) {
      failure = fail(fd.error().code, "port", a.port);
      if (addresses_.size() > 1 && complained_of_.insert(a).second) {
        kLog.warn("Cannot listen on {}: {}; trying again", a.text(), errc_text(fd.error().code));
      }
      continue;
    }
    if (complained_of_.erase(a) > 0) kLog.info("Listening on {}", a.text());
    auto& listener = listeners_[a];
    listener = std::make_unique<Listener>(reactor_, *fd, on_accept_);
    listener->start();
  }
  if (listeners_.empty()) return failure;
  if (listeners_.size() < addresses_.size()) {
    retry_ = reactor_.after(kRetry, [this] {
      retry_ = 0;
      if (const Status bound = bind_missing(); !bound) kLog.debug("still nothing to listen on");
    });
  }
  return {};
}

void AddressListeners::stop() {
  reactor_.cancel(std::exchange(retry_, 0));
  listeners_.clear();
  complained_of_.clear();
  addresses_.clear();
}

}  // namespace kz::net
