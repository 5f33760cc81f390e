// Four-letter words: the text of each, from plain data. Source: FourLetterCommands, server/command/*Command @ 3.8.0.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/zk/config.h"
#include "core/zk/stats.h"

namespace kz::zk {

// The word whose four bytes (big endian, as a frame length is read) these are; empty when none. Check it on the first
// four bytes of a fresh connection only.
std::string_view four_letter_word(int32_t first_bytes);
// "*" in the list enables all; isro is enabled with read-only mode.
bool four_letter_enabled(std::string_view word, const ZooConfig& config);

// What only the driver knows; read when a word asks (dirs, conf, envi, mntr).
struct ServerEnvironment {
  std::string version = "3.8.0";  // ZooKeeper's, as clients parse it
  std::string build = "unknown";  // after "built on"
  std::string host_name;
  std::vector<std::pair<std::string, std::string>> environment;  // envi's lines after zookeeper.version and host.name
  int64_t data_dir_bytes = 0, log_dir_bytes = 0;
  int64_t open_fds = -1, max_fds = -1;
  int64_t fsync_threshold_exceeded = 0;
  uint16_t client_port = 0;  // the bound one
};

// Everything the words print.
struct ServerInfo {
  const ZooConfig* config = nullptr;
  const ServerEnvironment* environment = nullptr;
  bool serving = true;
  bool read_only = false;
  std::string mode = "standalone";  // leader, follower, observer, read-only
  ServerId server_id = 0;
  ServerStats stats;
  std::vector<ConnectionStats> connections;
  int64_t alive_connections = 0;
  int64_t outstanding = 0;
  Zxid last_zxid = 0;
  int64_t node_count = 0, watch_count = 0, watch_paths = 0, watch_connections = 0, ephemerals_count = 0;
  int64_t data_bytes = 0, global_sessions = 0, local_sessions = 0;
  int64_t uptime_ms = 0, now_wall_ms = 0;
  // dump: expiry in wall-clock ms -> sessions, session -> paths. Local ones only where there can be any; a learner does
  // not know when global ones expire, only their timeouts.
  using SessionBuckets = std::vector<std::pair<int64_t, std::vector<SessionId>>>;
  SessionBuckets session_buckets;
  std::optional<SessionBuckets> local_session_buckets;
  std::optional<std::vector<std::pair<SessionId, int32_t>>> global_timeouts_ms;
  std::map<SessionId, std::set<std::string>> ephemerals;
  // wchc, wchp; by session.
  std::map<SessionId, std::set<std::string>> watches_by_session;
  std::map<std::string, std::set<SessionId>> watches_by_path;
  std::string proposal_sizes;  // "last/min/max", on a leader
  uint64_t digest_mismatches = 0;
  // hash: recent (zxid, digest) pairs.
  std::vector<std::pair<Zxid, uint64_t>> digest_log;
  // More mntr lines (key without zk_, value), from the leader role or the metrics registry.
  std::vector<std::pair<std::string, std::string>> extra;
};

// Which parts of ServerInfo a word needs: filling wchc's maps for a ruok would be waste.
struct InfoNeeds {
  bool connections = false, dump = false, watches = false;
};
InfoNeeds four_letter_needs(std::string_view word);

// The answer. crst and srst are acted on by the caller. A word that is not enabled gives the refusal line.
std::string four_letter_answer(std::string_view word, const ServerInfo& info);

}  // namespace kz::zk
