// ZkWatches: the watches of one client session, by kind and path, and who is to be told of an event. A watcher stands
// at most once at a path and hears of an event once, whatever kinds of watch it left there.
// Source: ZKWatchManager.java @ release-3.8.0. Owned by ZkSession; not thread-safe.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/zk/error.h"
#include "core/zk/proto.h"

namespace kz::client {

class ZkWatches {
 public:
  using WatchFn = std::move_only_function<void(zk::EventType type, const std::string& full_path)>;
  using Watcher = std::shared_ptr<WatchFn>;  // null = no watch
  // kData to kChild fire once; the persistent ones stay until they are removed.
  enum class Kind : uint8_t { kData, kExists, kChild, kPersistent, kRecursive };
  struct Event {
    zk::EventType type = zk::EventType::kNone;
    std::string path;
    Watcher watcher;
  };

  void clear();
  void add(Kind kind, const std::string& path, const Watcher& watcher);
  // Whom an event concerns; watches that fire once are gone afterwards.
  void fire(zk::EventType type, const std::string& path, std::vector<Event>& out);
  // The answer to removeWatches was `code`: removes what there is of the type, and says what the caller is to hear.
  // local: also when the server did not agree.
  zk::KeeperCode remove(const std::string& path, zk::WatcherType type, bool local, zk::KeeperCode code,
                        std::vector<Event>& out);
  // The paths watched in one way, sorted.
  template <class F>
  void for_each(Kind kind, F&& fn) const {
    for (const auto& [path, watchers] : of(kind)) fn(path);
  }
  bool empty(Kind kind) const { return of(kind).empty(); }

 private:
  using Map = std::map<std::string, std::vector<Watcher>, std::less<>>;
  Map& of(Kind kind) { return maps_[static_cast<size_t>(kind)]; }
  const Map& of(Kind kind) const { return maps_[static_cast<size_t>(kind)]; }

  std::array<Map, 5> maps_;
};

}  // namespace kz::client
