// GroupCommit: appends and syncs the transactions of a round as one batch, on the reactor or on the sync thread, and
// reports the highest zxid that is durable. A failure of the log is final.
// Owned by the server; all calls on its reactor.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/zk/config.h"
#include "core/zk/metrics.h"
#include "net/reactor.h"
#include "storage/disk_pool.h"
#include "storage/zk/data_dir.h"

namespace kz::server {

class GroupCommit {
 public:
  GroupCommit(net::Reactor& reactor, storage::zk::DataDir& data_dir, const zk::ZooConfig& config, zk::Metrics& metrics,
              std::function<void(Zxid)> on_durable, std::function<void(const std::string&)> on_failed);
  ~GroupCommit();

  void append(storage::zk::LogRecord record);
  // Called before a batch is written: the reactor may be about to wait for the disk.
  void before_write(std::function<void()> hook) { before_write_ = std::move(hook); }
  // The next appended record starts a new file.
  void roll() { roll_at_ = pending_.size(); }
  // What was appended is written and synced, on this thread, and the log closed. Nothing is reported any more.
  void stop();
  int64_t slow_syncs() const { return slow_syncs_; }  // above fsync.warningthresholdms

 private:
  struct Outcome {
    Status status;
    Duration took{};
  };
  using Batch = std::vector<storage::zk::LogRecord>;
  static constexpr size_t kNoRoll = SIZE_MAX;

  void schedule();
  void flush();
  Outcome write(const Batch& batch, size_t roll_at);
  void finished(const Outcome& outcome, Zxid last);
  void count(const Outcome& outcome);

  net::Reactor& reactor_;
  storage::zk::DataDir& data_dir_;
  zk::Metrics& metrics_;
  std::function<void(Zxid)> on_durable_;
  std::function<void(const std::string&)> on_failed_;
  std::function<void()> before_write_;
  Duration warning_threshold_;
  Duration recent_{};  // what a sync took, averaged over the last dozen or so
  Batch pending_;
  Batch writing_;
  std::vector<TimePoint> pending_since_, writing_since_;  // of the records
  TimePoint flush_started_;
  size_t roll_at_ = kNoRoll;  // index in pending_
  bool scheduled_ = false;
  bool in_flight_ = false;
  bool stopped_ = false;
  bool opened_ = false;  // a log file is open: a sync is just a sync
  int64_t slow_syncs_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  log::Logger logger_{"FileTxnLog"};
  storage::DiskPool sync_thread_;  // last: it goes first
};

}  // namespace kz::server
