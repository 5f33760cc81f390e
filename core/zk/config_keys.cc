#include "core/zk/config_keys.h"

#include <algorithm>

namespace kz::zk {
namespace {

using enum ValueKind;
using enum KeyUse;
using Z = ZooConfig;
constexpr int64_t kInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kLong = std::numeric_limits<int64_t>::max();
constexpr int64_t kPort = 65535;

void set_jute_max(ZooConfig& c, int64_t value) {
  // The slack follows the limit unless it is set itself (see finish in config.cc).
  c.jute.max_buffer = value;
}
void set_jute_extra(ZooConfig& c, int64_t value) { c.jute.extra_size = value; }

const KeyRow kTable[] = {
    {"tickTime", kNumber, kHonoured, &Z::tick_time_ms, 1, kInt},
    {"dataDir", kText, kHonoured, &Z::data_dir, 0, 0, "a path"},
    {"dataLogDir", kText, kHonoured, &Z::data_log_dir, 0, 0, "a path"},
    {"clientPort", kNumber, kHonoured, &Z::client_port, 0, kPort},
    {"clientPortAddress", kText, kHonoured, &Z::client_port_address, 0, 0, "a host"},
    {"secureClientPort", kNumber, kLater, &Z::secure_client_port, 0, kPort},
    {"secureClientPortAddress", kText, kLater, &Z::secure_client_port_address, 0, 0, "a host"},
    {"clientPortListenBacklog", kNumber, kHonoured, &Z::client_port_listen_backlog, -1, kInt},
    {"observerMasterPort", kNumber, kEnsemble, &Z::observer_master_port, 0, kPort},
    {"initLimit", kNumber, kEnsemble, &Z::init_limit, 1, kInt},
    {"syncLimit", kNumber, kEnsemble, &Z::sync_limit, 1, kInt},
    {"connectToLearnerMasterLimit", kNumber, kEnsemble, &Z::connect_to_learner_limit, 0, kInt},
    {"electionAlg", kNumber, kEnsemble, {}, 3, 3},
    {"peerType", kChoice, kEnsemble, &Z::peer_type, 0, 0, "participant|observer"},
    {"maxClientCnxns", kNumber, kHonoured, &Z::max_client_cnxns, 0, kInt},
    {"maxCnxns", kNumber, kHonoured, &Z::max_cnxns, 0, kInt},
    {"minSessionTimeout", kNumber, kHonoured, &Z::min_session_timeout_ms, -1, kInt},
    {"maxSessionTimeout", kNumber, kHonoured, &Z::max_session_timeout_ms, -1, kInt},
    {"localSessionsEnabled", kBool, kEnsemble, &Z::local_sessions_enabled},
    {"localSessionsUpgradingEnabled", kBool, kEnsemble, &Z::local_sessions_upgrading_enabled},
    {"syncEnabled", kBool, kEnsembleLater, &Z::sync_enabled},
    {"observer.syncEnabled", kBool, kEnsembleLater, &Z::sync_enabled},
    {"quorumListenOnAllIPs", kBool, kEnsemble, &Z::quorum_listen_on_all_ips},
    {"standaloneEnabled", kBool, kHonoured, &Z::standalone_enabled},
    {"reconfigEnabled", kBool, kEnsemble, &Z::reconfig_enabled},
    {"dynamicConfigFile", kText, kEnsemble, &Z::dynamic_config_file, 0, 0, "a path"},
    {"autopurge.snapRetainCount", kNumber, kHonoured, &Z::autopurge_snap_retain_count},
    {"autopurge.purgeInterval", kNumber, kHonoured, &Z::autopurge_purge_interval_h},
    {"4lw.commands.whitelist", kList, kHonoured, &Z::four_letter_whitelist},
    {"globalOutstandingLimit", kNumber, kHonoured, &Z::global_outstanding_limit, 1, kInt},
    {"preAllocSize", kNumber, kHonoured, &Z::pre_alloc_size_kb, 0, kInt},
    {"snapCount", kNumber, kHonoured, &Z::snap_count, 1, kInt},
    {"snapSizeLimitInKb", kNumber, kHonoured, &Z::snap_size_limit_kb, std::numeric_limits<int64_t>::min(), kLong},
    {"txnLogSizeLimitInKb", kNumber, kHonoured, &Z::txn_log_size_limit_kb, -1, kLong / 1024},
    {"commitLogCount", kNumber, kEnsemble, &Z::commit_log_count, 0, kInt},
    {"snapshotSizeFactor", kReal, kEnsemble, &Z::snapshot_size_factor},
    {"forceSync", kYesNo, kHonoured, &Z::force_sync},
    {"fsync.warningthresholdms", kNumber, kHonoured, &Z::fsync_warning_threshold_ms, 0, kLong},
    {"flushDelay", kNumber, kLater, &Z::flush_delay_ms, 0, kInt},
    {"maxWriteQueuePollTime", kNumber, kLater, {}, 0, kInt},
    {"maxBatchSize", kNumber, kLater, &Z::max_batch_size, 0, kInt},
    {"leaderServes", kYesNo, kEnsemble, &Z::leader_serves},
    {"skipACL", kYesNo, kHonoured, &Z::skip_acl},
    {"cnxTimeout", kNumber, kEnsemble, &Z::cnx_timeout_ms, 1, kInt},
    {"quorumCnxnTimeoutMs", kNumber, kEnsembleLater, {}, -1, kInt},
    {"electionPortBindRetry", kNumber, kEnsembleLater, &Z::election_port_bind_retry, 0, kInt},
    {"fastleader.minNotificationInterval", kNumber, kEnsemble, &Z::fle_min_notification_ms, 1, kInt},
    {"fastleader.maxNotificationInterval", kNumber, kEnsemble, &Z::fle_max_notification_ms, 1, kInt},
    {"leader.maxTimeToWaitForEpoch", kNumber, kEnsembleLater, {}, -1, kInt},
    {"leader.maxConcurrentSnapSyncs", kNumber, kEnsembleLater, {}, 1, kInt},
    {"leader.maxConcurrentDiffSyncs", kNumber, kEnsembleLater, {}, 1, kInt},
    {"leader.maxConcurrentSnapshots", kNumber, kEnsembleLater, {}, 1, kInt},
    {"leader.maxConcurrentSnapshotTimeout", kNumber, kEnsembleLater, {}, 0, kLong},
    {"leader.ackLoggingFrequency", kNumber, kJava, {}, 1, kInt},
    {"leader.closeSocketAsync", kBool, kJava},
    {"learner.closeSocketAsync", kBool, kJava},
    {"learner.asyncSending", kBool, kJava},
    {"leaderConnectDelayDuringRetryMs", kNumber, kEnsemble, &Z::leader_connect_delay_ms, 0, kInt},
    {"forceSnapshotSync", kBool, kEnsemble, &Z::force_snapshot_sync},
    {"follower.skipLearnerRequestToNextProcessor", kBool, kJava},
    {"forward_learner_requests_to_commit_processor_disabled", kBool, kJava},
    {"observer.reconnectDelayMs", kNumber, kEnsemble, &Z::observer_reconnect_delay_ms, 0, kInt},
    {"observer.election.DelayMs", kNumber, kEnsemble, &Z::observer_election_delay_ms, 0, kInt},
    {"observerMaster.sizeLimit", kNumber, kJava, {}, 0, kInt},
    {"extendedTypesEnabled", kBool, kHonoured, &Z::extended_types_enabled},
    {"emulate353TTLNodes", kBool, kHonoured, &Z::emulate_353_ttl_nodes},
    {"znode.container.checkIntervalMs", kNumber, kHonoured, &Z::container_check_interval_ms, 1, kInt},
    {"znode.container.maxPerMinute", kNumber, kHonoured, &Z::container_max_per_minute, 1, kInt},
    {"znode.container.maxNeverUsedIntervalMs", kNumber, kHonoured, &Z::container_max_never_used_ms, 0, kLong},
    {"enforceQuota", kBool, kHonoured, &Z::enforce_quota},
    {"digest.enabled", kBool, kHonoured, &Z::digest_enabled},
    {"closeSessionTxn.enabled", kBool, kHonoured, &Z::close_session_txn_enabled},
    {"snapshot.compression.method", kChoice, kHonoured, &Z::snapshot_compression, 0, 0, "|gz|snappy"},
    {"snapshot.trust.empty", kBool, kHonoured, &Z::snapshot_trust_empty},
    {"db.autocreate", kBool, kEnsemble, &Z::db_autocreate},
    {"datadir.autocreate", kBool, kHonoured, &Z::datadir_autocreate},
    {"watchManagerName", kText, kJava, {}, 0, 0, "a class name"},
    {"watcherCleanThreadsNum", kNumber, kJava, {}, 1, kInt},
    {"watcherCleanThreshold", kNumber, kJava, {}, 1, kInt},
    {"watcherCleanIntervalInSeconds", kNumber, kJava, {}, 1, kInt},
    {"maxInProcessingDeadWatchers", kNumber, kJava, {}, -1, kInt},
    {"bitHashCacheSize", kNumber, kJava, {}, 0, kInt},
    {"maxResponseCacheSize", kNumber, kJava, {}, 0, kInt},
    {"maxGetChildrenResponseCacheSize", kNumber, kJava, {}, 0, kInt},
    {"jute.maxbuffer", kNumber, kHonoured, set_jute_max, 1024, kInt / 2},
    {"jute.maxbuffer.extrasize", kNumber, kHonoured, set_jute_extra, 0, kInt / 2},
    {"largeRequestMaxBytes", kNumber, kHonoured, &Z::large_request_max_bytes, 1, kInt},
    {"largeRequestThreshold", kNumber, kHonoured, &Z::large_request_threshold, -1, kInt},
    {"request_throttle_max_requests", kNumber, kHonoured, &Z::request_throttle_max_requests, 0, kInt},
    {"request_throttle_stall_time", kNumber, kHonoured, &Z::request_throttle_stall_time_ms, 1, kInt},
    {"request_throttle_drop_stale", kBool, kHonoured, &Z::request_throttle_drop_stale},
    {"request_stale_latency_check", kBool, kHonoured, &Z::request_stale_latency_check},
    {"request_stale_connection_check", kBool, kLater},
    {"request_throttler.shutdownTimeout", kNumber, kJava, {}, 0, kInt},
    {"throttled_op_wait_time", kNumber, kHonoured, &Z::throttled_op_wait_time_ms, 0, kInt},
    {"connection_throttle_tokens", kNumber, kHonoured, &Z::throttle_tokens, 0, kInt},
    {"connection_throttle_fill_time", kNumber, kHonoured, &Z::throttle_fill_time_ms, 1, kInt},
    {"connection_throttle_fill_count", kNumber, kHonoured, &Z::throttle_fill_count, 1, kInt},
    {"connection_throttle_freeze_time", kNumber, kHonoured, &Z::throttle_freeze_time_ms, -1, kInt},
    {"connection_throttle_drop_increase", kReal, kHonoured, &Z::throttle_drop_increase},
    {"connection_throttle_drop_decrease", kReal, kHonoured, &Z::throttle_drop_decrease},
    {"connection_throttle_decrease_ratio", kReal, kHonoured, &Z::throttle_decrease_ratio},
    {"connection_throttle_weight_enabled", kBool, kHonoured, &Z::throttle_weight_enabled},
    {"connection_throttle_global_session_weight", kNumber, kHonoured, &Z::throttle_global_weight, 1, kInt},
    {"connection_throttle_local_session_weight", kNumber, kHonoured, &Z::throttle_local_weight, 1, kInt},
    {"connection_throttle_renew_session_weight", kNumber, kHonoured, &Z::throttle_renew_weight, 1, kInt},
    {"nio.numSelectorThreads", kNumber, kJava, {}, 1, kInt},
    {"nio.numWorkerThreads", kNumber, kJava, {}, 0, kInt},
    {"nio.sessionlessCnxnTimeout", kNumber, kHonoured, &Z::session_less_timeout_ms, 1, kInt},
    {"nio.directBufferBytes", kNumber, kJava, {}, 0, kInt},
    {"nio.shutdownTimeout", kNumber, kJava, {}, 0, kInt},
    {"commitProcessor.numWorkerThreads", kNumber, kJava, {}, 0, kInt},
    {"commitProcessor.maxReadBatchSize", kNumber, kJava, {}, -1, kInt},
    {"commitProcessor.maxCommitBatchSize", kNumber, kJava, {}, 1, kInt},
    {"commitProcessor.shutdownTimeout", kNumber, kJava, {}, 0, kInt},
    {"serverCnxnFactory", kText, kJava, {}, 0, 0, "a class name"},
    {"netty.advancedFlowControl.enabled", kBool, kJava},
    {"netty.server.outstandingHandshake.limit", kNumber, kJava, {}, -1, kInt},
    {"netty.server.earlyDropSecureConnectionHandshakes", kBool, kJava},
    {"tcpKeepAlive", kBool, kEnsembleLater},
    {"clientTcpKeepAlive", kBool, kLater, &Z::client_tcp_keep_alive},
    {"enableEagerACLCheck", kBool, kEnsemble, &Z::eager_acl_check},
    {"readonlymode.enabled", kBool, kEnsemble, &Z::read_only_mode_enabled},
    {"admin.enableServer", kBool, kHonoured, &Z::admin_enabled},
    {"admin.serverPort", kNumber, kHonoured, &Z::admin_port, 0, kPort},
    {"admin.serverAddress", kText, kHonoured, &Z::admin_address, 0, 0, "a host"},
    {"admin.commandURL", kText, kHonoured, &Z::admin_command_url, 0, 0, "a path"},
    {"admin.idleTimeout", kNumber, kHonoured, &Z::admin_idle_timeout_ms, 1, kInt},
    {"admin.portUnification", kBool, kLater},
    {"admin.forceHttps", kBool, kLater},
    {"admin.httpVersion", kNumber, kJava, {}, 9, 30},
    {"metricsProvider.className", kText, kHonoured, &Z::metrics_provider, 0, 0, "a class name"},
    {"metricsProvider.httpHost", kText, kHonoured, &Z::metrics_http_host, 0, 0, "a host"},
    {"metricsProvider.httpPort", kNumber, kHonoured, &Z::metrics_http_port, 0, kPort},
    {"metricsProvider.exportJvmInfo", kBool, kHonoured, &Z::metrics_export_process},
    {"metricsProvider.*", kText, kJava, {}, 0, 0, "text"},
    {"pathStats.*", kText, kLater, {}, 0, 0, "text"},
    {"audit.enable", kBool, kLater},
    {"audit.impl.class", kText, kJava, {}, 0, 0, "a class name"},
    {"authProvider.*", kText, kHonoured, {}, 0, 0, "a class name"},
    {"sslQuorum", kBool, kEnsembleLater},
    {"portUnification", kBool, kEnsembleLater},
    {"client.portUnification", kBool, kLater},
    {"sslQuorumReloadCertFiles", kBool, kEnsembleLater},
    {"ssl.*", kText, kLater, {}, 0, 0, "text"},
    {"X509AuthenticationProvider.superUser", kText, kLater, {}, 0, 0, "a distinguished name"},
    {"DigestAuthenticationProvider.superDigest", kText, kHonoured, &Z::super_digest, 0, 0, "super:base64"},
    {"DigestAuthenticationProvider.enabled", kBool, kHonoured, &Z::digest_scheme_enabled},
    {"DigestAuthenticationProvider.digestAlg", kText, kHonoured, &Z::digest_algorithm, 0, 0, "a digest's name"},
    {"superUser", kText, kHonoured, &Z::super_user, 0, 0, "a user's name"},
    {"superUser.*", kText, kHonoured, {}, 0, 0, "a user's name"},
    {"java.security.auth.login.config", kText, kHonoured, &Z::jaas_file, 0, 0, "a path"},
    {"sasl.serverconfig", kText, kHonoured, &Z::sasl_section, 0, 0, "a section of the JAAS file"},
    {"SASLAuthenticationProvider.superPassword", kText, kHonoured, &Z::sasl_super_password, 0, 0, "text"},
    {"letAnySaslUserDoX", kText, kHonoured, &Z::sasl_any_user, 0, 0, "text"},
    {"requireClientAuthScheme", kText, kJava, {}, 0, 0, "text"},
    {"sessionRequireClientSASLAuth", kBool, kHonoured, &Z::session_require_sasl},
    {"enforce.auth.enabled", kBool, kHonoured, &Z::enforce_auth_enabled},
    {"enforce.auth.schemes", kList, kHonoured, &Z::enforce_auth_schemes},
    {"ensembleAuthName", kList, kHonoured, &Z::ensemble_auth_names},
    {"allowSaslFailedClients", kBool, kHonoured, &Z::sasl_failed_clients_allowed},
    {"kerberos.*", kText, kLater, {}, 0, 0, "text"},
    {"quorum.auth.enableSasl", kBool, kEnsemble, &Z::quorum_sasl_enabled},
    {"quorum.auth.serverRequireSasl", kBool, kEnsemble, &Z::quorum_sasl_required_of_learners},
    {"quorum.auth.learnerRequireSasl", kBool, kEnsemble, &Z::quorum_sasl_used_as_learner},
    {"quorum.auth.server.saslLoginContext", kText, kEnsemble, &Z::quorum_sasl_server_section, 0, 0, "text"},
    {"quorum.auth.learner.saslLoginContext", kText, kEnsemble, &Z::quorum_sasl_learner_section, 0, 0, "text"},
    {"quorum.auth.*", kText, kEnsembleLater, {}, 0, 0, "text"},
    {"quorum.cnxn.threads.size", kNumber, kJava, {}, 1, kInt},
    {"multiAddress.enabled", kBool, kEnsemble, &Z::multi_address_enabled},
    {"multiAddress.reachabilityCheckTimeoutMs", kNumber, kEnsemble, &Z::reachability_check_timeout_ms, 1, kInt},
    {"multiAddress.reachabilityCheckEnabled", kBool, kEnsemble, &Z::reachability_check_enabled},
    {"oraclePath", kText, kEnsembleLater, {}, 0, 0, "a path"},
    {"jvm.pause.monitor", kBool, kJava},
    {"jvm.pause.info-threshold.ms", kNumber, kJava, {}, 0, kInt},
    {"jvm.pause.warn-threshold.ms", kNumber, kJava, {}, 0, kInt},
    {"jvm.pause.sleep.time.ms", kNumber, kJava, {}, 0, kInt},
    {"testingonly.initialZxid", kNumber, kEnsemble, &Z::initial_zxid, 0, kLong},
    {"server.*", kText, kHonoured, {}, 0, 0, "host:port:port[:participant|:observer][;[host:]port]"},
    {"group.*", kText, kEnsemble, {}, 0, 0, "server ids separated by ':'"},
    {"weight.*", kText, kEnsemble, {}, 0, 0, "a number from 0"},
};

}  // namespace

std::span<const KeyRow> key_table() { return kTable; }

std::string allowed_text(const KeyRow& row) {
  switch (row.kind) {
    case kBool:
      return "true or false";
    case kYesNo:
      return "yes or no";
    case kNumber:
      return row.min == row.max ? std::to_string(row.min) : std::to_string(row.min) + " to " + std::to_string(row.max);
    case kReal:
      return "a decimal number";
    case kList:
      return "a list separated by commas";
    case kText:
      return row.choices;
    case kChoice: {
      std::string text;
      std::string_view left = row.choices;
      for (;;) {
        const size_t bar = left.find('|');
        const std::string_view one = left.substr(0, bar);
        text += one.empty() ? "empty" : std::string(one);
        if (bar == std::string_view::npos) return text;
        left.remove_prefix(bar + 1);
        text += left.find('|') == std::string_view::npos ? " or " : ", ";
      }
    }
  }
  return {};
}

std::vector<ConfigKey> config_keys() {
  std::vector<ConfigKey> keys;
  static const std::vector<std::string> kAllowed = [] {
    std::vector<std::string> texts;
    for (const KeyRow& row : kTable) texts.push_back(allowed_text(row));
    return texts;
  }();
  for (size_t i = 0; i < kAllowed.size(); ++i) {
    keys.push_back({kTable[i].name, kAllowed[i], kTable[i].use == kHonoured});
  }
  return keys;
}

}  // namespace kz::zk
