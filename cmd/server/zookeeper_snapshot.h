// Snapshots and purging of a running server. When: by counted transactions and bytes, with a random share so that the
// servers of an ensemble do not all do it at once. How: the reactor serialises half a millisecond's worth per turn,
// a disk thread compresses and writes it. Source: SyncRequestProcessor.shouldSnapshot, DatadirCleanupManager @ 3.8.0.
// Owned by the server; all calls on its reactor.
#pragma once
#include <memory>
#include <optional>

#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/zk/config.h"
#include "core/zk/database.h"
#include "core/zk/metrics.h"
#include "net/reactor.h"
#include "storage/disk_pool.h"
#include "storage/zk/data_dir.h"

namespace kz::server {

class Snapshots {
 public:
  Snapshots(net::Reactor& reactor, storage::zk::DataDir& data_dir, const zk::ZooConfig& config, Rng& rng,
            zk::Metrics& metrics);
  ~Snapshots();

  void logged(int64_t txns, int64_t bytes);
  // Enough was logged since the last snapshot was begun. The caller rolls the log and calls begin().
  bool due() const;
  // Counts anew and takes a snapshot, unless the last one is still being written.
  void begin(zk::Database& database);
  // Gives up an unfinished snapshot: its database is about to be replaced.
  void cancel();
  // autopurge.*: now and at every interval.
  void start_purging();
  // Gives up an unfinished snapshot and waits for the disk thread.
  void stop();

 private:
  struct Running;
  void reset_counters();
  void turn();
  void written(const Status& status, bool last);
  void purge();

  net::Reactor& reactor_;
  storage::zk::DataDir& data_dir_;
  Rng& rng_;
  zk::Metrics& metrics_;
  int64_t snap_count_;
  int64_t snap_bytes_;
  int purge_keep_;
  int32_t purge_interval_h_;
  int64_t txns_ = 0, bytes_ = 0;
  int64_t txns_due_ = 0, bytes_due_ = 0;
  std::unique_ptr<Running> running_;
  uint64_t generation_ = 0;  // of running_: completions of a cancelled one are ignored
  TimerId purge_timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  log::Logger logger_{"ZooKeeperServer"};
  log::Logger purge_logger_{"DatadirCleanupManager"};
  std::unique_ptr<storage::DiskPool> disk_thread_;  // made for the first snapshot or purge
};

}  // namespace kz::server
