#include "net/watch.h"

#include "net/reactor_impl.h"

namespace kz::net {

struct Watch::State {
  State(Reactor& r, int f, Callback rd, Callback wr)
      : reactor(r), descriptor(r.impl().context, f), fd(f), readable(std::move(rd)), writable(std::move(wr)) {}
  Reactor& reactor;
  boost::asio::posix::stream_descriptor descriptor;
  int fd;
  Callback readable, writable;
  bool alive = true, read_armed = false, write_armed = false;
};

Watch::Watch(Reactor& reactor, int fd, Callback readable, Callback writable)
    : state_(std::make_shared<State>(reactor, fd, std::move(readable), std::move(writable))) {}

Watch::~Watch() {
  state_->alive = false;
  boost::system::error_code ignored;
  if (state_->descriptor.is_open()) state_->descriptor.close(ignored);
}

int Watch::release() {
  state_->alive = false;
  return state_->descriptor.release();
}

int Watch::fd() const { return state_->fd; }

void Watch::arm_read() {
  if (std::exchange(state_->read_armed, true)) return;
  state_->descriptor.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                [s = state_](const boost::system::error_code& ec) noexcept {
                                  s->read_armed = false;
                                  if (ec || !s->alive) return;
                                  s->reactor.refresh_now();
                                  s->readable();
                                });
}

void Watch::arm_write() {
  if (std::exchange(state_->write_armed, true)) return;
  state_->descriptor.async_wait(boost::asio::posix::descriptor_base::wait_write,
                                [s = state_](const boost::system::error_code& ec) noexcept {
                                  s->write_armed = false;
                                  if (ec || !s->alive) return;
                                  s->reactor.refresh_now();
                                  s->writable();
                                });
}

}  // namespace kz::net
