// Executor: how work and time reach the thread that owns them. net/ implements it with a reactor, the simulator with
// its event heap, so code that runs on one needs no threads, sockets or clocks of its own.
#pragma once
#include <cstdint>
#include <functional>

#include "core/base/time.h"

namespace kz {

using TimerId = uint64_t;  // 0 = none

class Executor {
 public:
  using Work = std::move_only_function<void()>;
  virtual ~Executor() = default;
  // From any thread; runs later, once, on the owner, in the order of posting per poster.
  virtual void post(Work work) = 0;
  // Owner thread only. Runs work once at or after `when` unless cancelled. Cancelling 0 or a fired timer does nothing.
  virtual TimerId at(TimePoint when, Work work) = 0;
  virtual void cancel(TimerId id) = 0;
  // Both clocks as of the current event; owner thread only.
  virtual Now now() const = 0;
  TimerId after(Duration delay, Work work) { return at(now().mono + delay, std::move(work)); }
};

}  // namespace kz
