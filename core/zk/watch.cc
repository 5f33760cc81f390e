#include "core/zk/watch.h"

#include <algorithm>

#include "core/zk/path.h"

namespace kz::zk {

void WatchManager::add(std::string_view path, ConnId conn, WatchMode mode) {
  auto it = by_path_.find(path);
  if (it == by_path_.end()) it = by_path_.try_emplace(std::string(path)).first;
  const auto [watcher, added] = it->second.try_emplace(conn, mode);
  if (!added) {
    // The last mode wins, as in Java: a plain watch set again over a persistent one replaces it.
    if (watcher->second == WatchMode::kPersistentRecursive) --recursive_;
    watcher->second = mode;
  }
  if (mode == WatchMode::kPersistentRecursive) ++recursive_;
  by_conn_[conn].emplace(path);
}

bool WatchManager::has(std::string_view path, ConnId conn) const {
  const auto it = by_path_.find(path);
  return it != by_path_.end() && it->second.contains(conn);
}

void WatchManager::forget(Watchers& watchers, ConnId conn) {
  const auto it = watchers.find(conn);
  if (it == watchers.end()) return;
  if (it->second == WatchMode::kPersistentRecursive) --recursive_;
  watchers.erase(it);
}

bool WatchManager::remove(std::string_view path, ConnId conn) {
  const auto paths = by_conn_.find(conn);
  if (paths == by_conn_.end()) return false;
  const auto named = paths->second.find(path);
  if (named == paths->second.end()) return false;
  paths->second.erase(named);
  if (paths->second.empty()) by_conn_.erase(paths);
  const auto it = by_path_.find(path);
  forget(it->second, conn);
  if (it->second.empty()) by_path_.erase(it);
  return true;
}

void WatchManager::remove_all(ConnId conn) {
  const auto paths = by_conn_.find(conn);
  if (paths == by_conn_.end()) return;
  for (const std::string& path : paths->second) {
    const auto it = by_path_.find(path);
    forget(it->second, conn);
    if (it->second.empty()) by_path_.erase(it);
  }
  by_conn_.erase(paths);
}

std::vector<ConnId> WatchManager::trigger(std::string_view path, EventType type, const WatchSink& sink,
                                          const std::vector<ConnId>* suppress) {
  std::vector<ConnId> told;
  if (by_path_.empty()) return told;
  if (const auto it = by_path_.find(path); it != by_path_.end()) {
    std::vector<ConnId> spent;
    for (const auto& [conn, mode] : it->second) {
      if (mode == WatchMode::kPersistentRecursive) {
        if (type != EventType::kNodeChildrenChanged) told.push_back(conn);
        continue;
      }
      told.push_back(conn);
      if (mode == WatchMode::kStandard) spent.push_back(conn);
    }
    for (const ConnId conn : spent) {
      it->second.erase(conn);
      const auto paths = by_conn_.find(conn);
      paths->second.erase(paths->second.find(path));
      if (paths->second.empty()) by_conn_.erase(paths);
    }
    if (it->second.empty()) by_path_.erase(it);
  }
  if (recursive_ > 0 && type != EventType::kNodeChildrenChanged) {
    for (std::string_view above = path; above.size() > 1;) {
      above = shown(parent_path(above));
      const auto it = by_path_.find(above);
      if (it == by_path_.end()) continue;
      for (const auto& [conn, mode] : it->second) {
        if (mode == WatchMode::kPersistentRecursive) told.push_back(conn);
      }
    }
  }
  std::sort(told.begin(), told.end());
  told.erase(std::unique(told.begin(), told.end()), told.end());
  for (const ConnId conn : told) {
    if (suppress && std::binary_search(suppress->begin(), suppress->end(), conn)) continue;
    sink({conn, type, path});
  }
  return told;
}

size_t WatchManager::watch_count() const {
  size_t n = 0;
  for (const auto& [path, watchers] : by_path_) n += watchers.size();
  return n;
}

std::map<ConnId, std::set<std::string>> WatchManager::by_connection() const {
  std::map<ConnId, std::set<std::string>> out;
  for (const auto& [conn, paths] : by_conn_) out[conn].insert(paths.begin(), paths.end());
  return out;
}

std::map<std::string, std::set<ConnId>> WatchManager::by_path() const {
  std::map<std::string, std::set<ConnId>> out;
  for (const auto& [path, watchers] : by_path_) {
    for (const auto& [conn, mode] : watchers) out[path].insert(conn);
  }
  return out;
}

void Watches::add_persistent(std::string_view path, ConnId conn, bool recursive) {
  const WatchMode mode = recursive ? WatchMode::kPersistentRecursive : WatchMode::kPersistent;
  data.add(path, conn, mode);
  child.add(path, conn, mode);
}

bool Watches::contains(std::string_view path, WatcherType type, ConnId conn) const {
  switch (type) {
    case WatcherType::kChildren:
      return child.has(path, conn);
    case WatcherType::kData:
      return data.has(path, conn);
    case WatcherType::kAny:
      return child.has(path, conn) || data.has(path, conn);
  }
  return false;
}

bool Watches::remove(std::string_view path, WatcherType type, ConnId conn) {
  bool removed = false;
  if (type != WatcherType::kData) removed = child.remove(path, conn);
  if (type != WatcherType::kChildren) removed = data.remove(path, conn) || removed;
  return removed;
}

void Watches::remove_all(ConnId conn) {
  data.remove_all(conn);
  child.remove_all(conn);
}

void Watches::created(std::string_view path, const WatchSink& sink) {
  data.trigger(path, EventType::kNodeCreated, sink);
  child.trigger(shown(parent_path(path)), EventType::kNodeChildrenChanged, sink);
}

void Watches::deleted(std::string_view path, const WatchSink& sink) {
  const std::vector<ConnId> told = data.trigger(path, EventType::kNodeDeleted, sink);
  child.trigger(path, EventType::kNodeDeleted, sink, &told);
  child.trigger(shown(parent_path(path)), EventType::kNodeChildrenChanged, sink);
}

void Watches::data_changed(std::string_view path, const WatchSink& sink) {
  data.trigger(path, EventType::kNodeDataChanged, sink);
}

}  // namespace kz::zk
