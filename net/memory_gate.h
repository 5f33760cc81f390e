// MemoryGate: request bytes in memory over all connections of a process; above the limit connections stop starting
// new frames until others are answered (queued.max.request.bytes). Thread-safe.
#pragma once
#include <atomic>
#include <cstdint>

namespace kz::net {

class MemoryGate {
 public:
  explicit MemoryGate(int64_t limit_bytes = 0) : limit_(limit_bytes) {}  // 0 = no limit
  void charge(size_t bytes) { used_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed); }
  void release(size_t bytes) { used_.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed); }
  bool full() const {
    const int64_t limit = limit_.load(std::memory_order_relaxed);
    return limit > 0 && used_.load(std::memory_order_relaxed) >= limit;
  }
  void set_limit(int64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }
  int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> used_{0};
  std::atomic<int64_t> limit_;
};

}  // namespace kz::net
