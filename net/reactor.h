// Reactor: one thread, one io_context(1), its timers and its posted work. Connections live on one reactor for life.
// Everything but post(), stop() and on_thread() belongs to the owner thread: the one inside run().
#pragma once
#include <memory>
#include <string>

#include "core/base/executor.h"
#include "core/bytes/slab.h"

namespace kz::net {

class Reactor final : public Executor {
 public:
  // name: the thread's name, shown by ps and in logs; at most 15 characters are kept by the kernel.
  explicit Reactor(std::string name);
  ~Reactor() override;  // stops and joins; work not yet run is destroyed unrun
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // The calling thread becomes the owner until stop().
  void run();
  // Starts a thread that runs. join() waits for it; both happen at most once.
  void start_thread();
  void join();
  // Any thread; idempotent. run() returns after the current event.
  void stop();

  // Posts from the owner cost no lock; posts from others are batched: one wake-up for all that arrive meanwhile.
  void post(Work work) override;
  TimerId at(TimePoint when, Work work) override;
  void cancel(TimerId id) override;
  Now now() const override;  // as of the current event, also after long work; see refresh_now()
  // Reads the clocks again; every event does so on entry.
  void refresh_now();

  bool on_thread() const;
  const std::string& name() const;
  // Posts and runs fn on the owner and waits for its end; inline when called there. For start and stop of compositions.
  void run_sync(Work fn);

  // Shared by the connections of this reactor, each use ends with its event: what recv fills, and what pread fills.
  MutableBytes receive_scratch();
  MutableBytes send_scratch();

  struct Impl;  // reactor_impl.h, for watch.cc
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace kz::net
