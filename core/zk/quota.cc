#include "core/zk/quota.h"

#include <charconv>

#include "core/base/log.h"
#include "core/zk/path.h"
#include "core/zk/tree.h"

namespace kz::zk {

QuotaStats QuotaStats::parse(std::string_view text) {
  QuotaStats stats;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(",;"), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t eq = pair.find('=');
    if (eq == std::string_view::npos) continue;
    std::string_view digits = pair.substr(eq + 1);
    digits = digits.substr(0, digits.find('='));
    int64_t value = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const std::string_view key = pair.substr(0, eq);
    if (key == "count") stats.count = value;
    if (key == "bytes") stats.bytes = value;
    if (key == "byteHardLimit") stats.byte_hard_limit = value;
    if (key == "countHardLimit") stats.count_hard_limit = value;
  }
  return stats;
}

std::string QuotaStats::text() const {
  std::string out = "count=" + std::to_string(count) + ",bytes=" + std::to_string(bytes);
  if (byte_hard_limit == -1 && count_hard_limit == -1) return out;
  return out + "=;byteHardLimit=" + std::to_string(byte_hard_limit) +
         ";countHardLimit=" + std::to_string(count_hard_limit);
}

void QuotaIndex::remove(std::string_view root) {
  const auto it = roots_.find(root);
  if (it != roots_.end()) roots_.erase(it);
}

std::string_view QuotaIndex::find(std::string_view path) const {
  while (!path.empty() && path != "/") {
    const auto it = roots_.find(path);
    if (it != roots_.end()) return *it;
    const size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) break;
    path = path.substr(0, slash);
  }
  return {};
}

void QuotaLog::exceeded(std::string_view root, const char* what, int64_t value, bool hard, int64_t limit,
                        int64_t wall_ms) {
  if (wall_ms - last_ms_ < kIntervalMs && wall_ms >= last_ms_) {
    ++unsaid_;
    return;
  }
  static const log::Logger kLog("org.apache.zookeeper.server.ZooKeeperServer");
  kLog.warn("Quota exceeded: {} [current {}={}, {}{}Limit={}]{}", root, what, value, hard ? "hard" : "soft",
            what == std::string_view("count") ? "Count" : "Byte", limit,
            unsaid_ > 0 ? ", and " + std::to_string(unsaid_) + " more times since the last such line" : std::string());
  last_ms_ = wall_ms;
  unsaid_ = 0;
}

KeeperCode check_quota(const DataTree& tree, std::string_view root, int64_t bytes_diff, int64_t count_diff,
                       int64_t wall_ms, QuotaLog& log) {
  const std::string base = std::string(kQuotaPrefix) + std::string(root) + "/";
  const Node* limits = tree.find(base + std::string(kLimitsNode));
  const Node* now = tree.find(base + std::string(kStatsNode));
  if (!limits || !now) return KeeperCode::kOk;
  const QuotaStats limit = QuotaStats::parse(as_text(limits->data()));
  const QuotaStats stats = QuotaStats::parse(as_text(now->data()));
  const auto exceeded = [&](const char* what, int64_t diff, int64_t current, int64_t soft, int64_t hard) {
    const int64_t bound = hard > -1 ? hard : soft;
    if (diff == 0 || bound < 0 || current + diff <= bound) return false;
    log.exceeded(root, what, current + diff, hard > -1, bound, wall_ms);
    return hard > -1;
  };
  if (exceeded("count", count_diff, stats.count, limit.count, limit.count_hard_limit) ||
      exceeded("bytes", bytes_diff, stats.bytes, limit.bytes, limit.byte_hard_limit)) {
    return KeeperCode::kQuotaExceeded;
  }
  return KeeperCode::kOk;
}

}  // namespace kz::zk
