// Watch: readiness of one descriptor on its reactor. Each arming gives one callback; re-arming inside it is fine.
// Owner: the reactor's thread. After the destructor no callback comes.
#pragma once
#include <functional>
#include <memory>

#include "net/reactor.h"

namespace kz::net {

class Watch {
 public:
  using Callback = std::move_only_function<void()>;
  // Takes over the descriptor, which must be non-blocking, and closes it at the end.
  Watch(Reactor& reactor, int fd, Callback readable, Callback writable);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  int fd() const;
  int release();     // gives the descriptor up open; only the destructor may follow
  void arm_read();   // nothing if already armed
  void arm_write();  // nothing if already armed
  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace kz::net
