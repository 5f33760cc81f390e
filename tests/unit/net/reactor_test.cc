// Reactor: order of posts, wake-ups from other threads, timers.
#include "net/reactor.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::net;
using test::eventually;

TEST_CASE("posts of one thread run in their order, none is lost") {
  Reactor reactor("test");
  reactor.start_thread();
  constexpr int kThreads = 4, kPosts = 20000;
  std::vector<std::vector<int>> seen(kThreads);
  std::atomic<int> total{0};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        reactor.post([&, t, i] {
          seen[t].push_back(i);
          total.fetch_add(1);
        });
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(eventually([&] { return total.load() == kThreads * kPosts; }));
  for (const auto& s : seen) {
    bool in_order = s.size() == kPosts;
    for (size_t i = 0; i < s.size(); ++i) in_order = in_order && s[i] == static_cast<int>(i);
    CHECK(in_order);
  }
}

TEST_CASE("a post from the owner runs later, not inside the caller") {
  Reactor reactor("test");
  reactor.start_thread();
  std::vector<int> order;
  reactor.run_sync([&] {
    reactor.post([&] { order.push_back(2); });
    order.push_back(1);
  });
  reactor.run_sync([&] { order.push_back(3); });
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("timers fire in the order of their times, cancelled ones never") {
  Reactor reactor("test");
  reactor.start_thread();
  std::vector<int> order;
  std::atomic<bool> done{false};
  reactor.run_sync([&] {
    reactor.after(ms(30), [&] {
      order.push_back(3);
      done = true;
    });
    reactor.after(ms(10), [&] { order.push_back(1); });
    const TimerId dropped = reactor.after(ms(15), [&] { order.push_back(99); });
    reactor.after(ms(20), [&] { order.push_back(2); });
    reactor.cancel(dropped);
    reactor.cancel(0);
    reactor.cancel(123456);
  });
  CHECK(eventually([&] { return done.load(); }));
  reactor.run_sync([&] { CHECK(order == std::vector<int>{1, 2, 3}); });
}

TEST_CASE("a timer in the past fires; one armed by another in its callback too; many cancelled ones cost nothing") {
  Reactor reactor("test");
  reactor.start_thread();
  std::atomic<int> fired{0};
  reactor.run_sync([&] {
    for (int i = 0; i < 100000; ++i) reactor.cancel(reactor.after(ms(60000 + i), [] { FAIL("cancelled"); }));
    reactor.at(TimePoint{0}, [&] {
      fired.fetch_add(1);
      reactor.after(ms(1), [&] { fired.fetch_add(1); });
    });
  });
  CHECK(eventually([&] { return fired.load() == 2; }));
}

TEST_CASE("stop ends the loop and drops what was not run; the work's captures are destroyed") {
  auto token = std::make_shared<int>(0);
  {
    Reactor reactor("test");
    reactor.post([token] { FAIL("must not run"); });
    reactor.stop();
    reactor.start_thread();
    reactor.join();
    reactor.post([token] {});
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
}
