// Watches: one-shot against persistent, recursive ones, who is told once, what removal leaves.
#include "core/zk/watch.h"

#include <doctest/doctest.h>

using namespace kz;
using namespace kz::zk;

namespace {

struct Sink {
  std::vector<std::string> seen;
  WatchSink fn() {
    return [this](const WatchEvent& e) {
      seen.push_back(std::to_string(e.conn) + ":" + std::to_string(static_cast<int>(e.type)) + ":" +
                     std::string(e.path));
    };
  }
  std::vector<std::string> take() { return std::exchange(seen, {}); }
};
using Seen = std::vector<std::string>;

}  // namespace

TEST_CASE("one-shot watches fire once, each of its kind") {
  Watches w;
  Sink sink;
  w.data.add("/a", 1, WatchMode::kStandard);
  w.data.add("/a", 1, WatchMode::kStandard);  // the same watch
  w.child.add("/", 2, WatchMode::kStandard);
  CHECK(w.data.watch_count() == 1);
  w.created("/a", sink.fn());
  CHECK(sink.take() == Seen{"1:1:/a", "2:4:/"});
  w.created("/a", sink.fn());
  CHECK(sink.take().empty());
  CHECK(w.empty());
  w.data.add("/a", 1, WatchMode::kStandard);
  w.data_changed("/a", sink.fn());
  CHECK(sink.take() == Seen{"1:3:/a"});
}

TEST_CASE("a deletion tells a watcher of data and children once, then the parent's watchers") {
  Watches w;
  Sink sink;
  w.data.add("/a/b", 1, WatchMode::kStandard);
  w.child.add("/a/b", 1, WatchMode::kStandard);
  w.child.add("/a/b", 2, WatchMode::kStandard);
  w.child.add("/a", 1, WatchMode::kStandard);
  w.deleted("/a/b", sink.fn());
  CHECK(sink.take() == Seen{"1:2:/a/b", "2:2:/a/b", "1:4:/a"});
  CHECK(w.empty());
}

TEST_CASE("persistent watches stay; recursive ones see descendants and never children events") {
  Watches w;
  Sink sink;
  w.add_persistent("/p", 1, false);
  w.add_persistent("/", 2, true);
  for (int round = 0; round < 2; ++round) {
    w.created("/p", sink.fn());
    CHECK(sink.take() == Seen{"1:1:/p", "2:1:/p"});
    w.created("/p/x", sink.fn());
    CHECK(sink.take() == Seen{"2:1:/p/x", "1:4:/p"});
    w.data_changed("/p/x/y", sink.fn());
    CHECK(sink.take() == Seen{"2:3:/p/x/y"});
    w.deleted("/p/x", sink.fn());
    CHECK(sink.take() == Seen{"2:2:/p/x", "1:4:/p"});
  }
  // A one-shot watch on the same path of another connection does not disturb them.
  w.data.add("/p", 3, WatchMode::kStandard);
  w.data_changed("/p", sink.fn());
  CHECK(sink.take() == Seen{"1:3:/p", "2:3:/p", "3:3:/p"});
  w.data_changed("/p", sink.fn());
  CHECK(sink.take() == Seen{"1:3:/p", "2:3:/p"});
}

TEST_CASE("removal by type, by connection, and a mode that is replaced") {
  Watches w;
  Sink sink;
  w.data.add("/a", 1, WatchMode::kStandard);
  w.child.add("/a", 1, WatchMode::kStandard);
  CHECK(w.contains("/a", WatcherType::kData, 1));
  CHECK_FALSE(w.contains("/a", WatcherType::kAny, 2));
  CHECK(w.remove("/a", WatcherType::kChildren, 1));
  CHECK_FALSE(w.remove("/a", WatcherType::kChildren, 1));
  CHECK(w.contains("/a", WatcherType::kAny, 1));
  CHECK(w.remove("/a", WatcherType::kAny, 1));
  CHECK(w.empty());

  w.add_persistent("/r", 1, true);
  w.data.add("/r", 1, WatchMode::kStandard);  // replaces the mode in the data manager, as Java does
  w.data_changed("/r/x", sink.fn());
  CHECK(sink.take().empty());
  w.data_changed("/r", sink.fn());
  CHECK(sink.take() == Seen{"1:3:/r"});
  w.data_changed("/r", sink.fn());
  CHECK(sink.take().empty());

  w.add_persistent("/r", 1, true);
  w.add_persistent("/q", 2, false);
  w.remove_all(1);
  w.created("/r/x", sink.fn());
  CHECK(sink.take().empty());
  CHECK(w.data.connection_count() == 1);
  w.remove_all(2);
  CHECK(w.empty());
}
