// The inside of a Reactor, seen by watch.cc as well. Private to net/.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "net/asio.h"
#include "net/reactor.h"

namespace kz::net {

struct Reactor::Impl {
  explicit Impl(std::string n) : name(std::move(n)), context(1), timer(context) {}

  struct Deadline {
    TimePoint when;
    TimerId id;
    // std::push_heap keeps the greatest first; the earliest deadline, then the oldest timer, shall be first.
    friend bool operator<(const Deadline& a, const Deadline& b) {
      return a.when != b.when ? a.when > b.when : a.id > b.id;
    }
  };

  void schedule_drain();
  void drain() noexcept;
  void arm_timer();
  void fire_timers() noexcept;
  void drop_cancelled();
  void assert_owner() const;

  const std::string name;
  boost::asio::io_context context;
  boost::asio::steady_timer timer;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
  std::thread thread;
  std::atomic<std::thread::id> owner{};
  std::atomic<bool> stopping{false};
  Now now;

  std::mutex inbox_mutex;
  std::vector<Work> inbox;         // guarded by inbox_mutex; from other threads
  bool inbox_wake_sent = false;    // guarded by inbox_mutex
  std::vector<Work> local, batch;  // owner's own posts; what drain() is running
  bool drain_scheduled = false;    // owner only

  std::vector<Deadline> heap;
  std::unordered_map<TimerId, Work> timers;  // live ones; the heap may hold cancelled ids
  TimerId last_timer = 0;
  TimePoint armed = TimePoint::max();

  std::unique_ptr<std::byte[]> receive_scratch, send_scratch;
};

}  // namespace kz::net
