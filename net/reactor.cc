#include "net/reactor.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/reactor_impl.h"

namespace kz::net {
namespace {

constexpr size_t kScratchBytes = 256 * 1024;

Now read_clocks() {
  using namespace std::chrono;
  return {{duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count()},
          duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
}

}  // namespace

void Reactor::Impl::assert_owner() const {
  const std::thread::id id = owner.load(std::memory_order_relaxed);
  KZ_ASSERT_MSG(id == std::thread::id{} || id == std::this_thread::get_id(), "reactor used from another thread");
}

void Reactor::Impl::schedule_drain() {
  if (drain_scheduled) return;
  drain_scheduled = true;
  boost::asio::post(context, [this] { drain(); });
}

void Reactor::Impl::drain() noexcept {
  drain_scheduled = false;
  now = read_clocks();
  batch.swap(local);
  {
    std::lock_guard lock(inbox_mutex);
    inbox_wake_sent = false;
    if (batch.empty()) {
      batch.swap(inbox);
    } else {
      std::move(inbox.begin(), inbox.end(), std::back_inserter(batch));
      inbox.clear();
    }
  }
  for (Work& work : batch) {
    if (stopping.load(std::memory_order_relaxed)) break;
    work();
    work = nullptr;  // what it holds goes before the next one runs
  }
  batch.clear();
}

void Reactor::Impl::drop_cancelled() {
  while (!heap.empty() && !timers.contains(heap.front().id)) {
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
  }
  if (heap.size() > 64 && heap.size() > 4 * timers.size()) {
    std::erase_if(heap, [this](const Deadline& d) { return !timers.contains(d.id); });
    std::make_heap(heap.begin(), heap.end());
  }
}

// Arms the one Asio timer for the earliest deadline. A cancelled earlier one is left to fire for nothing: fetches
// arm and cancel long deadlines all the time, and this way only the first costs a system call.
void Reactor::Impl::arm_timer() {
  if (heap.empty() || heap.front().when >= armed) return;
  armed = heap.front().when;
  timer.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(armed.ns)));
  timer.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) fire_timers();
  });
}

void Reactor::Impl::fire_timers() noexcept {
  now = read_clocks();
  armed = TimePoint::max();
  const TimePoint until = now.mono;
  while (!heap.empty() && heap.front().when <= until && !stopping.load(std::memory_order_relaxed)) {
    const TimerId id = heap.front().id;
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
    if (auto node = timers.extract(id)) node.mapped()();
  }
  drop_cancelled();
  arm_timer();
}

Reactor::Reactor(std::string name) : impl_(std::make_unique<Impl>(std::move(name))) { impl_->now = read_clocks(); }

Reactor::~Reactor() {
  stop();
  join();
  // Work may own connections, whose descriptors need the context: it goes first. What it owns may post once more.
  while (!impl_->inbox.empty() || !impl_->local.empty() || !impl_->timers.empty()) {
    const auto inbox = std::exchange(impl_->inbox, {});
    const auto local = std::exchange(impl_->local, {});
    const auto timers = std::exchange(impl_->timers, {});
  }
}

void Reactor::run() {
  Impl& r = *impl_;
  r.owner.store(std::this_thread::get_id(), std::memory_order_relaxed);
  r.now = read_clocks();
  r.context.run();
  r.owner.store(std::thread::id{}, std::memory_order_relaxed);
}

void Reactor::start_thread() {
  KZ_ASSERT(!impl_->thread.joinable());
  impl_->thread = std::thread([this] {
    pthread_setname_np(pthread_self(), impl_->name.substr(0, 15).c_str());
    run();
  });
}

void Reactor::join() {
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Reactor::stop() {
  impl_->stopping.store(true, std::memory_order_relaxed);
  impl_->context.stop();
}

void Reactor::post(Work work) {
  Impl& r = *impl_;
  if (on_thread()) {
    r.local.push_back(std::move(work));
    r.schedule_drain();
    return;
  }
  bool wake;
  {
    std::lock_guard lock(r.inbox_mutex);
    r.inbox.push_back(std::move(work));
    wake = !r.inbox_wake_sent;
    r.inbox_wake_sent = true;
  }
  if (wake) boost::asio::post(r.context, [&r] { r.drain(); });
}

TimerId Reactor::at(TimePoint when, Work work) {
  Impl& r = *impl_;
  r.assert_owner();
  const TimerId id = ++r.last_timer;
  r.timers.emplace(id, std::move(work));
  r.heap.push_back({when, id});
  std::push_heap(r.heap.begin(), r.heap.end());
  r.arm_timer();
  return id;
}

void Reactor::cancel(TimerId id) {
  Impl& r = *impl_;
  r.assert_owner();
  if (id == 0) return;
  auto node = r.timers.extract(id);
  if (node && r.heap.size() > 64 && r.heap.size() > 4 * r.timers.size()) r.drop_cancelled();
}

Now Reactor::now() const { return impl_->now; }
void Reactor::refresh_now() { impl_->now = read_clocks(); }
bool Reactor::on_thread() const { return impl_->owner.load(std::memory_order_relaxed) == std::this_thread::get_id(); }
const std::string& Reactor::name() const { return impl_->name; }

void Reactor::run_sync(Work fn) {
  if (on_thread()) return fn();
  std::mutex mutex;
  std::condition_variable done_cv;
  bool done = false;
  post([&] {
    fn();
    std::lock_guard lock(mutex);
    done = true;
    done_cv.notify_one();
  });
  std::unique_lock lock(mutex);
  done_cv.wait(lock, [&] { return done; });
}

MutableBytes Reactor::receive_scratch() {
  if (!impl_->receive_scratch) impl_->receive_scratch = std::make_unique_for_overwrite<std::byte[]>(kScratchBytes);
  return {impl_->receive_scratch.get(), kScratchBytes};
}

MutableBytes Reactor::send_scratch() {
  if (!impl_->send_scratch) impl_->send_scratch = std::make_unique_for_overwrite<std::byte[]>(kScratchBytes);
  return {impl_->send_scratch.get(), kScratchBytes};
}

}  // namespace kz::net
