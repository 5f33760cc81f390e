#include "cmd/server/zookeeper_snapshot.h"

#include <algorithm>
#include <chrono>

#include "storage/zk/file_names.h"
#include "storage/zk/purge.h"

namespace kz::server {
namespace {

constexpr Duration kTurn = std::chrono::microseconds(500);
constexpr size_t kStepBytes = 16 * 1024;    // between looks at the clock
constexpr size_t kPieceBytes = 256 * 1024;  // handed to the disk thread at once
constexpr int kPiecesInFlightMax = 4;

int64_t steady_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

// A snapshot on its way. `file` belongs to the disk thread.
struct Snapshots::Running {
  explicit Running(zk::Database& database) : writer(database.tree, database.sessions), zxid(writer.zxid()) {}
  zk::SnapshotWriter writer;
  Zxid zxid;
  int64_t started_ns = steady_ns();
  Buffer piece;
  int pieces_in_flight = 0;
  bool turn_posted = false;
  bool complete = false;
  bool failed = false;
  std::shared_ptr<std::unique_ptr<storage::zk::SnapshotFile>> file =
      std::make_shared<std::unique_ptr<storage::zk::SnapshotFile>>();
};

Snapshots::Snapshots(net::Reactor& reactor, storage::zk::DataDir& data_dir, const zk::ZooConfig& config, Rng& rng,
                     zk::Metrics& metrics)
    : reactor_(reactor),
      data_dir_(data_dir),
      rng_(rng),
      metrics_(metrics),
      snap_count_(std::max<int64_t>(config.snap_count, 2)),
      snap_bytes_(config.snap_size_limit_kb * 1024),
      purge_keep_(std::max(config.autopurge_snap_retain_count, storage::zk::kSnapshotsKeptMin)),
      purge_interval_h_(config.autopurge_purge_interval_h) {
  reset_counters();
}

Snapshots::~Snapshots() { *alive_ = false; }

void Snapshots::reset_counters() {
  txns_ = bytes_ = 0;
  txns_due_ = snap_count_ / 2 + rng_.between(0, snap_count_ / 2 - 1);
  bytes_due_ = snap_bytes_ > 1 ? snap_bytes_ / 2 + rng_.between(0, snap_bytes_ / 2 - 1) : INT64_MAX;
}

void Snapshots::logged(int64_t txns, int64_t bytes) {
  txns_ += txns;
  bytes_ += bytes;
}

bool Snapshots::due() const { return txns_ > txns_due_ || bytes_ > bytes_due_; }

void Snapshots::begin(zk::Database& database) {
  reset_counters();
  if (running_) {
    logger_.warn("Too busy to snap, skipping");
    return;
  }
  if (!disk_thread_) disk_thread_ = std::make_unique<storage::DiskPool>("kz-zk-snap", 1);
  running_ = std::make_unique<Running>(database);
  logger_.info("Snapshotting: 0x{:x} to {}/{}", running_->zxid, data_dir_.snapshot_dir(),
               storage::zk::snapshot_name(running_->zxid, data_dir_.options().compression));
  running_->turn_posted = true;
  reactor_.post([this, alive = alive_, generation = generation_] {
    if (*alive && running_ && generation == generation_) turn();
  });
}

void Snapshots::turn() {
  Running& r = *running_;
  r.turn_posted = false;
  if (r.failed || r.complete) return;
  const int64_t until = steady_ns() + kTurn.count();
  while (!r.complete && r.piece.size() < kPieceBytes && steady_ns() < until)
    r.complete = !r.writer.step(r.piece, kStepBytes);
  if (r.complete || r.piece.size() >= kPieceBytes) {
    ++r.pieces_in_flight;
    auto job = [this, file = r.file, zxid = r.zxid, bytes = std::move(r.piece), last = r.complete]() -> Status {
      if (!*file) {
        KZ_TRY(*file, storage::zk::SnapshotFile::create(data_dir_.fs(), data_dir_.snapshot_dir(), zxid,
                                                        data_dir_.options().compression));
      }
      KZ_CHECK((*file)->append(bytes.bytes()));
      return last ? (*file)->finish() : Status{};
    };
    auto done = [this, alive = alive_, last = r.complete, generation = generation_](const Status& status) {
      if (*alive && running_ && generation == generation_) written(status, last);
    };
    r.piece = {};
    KZ_ASSERT(disk_thread_->run(std::move(job), reactor_, std::move(done)));
  }
  if (r.complete || r.pieces_in_flight >= kPiecesInFlightMax) return;
  // A millisecond's rest after each turn leaves the reactor to its clients.
  r.turn_posted = true;
  reactor_.after(ms(1), [this, alive = alive_, generation = generation_] {
    if (*alive && running_ && generation == generation_) turn();
  });
}

void Snapshots::written(const Status& status, bool last) {
  Running& r = *running_;
  --r.pieces_in_flight;
  if (!status && !r.failed) {
    r.failed = true;
    logger_.error(
        "Cannot write snapshot 0x{:x} in {}: {}. The log is kept, nothing is lost; the next one is tried later", r.zxid,
        data_dir_.snapshot_dir(), errc_text(status.error().code));
  }
  if (r.failed || last) {
    if (r.pieces_in_flight > 0) return;
    if (!r.failed) {
      logger_.info("Snapshot 0x{:x} written", r.zxid);
      metrics_.add(zk::Basic::kSnapshotTime, (steady_ns() - r.started_ns) / 1'000'000);
    }
    running_.reset();
    return;
  }
  if (!r.turn_posted) turn();
}

void Snapshots::cancel() {
  running_.reset();
  ++generation_;
}

void Snapshots::start_purging() {
  if (purge_interval_h_ <= 0) {
    purge_logger_.info("Purge task is not scheduled.");
    return;
  }
  if (!disk_thread_) disk_thread_ = std::make_unique<storage::DiskPool>("kz-zk-snap", 1);
  purge();
}

void Snapshots::purge() {
  const bool taken = disk_thread_->submit([this] {
    purge_logger_.info("Purge task started.");
    const auto report = [this](const std::string& path, const storage::FileInfo&, const Status& removed) {
      removed ? purge_logger_.info("Removing file: {}", path)
              : purge_logger_.error("Failed to remove {}: {}", path, errc_text(removed.error().code));
    };
    const auto done =
        storage::zk::purge(data_dir_.fs(), data_dir_.log_dir(), data_dir_.snapshot_dir(), purge_keep_, report);
    if (!done) purge_logger_.error("Error occurred while purging: {}", errc_text(done.error().code));
    purge_logger_.info("Purge task completed.");
  });
  if (!taken) purge_logger_.warn("Too busy to purge, skipping");
  purge_timer_ = reactor_.after(std::chrono::hours(purge_interval_h_), [this, alive = alive_] {
    if (*alive) purge();
  });
}

void Snapshots::stop() {
  reactor_.cancel(purge_timer_);
  running_.reset();
  disk_thread_.reset();
}

}  // namespace kz::server
