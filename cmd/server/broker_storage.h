// BrokerStorage: a broker's log directories and what happens to them in the course of time: locks, identity, loading,
// retention, flushing, checkpoints. Source: LogManager.scala, ReplicaManager.scala (checkpoints) @ 3.4.0.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "core/base/executor.h"
#include "core/broker/kafka_config.h"
#include "core/ports_log.h"
#include "storage/fs.h"

namespace kz::server {

class BrokerStorage {
 public:
  // Creates and locks the directories. on_fatal: the last directory has failed. Errors are one line for the user.
  static std::expected<std::unique_ptr<BrokerStorage>, std::string> open(
      storage::FileSystem& fs, const broker::KafkaConfig& config, std::function<void(const std::string&)> on_fatal);
  ~BrokerStorage();

  LogStore& logs();
  std::string session_file() const;

  // What meta.properties says against ZooKeeper and the configuration; the stored broker id, -1 when there is none.
  std::expected<BrokerId, std::string> check_identity(const std::string& cluster_id, BrokerId configured);
  std::expected<void, std::string> write_identity(const std::string& cluster_id, BrokerId id);
  // Opens every log, after the topics' configurations are known.
  std::expected<void, std::string> load(int threads_per_directory);
  // producer.id.expiration.ms, for all logs from now on.
  void set_producer_expiration(int64_t expiration_ms);
  // Timers run on the executor, the work on a disk thread. Executor thread.
  void start_housekeeping(Executor& executor);
  // Executor thread; before stop().
  void stop_housekeeping();
  // clean: flushes, writes checkpoints and .kafka_cleanshutdown; else only lets go.
  void stop(bool clean);

 private:
  class Impl;
  explicit BrokerStorage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kz::server
