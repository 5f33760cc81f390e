#include "storage/disk_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <mutex>

using namespace kz;
using storage::DiskPool;

namespace {

// Collects what is posted; the test runs it itself.
class Inbox : public Executor {
 public:
  void post(Work work) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }
  TimerId at(TimePoint, Work) override { return 0; }
  void cancel(TimerId) override {}
  Now now() const override { return {}; }
  size_t run() {
    std::vector<Work> todo;
    {
      const std::lock_guard lock(mutex_);
      todo.swap(posted_);
    }
    for (auto& work : todo) work();
    return todo.size();
  }

 private:
  std::mutex mutex_;
  std::vector<Work> posted_;
};

}  // namespace

TEST_CASE("disk pool: one thread keeps the order and completions are posted, not run") {
  Inbox owner;
  std::vector<int> jobs;
  std::vector<int> results;
  {
    DiskPool pool("kz-test", 1);
    for (int i = 0; i < 100; ++i) {
      REQUIRE(pool.run(
          [&jobs, i] {
            jobs.push_back(i);
            return i * 2;
          },
          owner, [&results](int r) { results.push_back(r); }));
    }
    bool called = false;
    REQUIRE(pool.run([] {}, owner, [&called] { called = true; }));
    pool.drain();
    CHECK(results.empty());
    CHECK(owner.run() == 101);
    CHECK(called);
  }
  REQUIRE(jobs.size() == 100);
  for (int i = 0; i < 100; ++i) {
    CHECK(jobs[static_cast<size_t>(i)] == i);
    CHECK(results[static_cast<size_t>(i)] == i * 2);
  }
}

TEST_CASE("disk pool: a full queue refuses at once, and destruction runs what was taken") {
  std::atomic<int> ran = 0;
  {
    std::promise<void> gate;
    std::promise<void> entered;
    DiskPool pool("kz-test", 1, 2);
    REQUIRE(pool.submit([&] {
      entered.set_value();
      gate.get_future().wait();
    }));
    entered.get_future().wait();
    CHECK(pool.submit([&] { ++ran; }));
    CHECK(pool.submit([&] { ++ran; }));
    CHECK_FALSE(pool.submit([&] { ++ran; }));
    CHECK(pool.queued() == 2);
    gate.set_value();
  }
  CHECK(ran == 2);
}
