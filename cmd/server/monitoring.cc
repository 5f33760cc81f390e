#include "cmd/server/monitoring.h"

#include "core/zk/four_letter.h"
#include "core/zk/monitor.h"

namespace kz::server {

Monitoring::Monitoring(storage::FileSystem& fs, const zk::ZooConfig& config) : fs_(fs), config_(config) {
  if (zk::provider_of(config) == zk::Provider::kPrometheus) metrics_.sample_basic();
}

void Monitoring::recovered(const storage::zk::DataDir::Recovery& recovery, const zk::Database& database) {
  metrics_.add(zk::Basic::kDbInitTime, recovery.snapshot_ms + recovery.txns_ms);
  metrics_.add(zk::Basic::kStartupSnapLoadTime, recovery.snapshot_ms);
  if (recovery.snapshot_zxid >= 0) {
    metrics_.add(zk::Basic::kStartupTxnsLoaded, recovery.txns);
    metrics_.add(zk::Basic::kStartupTxnsLoadTime, recovery.txns_ms);
  }
  metrics_.add(zk::Counter::kDigestMismatchesCount, static_cast<int64_t>(database.digest_mismatches));
}

const zk::ServerEnvironment& Monitoring::refresh(std::string_view word, const storage::zk::DataDir& data_dir,
                                                 const GroupCommit& commit, net::ZkLink& clients, uint16_t port) {
  refresh_environment(environment_, word, fs_, data_dir);
  environment_.client_port = port;
  environment_.fsync_threshold_exceeded = commit.slow_syncs();
  metrics_.add(zk::Counter::kConnectionRejected, clients.take_rejected());
  return environment_;
}

bool Monitoring::take_arguments(std::string_view word, std::string_view args) {
  if (word != "stmk" || !zk::four_letter_enabled(word, config_)) return true;
  const auto mask = zk::trace_mask_of(args);
  if (mask) environment_.trace_mask = *mask;
  return mask.has_value();
}

}  // namespace kz::server
