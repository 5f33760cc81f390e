// Guarded<T>: the one mutex of core. Held for a step of a machine, never for a wait or a write; guards are leaves.
#pragma once
#include <mutex>
#include <utility>

namespace kz {

template <class T>
class Guarded {
 public:
  template <class... A>
  explicit Guarded(A&&... args) : value_(std::forward<A>(args)...) {}
  // Runs fn(T&) under the lock and returns its result. fn must not take another guard.
  template <class F>
  decltype(auto) with(F&& fn) {
    std::lock_guard lock(mutex_);
    return std::forward<F>(fn)(value_);
  }
  template <class F>
  decltype(auto) with(F&& fn) const {
    std::lock_guard lock(mutex_);
    return std::forward<F>(fn)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace kz
