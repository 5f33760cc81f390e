// DiskPool: the worker threads of one data directory (or of one duty, such as recovery). Whatever may take
// milliseconds - sync, open, delete, rebuild, cold reads - runs here and never on a reactor.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/executor.h"

namespace kz::storage {

// Thread-safe. The destructor runs what is queued and then joins; jobs must not submit to a pool being destroyed.
class DiskPool {
 public:
  using Job = std::move_only_function<void()>;
  // name: at most 15 characters, shown by ps and top. With one thread, jobs run in the order of submission.
  DiskPool(const std::string& name, size_t threads, size_t queue_max = 65536);
  ~DiskPool();
  DiskPool(const DiskPool&) = delete;
  DiskPool& operator=(const DiskPool&) = delete;

  // False when the queue is full (the job was not taken). Never waits.
  [[nodiscard]] bool submit(Job job);

  // Runs job() on a worker and then posts done(result) - done() for a void job - to `owner`.
  template <class F, class D>
  [[nodiscard]] bool run(F job, Executor& owner, D done) {
    return submit([job = std::move(job), &owner, done = std::move(done)]() mutable {
      if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
        job();
        owner.post(std::move(done));
      } else {
        owner.post([done = std::move(done), result = job()]() mutable { done(std::move(result)); });
      }
    });
  }

  // Waits until every job submitted before is finished.
  void drain();
  size_t queued() const;

 private:
  void work();

  const size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::deque<Job> queue_;
  size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kz::storage
