#include "net/lookup.h"

#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace kz::net {
namespace {

using Name = std::pair<std::string, uint16_t>;

// Never destroyed: its threads are detached and may outlive main().
struct Lookups {
  std::mutex mutex;
  std::map<Name, std::vector<OnLookup>> waiting;  // asked or queued
  std::deque<Name> queue;
  size_t threads = 0;
  Result<std::vector<Address>> (*resolver)(const std::string&, uint16_t) = nullptr;

  void work() {
    std::unique_lock lock(mutex);
    while (!queue.empty()) {
      const Name name = std::move(queue.front());
      queue.pop_front();
      const auto ask = resolver ? resolver : &resolve;
      lock.unlock();
      const auto found = ask(name.first, name.second);
      lock.lock();
      const auto it = waiting.find(name);
      const std::vector<OnLookup> callers = std::move(it->second);
      waiting.erase(it);
      lock.unlock();
      for (const OnLookup& done : callers) done(found);
      lock.lock();
    }
    --threads;
  }
};

Lookups& lookups() {
  static Lookups* const all = new Lookups;
  return *all;
}

}  // namespace

void look_up(const std::string& host, uint16_t port, OnLookup done) {
  Lookups& all = lookups();
  std::unique_lock lock(all.mutex);
  const Name name{host, port};
  if (const auto it = all.waiting.find(name); it != all.waiting.end() && it->second.size() < kLookupsMax) {
    it->second.push_back(std::move(done));
    return;
  } else if (it == all.waiting.end() && all.waiting.size() < kLookupsMax) {
    if (all.threads < kLookupThreadsMax) {
      try {
        std::thread([&all] { all.work(); }).detach();
        ++all.threads;
      } catch (const std::system_error&) {
        // No thread to be had: one that is there will come to it.
      }
    }
    if (all.threads > 0) {
      all.queue.push_back(name);
      all.waiting[name].push_back(std::move(done));
      return;
    }
  }
  lock.unlock();
  done(fail(Errc::kResolve, "too many name lookups"));
}

void set_resolver(Result<std::vector<Address>> (*resolver)(const std::string& host, uint16_t port)) {
  std::lock_guard lock(lookups().mutex);
  lookups().resolver = resolver;
}

size_t lookup_threads() {
  std::lock_guard lock(lookups().mutex);
  return lookups().threads;
}

}  // namespace kz::net
