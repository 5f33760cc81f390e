// Watches of this server's connections, and which of them a change fires.
// Java keeps two managers (data and child), persistent watches being in both; the order of delivery and the rule that a
// deletion tells one watcher once follow from that. Source: WatchManager, DataTree.deleteNode @ 3.8.0.
// Owned by the pipeline; not thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/zk/proto.h"

namespace kz::zk {

// A watch that fired: to whom and what.
struct WatchEvent {
  ConnId conn;
  EventType type;
  std::string_view path;  // valid during the callback
};
using WatchSink = std::function<void(const WatchEvent&)>;

enum class WatchMode : uint8_t { kStandard, kPersistent, kPersistentRecursive };

// One of the two managers.
class WatchManager {
 public:
  void add(std::string_view path, ConnId conn, WatchMode mode);
  bool has(std::string_view path, ConnId conn) const;
  bool remove(std::string_view path, ConnId conn);
  void remove_all(ConnId conn);
  // Tells the watchers of path (and recursive ones above it), except those in `suppress`, in ascending order of
  // connection; the set of those told is returned. One-shot watches of path are gone afterwards.
  std::vector<ConnId> trigger(std::string_view path, EventType type, const WatchSink& sink,
                              const std::vector<ConnId>* suppress = nullptr);
  size_t watch_count() const;  // pairs of connection and path
  size_t path_count() const { return by_path_.size(); }
  size_t connection_count() const { return by_conn_.size(); }
  std::map<ConnId, std::set<std::string>> by_connection() const;
  std::map<std::string, std::set<ConnId>> by_path() const;

 private:
  using Watchers = boost::unordered_flat_map<ConnId, WatchMode>;
  void forget(Watchers& watchers, ConnId conn);
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };
  boost::unordered_flat_map<std::string, Watchers, Hash, Equal> by_path_;
  boost::unordered_flat_map<ConnId, std::set<std::string, std::less<>>> by_conn_;
  size_t recursive_ = 0;
};

class Watches {
 public:
  WatchManager data;
  WatchManager child;

  void add_persistent(std::string_view path, ConnId conn, bool recursive);
  bool contains(std::string_view path, WatcherType type, ConnId conn) const;
  bool remove(std::string_view path, WatcherType type, ConnId conn);
  void remove_all(ConnId conn);
  void created(std::string_view path, const WatchSink& sink);
  void deleted(std::string_view path, const WatchSink& sink);
  void data_changed(std::string_view path, const WatchSink& sink);
  bool empty() const { return data.path_count() == 0 && child.path_count() == 0; }
};

}  // namespace kz::zk
