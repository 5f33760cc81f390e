#include "cmd/server/zookeeper_commit.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace kz::server {
namespace {

// The reactor syncs itself only where that costs less than waking another thread and coming back.
constexpr Duration kFastDisk = std::chrono::microseconds(300);
constexpr Duration kSlowSync = ms(1);
constexpr size_t kInlineRecordsMax = 4;
constexpr size_t kInlineBytesMax = 16384;

std::string describe(const Error& error) {
  const bool raw = error.code == Errc::kIo && error.detail != 0;
  return raw ? std::strerror(static_cast<int>(error.detail)) : errc_text(error.code);
}

}  // namespace

GroupCommit::GroupCommit(net::Reactor& reactor, storage::zk::DataDir& data_dir, const zk::ZooConfig& config,
                         zk::Metrics& metrics, std::function<void(Zxid)> on_durable,
                         std::function<void(const std::string&)> on_failed)
    : reactor_(reactor),
      data_dir_(data_dir),
      metrics_(metrics),
      on_durable_(std::move(on_durable)),
      on_failed_(std::move(on_failed)),
      warning_threshold_(ms(config.fsync_warning_threshold_ms)),
      sync_thread_("kz-zk-sync", 1) {}

GroupCommit::~GroupCommit() { *alive_ = false; }

void GroupCommit::append(storage::zk::LogRecord record) {
  pending_.push_back(std::move(record));
  pending_since_.push_back(reactor_.now().mono);
  metrics_.add(zk::Counter::kSyncProcessorRequestQueued);
  schedule();
}

// Posted, so that it runs after the frames of all connections that are readable now.
void GroupCommit::schedule() {
  if (scheduled_ || in_flight_ || stopped_) return;
  scheduled_ = true;
  reactor_.post([this, alive = alive_] {
    if (!*alive) return;
    scheduled_ = false;
    flush();
  });
}

void GroupCommit::flush() {
  if (in_flight_ || stopped_ || pending_.empty()) return;
  if (before_write_) before_write_();
  writing_.swap(pending_);
  writing_since_.swap(pending_since_);
  flush_started_ = reactor_.now().mono;
  for (const TimePoint since : writing_since_) {
    metrics_.add(zk::Percentile::kSyncProcessorQueueTimeMs, (flush_started_ - since).count() / 1'000'000);
  }
  metrics_.add(zk::Basic::kSyncProcessorBatchSize, std::ssize(writing_));
  metrics_.add(zk::Basic::kSyncProcessorQueueSize, std::ssize(pending_));
  const size_t roll_at = std::exchange(roll_at_, kNoRoll);
  const Zxid last = writing_.back().zxid;
  size_t bytes = 0;
  for (const auto& record : writing_) bytes += record.payload.size();
  const bool small = writing_.size() <= kInlineRecordsMax && bytes <= kInlineBytesMax;
  if (small && opened_ && roll_at == kNoRoll && recent_ < kFastDisk) {
    const Outcome outcome = write(writing_, roll_at);
    writing_.clear();
    reactor_.refresh_now();
    finished(outcome, last);
    return;
  }
  in_flight_ = true;
  opened_ = true;
  const bool taken = sync_thread_.run([this, roll_at] { return write(writing_, roll_at); }, reactor_,
                                      [this, last, alive = alive_](const Outcome& outcome) {
                                        if (!*alive) return;
                                        in_flight_ = false;
                                        writing_.clear();
                                        finished(outcome, last);
                                      });
  KZ_ASSERT(taken);  // one batch at a time
}

GroupCommit::Outcome GroupCommit::write(const Batch& batch, size_t roll_at) {
  using Clock = std::chrono::steady_clock;
  auto& log = data_dir_.log();
  const std::span<const storage::zk::LogRecord> all(batch);
  const size_t first = std::min(roll_at, all.size());
  Outcome outcome;
  outcome.status = log.append(all.first(first));
  if (outcome.status && first < all.size()) {
    if (roll_at != kNoRoll) log.roll();
    outcome.status = log.append(all.subspan(first));
  }
  const auto start = Clock::now();
  if (outcome.status) outcome.status = log.sync();
  outcome.took = Clock::now() - start;
  return outcome;
}

void GroupCommit::count(const Outcome& outcome) {
  metrics_.add(zk::Basic::kFsyncTime, outcome.took.count() / 1'000'000);
  const TimePoint now = reactor_.now().mono;
  metrics_.add(zk::Percentile::kSyncProcessorQueueFlushTimeMs, (now - flush_started_).count() / 1'000'000);
  for (const TimePoint since : writing_since_) {
    metrics_.add(zk::Percentile::kSyncProcessorQueueAndFlushTimeMs, (now - since).count() / 1'000'000);
  }
  writing_since_.clear();
}

void GroupCommit::finished(const Outcome& outcome, Zxid last) {
  count(outcome);
  // A single slow sync (one in a hundred takes milliseconds) shall not cost the next hundred two wake-ups each; a disk
  // that has become slow goes to the thread within a few.
  recent_ += (std::min<Duration>(outcome.took, 2 * kSlowSync) - recent_) / 16;
  if (outcome.took > warning_threshold_) {
    ++slow_syncs_;
    logger_.warn(
        "fsync-ing the write ahead log in SyncThread took {}ms which will adversely effect operation latency. "
        "File size is {} bytes. See the ZooKeeper troubleshooting guide",
        outcome.took.count() / 1'000'000, data_dir_.log().file_bytes());
  }
  if (stopped_) return;
  if (!outcome.status) {
    stopped_ = true;
    on_failed_(fmt::format("cannot write the transaction log in {}: {}", data_dir_.log_dir(),
                           describe(outcome.status.error())));
    return;
  }
  on_durable_(last);
  // The answers have made room for more: what came in meanwhile goes as the next batch.
  if (!pending_.empty()) schedule();
}

void GroupCommit::stop() {
  if (stopped_ && !in_flight_ && pending_.empty()) return;
  sync_thread_.drain();
  in_flight_ = false;
  const bool failed = std::exchange(stopped_, true);
  if (failed) return;
  Status status;
  if (!pending_.empty()) status = write(pending_, std::exchange(roll_at_, kNoRoll)).status;
  pending_.clear();
  if (status) status = data_dir_.log().close();
  if (!status)
    logger_.error("Cannot close the transaction log in {}: {}", data_dir_.log_dir(), describe(status.error()));
}

}  // namespace kz::server
