#include "core/client/zk_watches.h"

#include <algorithm>

namespace kz::client {
namespace {

void add_once(std::vector<ZkWatches::Watcher>& to, const ZkWatches::Watcher& watcher) {
  if (std::find(to.begin(), to.end(), watcher) == to.end()) to.push_back(watcher);
}

}  // namespace

void ZkWatches::clear() {
  for (Map& map : maps_) map.clear();
}

void ZkWatches::add(Kind kind, const std::string& path, const Watcher& watcher) { add_once(of(kind)[path], watcher); }

void ZkWatches::fire(zk::EventType type, const std::string& path, std::vector<Event>& out) {
  std::vector<Watcher> told;
  const auto once = [&](Kind kind) {
    const auto it = of(kind).find(path);
    if (it == of(kind).end()) return;
    for (const Watcher& w : it->second) add_once(told, w);
    of(kind).erase(it);
  };
  switch (type) {
    case zk::EventType::kNodeCreated:
    case zk::EventType::kNodeDataChanged:
      once(Kind::kData);
      once(Kind::kExists);
      break;
    case zk::EventType::kNodeChildrenChanged:
      once(Kind::kChild);
      break;
    case zk::EventType::kNodeDeleted:
      once(Kind::kData);
      once(Kind::kExists);
      once(Kind::kChild);
      break;
    default:
      return;
  }
  if (const auto it = of(Kind::kPersistent).find(path); it != of(Kind::kPersistent).end()) {
    for (const Watcher& w : it->second) add_once(told, w);
  }
  // A recursive watch hears of its own node and of all below, but not of changed children.
  for (std::string_view at = path; !of(Kind::kRecursive).empty() && !at.empty();) {
    const auto it = of(Kind::kRecursive).find(at);
    if (it != of(Kind::kRecursive).end()) {
      for (const Watcher& w : it->second) add_once(told, w);
    }
    if (at == "/") break;
    at = at.substr(0, std::max<size_t>(at.rfind('/'), 1));
  }
  for (Watcher& w : told) out.push_back({type, path, std::move(w)});
}

zk::KeeperCode ZkWatches::remove(const std::string& path, zk::WatcherType type, bool local, zk::KeeperCode code,
                                 std::vector<Event>& out) {
  const bool child = type != zk::WatcherType::kData;
  const bool data = type != zk::WatcherType::kChildren;
  const bool any = type == zk::WatcherType::kAny;
  const auto has = [&](Kind kind) { return of(kind).contains(path); };
  if (!((child && has(Kind::kChild)) || (data && (has(Kind::kData) || has(Kind::kExists))) || has(Kind::kPersistent) ||
        has(Kind::kRecursive))) {
    return zk::KeeperCode::kNoWatcher;
  }
  if (!local && code != zk::KeeperCode::kOk) return code;
  bool removed = false;
  const auto take = [&](Kind kind, std::vector<Watcher>& from) {
    const auto it = of(kind).find(path);
    if (it == of(kind).end()) return;
    for (const Watcher& w : it->second) add_once(from, w);
    of(kind).erase(it);
    removed = true;
  };
  std::vector<Watcher> of_child, of_data, of_persistent;
  if (child) take(Kind::kChild, of_child);
  if (data) {
    take(Kind::kData, of_data);
    take(Kind::kExists, of_data);
  }
  if (any) {
    take(Kind::kPersistent, of_persistent);
    take(Kind::kRecursive, of_persistent);
  }
  if (!removed) return zk::KeeperCode::kNoWatcher;
  for (Watcher& w : of_child) out.push_back({zk::EventType::kChildWatchRemoved, path, std::move(w)});
  for (Watcher& w : of_data) out.push_back({zk::EventType::kDataWatchRemoved, path, std::move(w)});
  for (Watcher& w : of_persistent) out.push_back({zk::EventType::kPersistentWatchRemoved, path, std::move(w)});
  return zk::KeeperCode::kOk;
}

}  // namespace kz::client
