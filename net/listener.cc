#include "net/listener.h"

#include <cerrno>
#include <cstring>

#include "core/base/log.h"

namespace kz::net {
namespace {
constexpr int kAcceptsPerEvent = 64;
constexpr Duration kRetry = ms(100);  // when the process is out of descriptors
const log::Logger& logger() {
  static const log::Logger l("kz.net.Listener");
  return l;
}
}  // namespace

Listener::Listener(Reactor& reactor, int fd, Accepted accepted)
    : reactor_(reactor), accepted_(std::move(accepted)), watch_(reactor, fd, [this] { accept_some(); }, [] {}) {}

void Listener::start() {
  started_ = true;
  watch_.arm_read();
}

void Listener::resume() {
  paused_ = false;
  if (started_) watch_.arm_read();
}

void Listener::accept_some() {
  const auto alive = alive_;
  for (int i = 0; i < kAcceptsPerEvent && !paused_; ++i) {
    Address peer;
    peer.size = sizeof peer.storage;
    const int fd = ::accept4(watch_.fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accepted_(fd, peer);
      if (!*alive) return;
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (reactor_.now().mono - last_complaint_ > ms(10000)) {
        logger().error("Error while accepting connection: {}; trying again", std::strerror(errno));
        last_complaint_ = reactor_.now().mono;
      }
      reactor_.after(kRetry, [this, alive] {
        if (*alive && !paused_) watch_.arm_read();
      });
      return;
    }
    // ECONNABORTED and the network errors of accept(2): that connection is gone, the next may be fine.
  }
  if (!paused_) watch_.arm_read();
}

}  // namespace kz::net
