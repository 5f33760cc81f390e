// Who is told of which event, and what removeWatches takes away. Expected: ZKWatchManager.java @ release-3.8.0.
#include "core/client/zk_watches.h"

#include <doctest/doctest.h>

namespace kz::client {
namespace {

using Kind = ZkWatches::Kind;
using zk::EventType;
using zk::KeeperCode;
using zk::WatcherType;

struct Fixture {
  ZkWatches watches;
  ZkWatches::Watcher one = std::make_shared<ZkWatches::WatchFn>([](EventType, const std::string&) {});
  ZkWatches::Watcher two = std::make_shared<ZkWatches::WatchFn>([](EventType, const std::string&) {});

  // "1" for each event told to `one`, "2" for `two`.
  std::string fire(EventType type, const std::string& path) {
    std::vector<ZkWatches::Event> events;
    watches.fire(type, path, events);
    std::string told;
    for (const auto& e : events) {
      CHECK((e.type == type && e.path == path));
      told += e.watcher == one ? '1' : '2';
    }
    return told;
  }
  // The code, then the events' types.
  std::pair<KeeperCode, std::vector<EventType>> remove(const std::string& path, WatcherType type,
                                                       KeeperCode code = KeeperCode::kOk, bool local = false) {
    std::vector<ZkWatches::Event> events;
    const KeeperCode result = watches.remove(path, type, local, code, events);
    std::vector<EventType> types;
    for (const auto& e : events) types.push_back(e.type);
    return {result, types};
  }
};

TEST_CASE_FIXTURE(Fixture, "a watcher is told once of an event, whatever it left there") {
  watches.add(Kind::kData, "/a", one);
  watches.add(Kind::kData, "/a", one);
  watches.add(Kind::kChild, "/a", one);
  watches.add(Kind::kChild, "/a", two);
  CHECK(fire(EventType::kNodeChildrenChanged, "/b").empty());
  CHECK(fire(EventType::kNodeDeleted, "/a") == "12");
  CHECK(fire(EventType::kNodeDeleted, "/a").empty());
}

TEST_CASE_FIXTURE(Fixture, "events take the watches of their kind and leave the others") {
  watches.add(Kind::kData, "/a", one);
  watches.add(Kind::kChild, "/a", one);
  watches.add(Kind::kExists, "/b", two);
  CHECK(fire(EventType::kNodeDataChanged, "/a") == "1");
  CHECK(fire(EventType::kNodeDataChanged, "/a").empty());
  CHECK(fire(EventType::kNodeChildrenChanged, "/a") == "1");
  CHECK(fire(EventType::kNodeCreated, "/b") == "2");
  CHECK(fire(EventType::kNodeCreated, "/b").empty());
}

TEST_CASE_FIXTURE(Fixture, "persistent watches stay; recursive ones hear of what is below") {
  watches.add(Kind::kPersistent, "/a", one);
  watches.add(Kind::kRecursive, "/a", two);
  CHECK(fire(EventType::kNodeDataChanged, "/a") == "12");
  CHECK(fire(EventType::kNodeDataChanged, "/a") == "12");
  CHECK(fire(EventType::kNodeCreated, "/a/b/c") == "2");
  CHECK(fire(EventType::kNodeCreated, "/ab").empty());
  watches.add(Kind::kRecursive, "/", one);
  CHECK(fire(EventType::kNodeDeleted, "/x/y") == "1");
  watches.add(Kind::kRecursive, "/a", one);
  CHECK(fire(EventType::kNodeDeleted, "/a/z") == "21");
}

TEST_CASE_FIXTURE(Fixture, "removing: what was there is told, what was not is an error") {
  CHECK(remove("/a", WatcherType::kAny).first == KeeperCode::kNoWatcher);
  watches.add(Kind::kData, "/a", one);
  CHECK(remove("/a", WatcherType::kChildren).first == KeeperCode::kNoWatcher);
  CHECK(remove("/a", WatcherType::kData) ==
        std::pair(KeeperCode::kOk, std::vector<EventType>{EventType::kDataWatchRemoved}));
  watches.add(Kind::kData, "/a", one);
  watches.add(Kind::kExists, "/a", one);
  watches.add(Kind::kChild, "/a", one);
  watches.add(Kind::kPersistent, "/a", one);
  watches.add(Kind::kRecursive, "/a", one);
  CHECK(remove("/a", WatcherType::kAny) ==
        std::pair(KeeperCode::kOk, std::vector<EventType>{EventType::kChildWatchRemoved, EventType::kDataWatchRemoved,
                                                          EventType::kPersistentWatchRemoved}));
  CHECK(fire(EventType::kNodeDeleted, "/a").empty());
}

TEST_CASE_FIXTURE(Fixture, "a persistent watch answers for the other types and is not removed by them") {
  watches.add(Kind::kPersistent, "/a", one);
  CHECK(remove("/a", WatcherType::kData, KeeperCode::kConnectionLoss).first == KeeperCode::kConnectionLoss);
  CHECK(remove("/a", WatcherType::kData).first == KeeperCode::kNoWatcher);
  CHECK(fire(EventType::kNodeDataChanged, "/a") == "1");
}

TEST_CASE_FIXTURE(Fixture, "without the server only a local removal takes a watch away") {
  watches.add(Kind::kChild, "/a", one);
  CHECK(remove("/a", WatcherType::kAny, KeeperCode::kConnectionLoss).first == KeeperCode::kConnectionLoss);
  CHECK(remove("/a", WatcherType::kAny, KeeperCode::kConnectionLoss, true) ==
        std::pair(KeeperCode::kOk, std::vector<EventType>{EventType::kChildWatchRemoved}));
  CHECK(watches.empty(Kind::kChild));
}

}  // namespace
}  // namespace kz::client
