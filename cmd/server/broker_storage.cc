#include "cmd/server/broker_storage.h"

#include <chrono>

#include "cmd/server/session_file.h"
#include "storage/disk_pool.h"
#include "storage/kafka/log_manager.h"
#include "storage/kafka/meta_properties.h"

namespace kz::server {
namespace {

constexpr Duration kFirstRetention = ms(30000);  // LogManager.InitialTaskDelayMs

int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

class BrokerStorage::Impl {
 public:
  Impl(storage::FileSystem& fs, const broker::KafkaConfig& config, std::function<void(const std::string&)> on_fatal)
      : fs_(fs), config_(config), on_fatal_(std::move(on_fatal)), logs_(fs, options_of(config)) {
    logs_.on_directory_failed = [this](const std::string& directory, const std::string& why) {
      directory_failed(directory, why);
    };
  }

  std::vector<std::string> online() const {
    std::vector<std::string> dirs;
    for (const auto& d : logs_.directories()) {
      if (!d.offline) dirs.push_back(d.path);
    }
    return dirs;
  }

  // A task that repeats: armed on the executor, run on the disk thread, one at a time.
  void every(int64_t first_ms, int64_t period_ms, std::function<void(Now)> task) {
    // Long.MaxValue means never; anything near it would overflow the clock.
    if (period_ms <= 0 || period_ms > INT64_MAX / 2'000'000) return;
    executor_->after(
        ms(first_ms), [this, period_ms, task = std::move(task), alive = std::weak_ptr<int>(alive_)]() mutable {
          if (alive.expired()) return;
          // A queue that is full means that the disk is far behind: the next turn will do.
          [[maybe_unused]] const bool taken = housekeeping_->submit([task, now = executor_->now()] { task(now); });
          every(period_ms, period_ms, std::move(task));
        });
  }

  void start(Executor& executor) {
    executor_ = &executor;
    housekeeping_.emplace("housekeeping", 1, 64);
    alive_ = std::make_shared<int>(0);
    const auto retention = [this](Now now) { logs_.enforce_retention(now); };
    every(kFirstRetention / ms(1), config_.log_retention_check_interval_ms, retention);
    const auto flush = [this](Now now) { logs_.flush_dirty(now); };
    every(kFirstRetention / ms(1), config_.log_flush_scheduler_interval_ms, flush);
    const auto checkpoint = [this](int64_t period_ms, storage::CheckpointKind kind) {
      every(period_ms, period_ms, [this, kind](Now) { logs_.write_checkpoints(kind); });
    };
    checkpoint(config_.replica_high_watermark_checkpoint_interval_ms, storage::CheckpointKind::kHighWatermarks);
    checkpoint(config_.log_flush_offset_checkpoint_interval_ms, storage::CheckpointKind::kRecoveryPoints);
    checkpoint(config_.log_flush_start_offset_checkpoint_interval_ms, storage::CheckpointKind::kLogStarts);
    const auto expiry = [this](Now now) { logs_.remove_expired_producers(now); };
    every(config_.producer_id_expiration_check_interval_ms, config_.producer_id_expiration_check_interval_ms, expiry);
    // Between retention checks: files whose deletion is due.
    const auto removal = [this](Now now) { logs_.remove_due(now.wall_ms); };
    every(kFirstRetention / ms(1), kFirstRetention / ms(1), removal);
  }

  void stop_timers() { alive_.reset(); }

  void stop(bool clean) {
    housekeeping_.reset();
    if (clean) logs_.shutdown();
  }

  storage::FileSystem& fs_;
  const broker::KafkaConfig config_;
  std::function<void(const std::string&)> on_fatal_;
  log::Logger log_{"kafka.server.KafkaServer"};
  storage::LogManager logs_;

 private:
  static storage::LogManagerOptions options_of(const broker::KafkaConfig& config) {
    storage::LogManagerOptions options;
    options.dirs = config.data_dirs;
    options.defaults = broker::effective_log_config(config, {});
    options.recovery_threads_per_dir = config.num_recovery_threads_per_data_dir;
    options.producer_expiration_ms = config.producer_id_expiration_ms;
    // kz's requests do their appends themselves; what num.io.threads leaves to do is syncing files, and more than a few
    // threads do not make a disk faster.
    options.sync_threads_per_dir = std::clamp(config.num_io_threads / static_cast<int>(config.data_dirs.size()), 1, 4);
    options.seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return options;
  }

  void directory_failed(const std::string& directory, const std::string& why) {
    log_.error("Log directory {} failed: {}", directory, why);
    if (online().empty() && on_fatal_) {
      on_fatal_("Shutdown broker because all log dirs in " + directory + " have failed: " + why);
    }
  }

  Executor* executor_ = nullptr;
  std::optional<storage::DiskPool> housekeeping_;
  std::shared_ptr<int> alive_;
};

std::expected<std::unique_ptr<BrokerStorage>, std::string> BrokerStorage::open(
    storage::FileSystem& fs, const broker::KafkaConfig& config, std::function<void(const std::string&)> on_fatal) {
  auto impl = std::make_unique<Impl>(fs, config, std::move(on_fatal));
  if (auto opened = impl->logs_.open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<BrokerStorage>(new BrokerStorage(std::move(impl)));
}

BrokerStorage::BrokerStorage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BrokerStorage::~BrokerStorage() = default;

LogStore& BrokerStorage::logs() { return impl_->logs_; }
std::string BrokerStorage::session_file() const { return impl_->config_.data_dirs.front() + "/" + kSessionFile; }

std::expected<BrokerId, std::string> BrokerStorage::check_identity(const std::string& cluster_id, BrokerId configured) {
  const auto stored = storage::read_meta_properties(impl_->fs_, impl_->online());
  if (!stored) return std::unexpected(stored.error());
  if (auto fits = storage::check_meta_properties(*stored, configured, cluster_id); !fits) {
    return std::unexpected(fits.error());
  }
  return stored->broker_id.value_or(-1);
}

std::expected<void, std::string> BrokerStorage::write_identity(const std::string& cluster_id, BrokerId id) {
  const storage::MetaProperties meta{id, cluster_id};
  if (auto wrote = storage::write_meta_properties(impl_->fs_, impl_->online(), meta, wall_ms()); !wrote) {
    return std::unexpected(std::string("meta.properties cannot be written: ") + errc_text(wrote.error().code));
  }
  return {};
}

std::expected<void, std::string> BrokerStorage::load(int threads_per_directory) {
  return impl_->logs_.load(threads_per_directory);
}
void BrokerStorage::set_producer_expiration(int64_t expiration_ms) {
  impl_->logs_.set_producer_expiration(expiration_ms);
}
void BrokerStorage::start_housekeeping(Executor& executor) { impl_->start(executor); }
void BrokerStorage::stop_housekeeping() { impl_->stop_timers(); }
void BrokerStorage::stop(bool clean) { impl_->stop(clean); }

}  // namespace kz::server
