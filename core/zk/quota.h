// Quotas: limits and statistics below /zookeeper/quota, and which quota a path falls under.
//   text := "count=" n ",bytes=" n ["=;byteHardLimit=" n ";countHardLimit=" n]     the odd "=;" keeps old parsers happy
// Source: StatsTrack, Quotas, PathTrie @ 3.8.0. Owned by the tree's owner; not thread-safe.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/zk/error.h"
#include "core/zk/node.h"

namespace kz::zk {

class DataTree;

struct QuotaStats {
  int64_t count = -1, bytes = -1, byte_hard_limit = -1, count_hard_limit = -1;
  static QuotaStats parse(std::string_view text);
  std::string text() const;  // as the statistics node stores it
};

class QuotaIndex {
 public:
  bool empty() const { return roots_.empty(); }
  void add(std::string_view root) { roots_.emplace(root); }
  void remove(std::string_view root);
  void clear() { roots_.clear(); }
  // The deepest root that is the path or above it; empty when none.
  std::string_view find(std::string_view path) const;
  template <class F>
  void for_each(F&& fn) const {
    for (const std::string& root : roots_) fn(root);
  }

 private:
  std::set<std::string, std::less<>> roots_;
};

// Says which quotas are exceeded, once in a while: many requests may meet the same limit.
class QuotaLog {
 public:
  void exceeded(std::string_view root, const char* what, int64_t value, bool hard, int64_t limit, int64_t wall_ms);

 private:
  static constexpr int64_t kIntervalMs = 1000;
  int64_t last_ms_ = 0;
  int64_t unsaid_ = 0;
};

// kQuotaExceeded when a hard limit would be passed; soft limits are only logged.
KeeperCode check_quota(const DataTree& tree, std::string_view root, int64_t bytes_diff, int64_t count_diff,
                       int64_t wall_ms, QuotaLog& log);

}  // namespace kz::zk
