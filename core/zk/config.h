// ZooConfig: a zoo.cfg (and the -Dzookeeper.* flags of SERVER_JVMFLAGS and JVMFLAGS), parsed, typed and range-checked.
// Every key of ZooKeeper 3.5-3.8 is a row of config_keys.cc; other keys are legal (they become system properties) and
// are only reported. Source: QuorumPeerConfig @ 3.8.0. Plain data; immutable after parsing.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/zk/digest_md5.h"
#include "core/zk/jute.h"
#include "core/zk/quorum_config.h"

namespace kz::zk {

struct ZooConfig {
  // Server.
  int32_t tick_time_ms = 3000;
  std::string data_dir;      // as written
  std::string data_log_dir;  // data_dir when not given
  std::optional<uint16_t> client_port;
  std::string client_port_address;  // empty: any
  std::optional<uint16_t> secure_client_port;
  std::string secure_client_port_address;
  int32_t client_port_listen_backlog = -1;
  int32_t max_client_cnxns = 60;        // per address; 0 = no limit
  int32_t max_cnxns = 0;                // in all; 0 = no limit
  int32_t min_session_timeout_ms = -1;  // resolved: 2 ticks when not given
  int32_t max_session_timeout_ms = -1;  // resolved: 20 ticks
  bool local_sessions_enabled = false;
  bool local_sessions_upgrading_enabled = false;
  std::vector<std::string> four_letter_whitelist{"srvr"};  // "*" = all

  // Log and snapshots.
  int64_t pre_alloc_size_kb = 65536;
  int64_t snap_count = 100000;
  int64_t snap_size_limit_kb = 4194304;
  int64_t txn_log_size_limit_kb = -1;
  int64_t commit_log_count = 500;
  double snapshot_size_factor = 0.33;
  bool force_sync = true;
  int64_t fsync_warning_threshold_ms = 1000;
  int64_t flush_delay_ms = 0;
  int32_t max_batch_size = 1000;
  std::string snapshot_compression;  // "", "gz", "snappy"
  bool snapshot_trust_empty = false;
  bool db_autocreate = true;
  bool datadir_autocreate = true;
  int32_t autopurge_snap_retain_count = 3;
  int32_t autopurge_purge_interval_h = 0;

  // Behaviour.
  int32_t global_outstanding_limit = 1000;
  bool leader_serves = true;
  bool skip_acl = false;
  bool extended_types_enabled = false;
  bool emulate_353_ttl_nodes = false;
  int32_t container_check_interval_ms = 60000;
  int32_t container_max_per_minute = 10000;
  int64_t container_max_never_used_ms = 0;
  bool enforce_quota = false;
  bool digest_enabled = true;
  bool close_session_txn_enabled = true;
  bool read_only_mode_enabled = false;
  bool reconfig_enabled = false;
  bool standalone_enabled = true;
  JuteLimits jute;
  int64_t large_request_max_bytes = 104857600;
  int64_t large_request_threshold = -1;       // bytes; -1: no request is large
  int32_t request_throttle_max_requests = 0;  // 0: no throttling
  int32_t request_throttle_stall_time_ms = 100;
  bool request_throttle_drop_stale = true;
  bool request_stale_latency_check = false;
  int32_t throttled_op_wait_time_ms = 0;  // 0: never refused
  int32_t session_less_timeout_ms = 10000;
  bool client_tcp_keep_alive = false;

  // Authentication.
  std::string super_digest;
  bool digest_scheme_enabled = true;
  std::string digest_algorithm = "SHA1";
  std::string super_user;
  bool session_require_sasl = false;
  bool enforce_auth_enabled = false;
  std::vector<std::string> enforce_auth_schemes;
  std::vector<std::string> ensemble_auth_names;
  bool eager_acl_check = false;
  std::set<std::string, std::less<>> auth_schemes{"digest",
                                                  "ip"};  // of the providers: ip, digest and what authProvider.* adds

