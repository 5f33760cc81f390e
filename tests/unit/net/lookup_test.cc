// Name lookups: a name once, few threads, a bound.
#include "net/lookup.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace kz;
using namespace kz::net;

namespace {

std::mutex gate;
std::condition_variable opened;
bool open_gate = false;
std::atomic<int> asked{0};

Result<std::vector<Address>> slow(const std::string&, uint16_t port) {
  ++asked;
  std::unique_lock lock(gate);
  opened.wait(lock, [] { return open_gate; });
  return parse_numeric("127.0.0.1", port);
}

}  // namespace

TEST_CASE("lookups share a name's answer, a few threads, and refuse what is too much") {
  set_resolver(&slow);
  std::atomic<int> answered{0}, refused{0};
  const auto done = [&](const Result<std::vector<Address>>& found) {
    ++answered;
    if (!found) {
      CHECK(found.error().code == Errc::kResolve);
      ++refused;
    }
  };
  for (int i = 0; i < 50; ++i) look_up("same", 1, done);
  for (int i = 0; i < 2000; ++i) look_up("host" + std::to_string(i), 1, done);
  CHECK(lookup_threads() <= kLookupThreadsMax);
  CHECK(refused == 2000 - static_cast<int>(kLookupsMax) + 1);
  CHECK(asked <= static_cast<int>(kLookupThreadsMax));
  {
    std::lock_guard lock(gate);
    open_gate = true;
  }
  opened.notify_all();
  while (answered < 2050) std::this_thread::yield();
  CHECK(asked == static_cast<int>(kLookupsMax));
  while (lookup_threads() > 0) std::this_thread::yield();
  set_resolver(nullptr);
}
