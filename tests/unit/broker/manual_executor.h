// An executor driven by the test: posted work and timers run only in run(), time moves only by advance().
#pragma once
#include <deque>
#include <map>
#include <utility>

#include "core/base/executor.h"

namespace kz::test {

class ManualExecutor final : public Executor {
 public:
  void post(Work work) override { queue_.push_back(std::move(work)); }
  TimerId at(TimePoint when, Work work) override {
    const TimerId id = ++last_timer_;
    timers_.emplace(std::pair{when.ns, id}, std::move(work));
    return id;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [id](const auto& t) { return t.first.second == id; });
  }
  Now now() const override { return now_; }

  // Until nothing is left to do at the present time.
  void run() {
    for (;;) {
      if (!queue_.empty()) {
        Work work = std::move(queue_.front());
        queue_.pop_front();
        work();
        continue;
      }
      if (timers_.empty() || timers_.begin()->first.first > now_.mono.ns) return;
      auto node = timers_.extract(timers_.begin());
      node.mapped()();
    }
  }
  // Runs what becomes due on the way, in order.
  void advance(Duration by) {
    run();
    const TimePoint end = now_.mono + by;
    while (!timers_.empty() && timers_.begin()->first.first <= end.ns) {
      set({timers_.begin()->first.first});
      run();
    }
    set(end);
    run();
  }

 private:
  void set(TimePoint t) {
    if (t <= now_.mono) return;
    now_.wall_ms += (t.ns - now_.mono.ns) / 1'000'000;
    now_.mono = t;
  }
  std::deque<Work> queue_;
  std::map<std::pair<int64_t, TimerId>, Work> timers_;
  TimerId last_timer_ = 0;
  Now now_{{1'000'000'000}, 1'700'000'000'000};
};

}  // namespace kz::test