  // SASL (DIGEST-MD5), of clients and between servers. The users come from the JAAS file, which the caller reads after
  // parsing (apply_jaas in sasl_config.h).
  std::string jaas_file;
  std::string sasl_section = "Server";
  std::optional<SaslUsers> sasl_users;     // null: no SASL
  std::set<std::string> sasl_super_users;  // superUser, superUser.*
  std::string sasl_super_password;         // of the user "super", before the JAAS file's
  std::string sasl_any_user;               // letAnySaslUserDoX
  bool sasl_failed_clients_allowed = false;
  bool quorum_sasl_enabled = false;
  bool quorum_sasl_required_of_learners = false;  // serverRequireSasl
  bool quorum_sasl_used_as_learner = false;       // learnerRequireSasl
  std::string quorum_sasl_server_section = "QuorumServer";
  std::string quorum_sasl_learner_section = "QuorumLearner";
  SaslUsers quorum_sasl_users;
  std::string quorum_sasl_user, quorum_sasl_password;

  // Connection throttle (token bucket, 3.6).
  int32_t throttle_tokens = 0;
  int32_t throttle_fill_time_ms = 1;
  int32_t throttle_fill_count = 1;
  int32_t throttle_freeze_time_ms = -1;  // -1: no drop probability
  double throttle_drop_increase = 0.02;
  double throttle_drop_decrease = 0.002;
  double throttle_decrease_ratio = 0;
  bool throttle_weight_enabled = false;
  int32_t throttle_global_weight = 3;
  int32_t throttle_local_weight = 1;
  int32_t throttle_renew_weight = 2;

  // Ensemble.
  int32_t init_limit = 0;
  int32_t sync_limit = 0;
  int32_t connect_to_learner_limit = 0;   // ticks; 0: as long as an election may well have been wrong
  int32_t leader_connect_delay_ms = 20;   // between attempts
  std::string peer_type = "participant";  // lower case
  bool quorum_listen_on_all_ips = false;
  bool sync_enabled = true;
  std::string dynamic_config_file;
  int32_t cnx_timeout_ms = 5000;
  int32_t fle_min_notification_ms = 200;
  int32_t fle_max_notification_ms = 60000;
  int32_t election_port_bind_retry = 3;
  uint16_t observer_master_port = 0;        // 0: followers serve no observers
  int32_t observer_reconnect_delay_ms = 0;  // upper bounds of random delays
  int32_t observer_election_delay_ms = 200;
  bool multi_address_enabled = false;
  bool reachability_check_enabled = true;  // several addresses: how long one may be silent before another is tried
  int32_t reachability_check_timeout_ms = 1000;
  bool force_snapshot_sync = false;
  QuorumConfig quorum;  // server, group and weight lines; empty in standalone mode
  std::optional<int64_t> initial_zxid;

  // Admin server, metrics.
  bool admin_enabled = true;
  uint16_t admin_port = 8080;
  std::string admin_address = "0.0.0.0";
  std::string admin_command_url = "/commands";
  int32_t admin_idle_timeout_ms = 30000;
  std::string metrics_provider = "org.apache.zookeeper.metrics.impl.DefaultMetricsProvider";
  std::string metrics_http_host = "0.0.0.0";
  uint16_t metrics_http_port = 7000;
  bool metrics_export_process = true;  // exportJvmInfo: there is no JVM, but a process

  std::string source_text;  // of the file
  // Every assignment by its canonical key (without "zookeeper."), and what to say about them once at start.
  std::map<std::string, std::string> values;
  std::vector<std::string> notices;

  // How long one of several addresses of a server is waited for before the next is tried too; 0: until it fails.
  int32_t address_stagger_ms() const {
    return multi_address_enabled && reachability_check_enabled ? reachability_check_timeout_ms : 0;
  }

  // More than one voter: an ensemble is asked for (or one, with standaloneEnabled=false).
  bool wants_quorum() const;
};

// One clear line: "zoo.cfg:7: tickTime=abc: not a number (allowed: 1 to 2147483647)".
struct ConfigError {
  std::string message;
};

struct ConfigSource {
  std::string file;          // its name, for messages
  std::string text;          // its content
  std::string jvm_flags;     // SERVER_JVMFLAGS and JVMFLAGS joined; only -D is looked at
  std::string dynamic_file;  // name and content of dynamicConfigFile, read by the caller after a first parse
  std::string dynamic_text;
};
std::expected<ZooConfig, ConfigError> parse_zoo_config(const ConfigSource& source);

// How the key is written most often, what it takes, and whether this server acts on it yet; for `--help` and tests.
struct ConfigKey {
  std::string_view name;  // "tickTime"; ends in '*' for families (server.*, ssl.*)
  std::string_view allowed;
  bool honoured;
};
std::vector<ConfigKey> config_keys();

}  // namespace kz::zk
