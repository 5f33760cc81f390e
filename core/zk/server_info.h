// What four-letter words, the admin server's commands and the monitoring pages show, as plain data. The pipeline and
// the driver fill it in when somebody asks; the texts are made from it (four_letter.h, monitor.h, admin_commands.h).
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
#include "core/zk/metrics.h"
#include "core/zk/stats.h"

namespace kz::zk {

// A learner of this leader, as `observers` shows it.
struct LearnerLine {
  std::string remote;  // "/ip:port"
  ServerId sid = 0;
  int64_t established_ms = 0;  // wall clock
  int64_t queued_bytes = 0;
  int64_t received = 0, sent = 0, requests = 0;  // packets
  Zxid last_zxid = -1;
};

// The member's role in its ensemble.
struct EnsembleInfo {
  bool leading = false, observing = false;
  std::string peer_state;  // "following - broadcast"
  std::string phase;       // election, discovery, synchronization, broadcast
  ServerId leader_id = -1;
  std::string leader_ip;
  int64_t quorum_size = 0;  // voters
  // A leader's.
  int64_t learners = 0, synced_followers = 0, synced_non_voting_followers = 0, synced_observers = 0, pending_syncs = 0;
  int64_t leader_uptime_ms = 0;
  BufferSizes proposals;
  std::vector<LearnerLine> observers;
  // An observer's: whom it learns from.
  ServerId learner_master_id = -1;
};

// What only the driver knows; read when a word asks (dirs, conf, envi, mntr).
struct ServerEnvironment {
  std::string version = "3.8.0";  // ZooKeeper's, as clients parse it
  std::string build = "unknown";  // after "built on"
  std::string host_name;
  std::vector<std::pair<std::string, std::string>> environment;  // envi's lines after zookeeper.version and host.name
  int64_t data_dir_bytes = 0, log_dir_bytes = 0;
  int64_t open_fds = -1, max_fds = -1;
  int64_t fsync_threshold_exceeded = 0;
  uint16_t client_port = 0;                          // the bound one
  int64_t trace_mask = 306;                          // ZooTrace's default; kept for gtmk, nothing is traced by it
  std::optional<std::pair<Zxid, int64_t>> snapshot;  // the newest: zxid, seconds since 1970
  std::optional<std::string> initial_config;         // the text of zoo.cfg; none in an ensemble, as in Java
  const EnsembleInfo* ensemble = nullptr;            // null: standalone
};

struct ServerInfo {
  const ZooConfig* config = nullptr;
  const ServerEnvironment* environment = nullptr;
  const Metrics* metrics = nullptr;
  bool serving = true;
  bool read_only = false;
  std::string mode = "standalone";  // leader, follower, observer, read-only
  ServerId server_id = 0;
  ServerStats stats;
  std::vector<ConnectionStats> connections;
  int64_t alive_connections = 0;
  int64_t outstanding = 0;
  double drop_probability = 0;  // of connection throttling
  Zxid last_zxid = 0;
  int64_t node_count = 0, watch_count = 0, watch_paths = 0, watch_connections = 0, ephemerals_count = 0;
  int64_t data_bytes = 0, global_sessions = 0, local_sessions = 0;
  int64_t uptime_ms = 0, now_wall_ms = 0, now_mono_ms = 0;
  // dump: expiry on the monotonic clock in ms -> sessions. Local ones only where there can be any; a learner does not
  // know when global ones expire, only their timeouts.
  using SessionBuckets = std::vector<std::pair<int64_t, std::vector<SessionId>>>;
  SessionBuckets session_buckets;
  std::optional<SessionBuckets> local_session_buckets;
  std::optional<std::vector<std::pair<SessionId, int32_t>>> global_timeouts_ms;
  std::map<SessionId, std::set<std::string>> ephemerals;
  // wchc, wchp; by session.
  std::map<SessionId, std::set<std::string>> watches_by_session;
  std::map<std::string, std::set<SessionId>> watches_by_path;
  // hash: recent (zxid, digest) pairs.
  std::vector<std::pair<Zxid, uint64_t>> digest_log;
  // mntr: quota limits and use by namespace: key_name, value.
  std::vector<std::pair<std::string, int64_t>> quota_gauges;

  const EnsembleInfo* ensemble() const { return environment->ensemble; }
};

// Which parts of ServerInfo a word or command needs: filling wchc's maps for a ruok would be waste.
struct InfoNeeds {
  bool connections = false, dump = false, watches = false, quotas = false;
};

}  // namespace kz::zk
