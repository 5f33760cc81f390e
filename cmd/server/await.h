// await: start and stop of a composition run on one thread, step by step, while the machines' callbacks come on a
// reactor. This waits for one such callback.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "core/base/time.h"
#include "net/reactor.h"

namespace kz::server {

// Runs begin(done) on the reactor; returns what `done` was called with (from any thread), or nothing after `limit`.
// Never called on the reactor itself.
template <class T, class F>
std::optional<T> await(net::Reactor& reactor, Duration limit, F begin) {
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<T> value;
  };
  const auto state = std::make_shared<State>();
  reactor.post([state, begin = std::move(begin)]() mutable {
    begin([state](T value) {
      std::lock_guard lock(state->mutex);
      state->value.emplace(std::move(value));
      state->changed.notify_all();
    });
  });
  std::unique_lock lock(state->mutex);
  state->changed.wait_for(lock, limit, [&] { return state->value.has_value(); });
  return std::move(state->value);
}

}  // namespace kz::server
