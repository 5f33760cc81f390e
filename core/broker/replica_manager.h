// The replicas of this broker: which partitions it hosts, appends to and reads from them.
// Source: ReplicaManager.scala @ 3.4.0.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/base/log.h"
#include "core/broker/leadership.h"
#include "core/broker/metadata_image.h"
#include "core/broker/partition.h"
#include "core/ports_log.h"

namespace kz::broker {

struct AppendEntry {
  std::string_view topic;  // needed until the call returns
  int32_t partition = 0;
  Slice records;
};

struct AppendOutcome {
  kafka::ErrorCode code = kafka::ErrorCode::kNone;
  Offset base_offset = -1;
  Offset last_offset = -1;
  int64_t log_append_time_ms = -1;
  Offset log_start_offset = -1;
  std::string message;                     // empty = none
  std::vector<RecordError> record_errors;  // for kInvalidRecord and kInvalidTimestamp
};

struct AppendOptions {
  int16_t acks = -1;  // -1, 0, 1
  Duration timeout = ms(30000);
  AppendOrigin origin = AppendOrigin::kClient;
  int16_t produce_version = 9;
  bool internal_topics_allowed = false;  // coordinators, and Java's admin client
};

// Thread-safe. Leadership changes come from one thread (the controller's) at a time.
class ReplicaManager {
 public:
  using AppendDone = std::move_only_function<void(std::vector<AppendOutcome>)>;

  ReplicaManager(BrokerId self, LogStore& store);
  ~ReplicaManager();  // no executor of a waiting operation runs any more

  // The controller's orders. Logs are opened or created on the calling thread.
  LeadershipResult become_leader_or_follower(const LeaderAndIsrUpdate& update);
  LeadershipResult stop_replicas(const StopReplicaUpdate& update);
  // Called at the end of either, on the calling thread: partitions that this broker now leads, no longer leads.
  struct LeadershipChange {
    std::vector<std::shared_ptr<Partition>> leaders;
    std::vector<TopicPartition> resigned;
  };
  std::function<void(const LeadershipChange&)> on_leadership_change;

  // Null: not hosted here.
  std::shared_ptr<Partition> find(std::string_view topic, int32_t partition) const;
  // Hosted and not on a failed directory; else kKafkaStorageError, kNotLeaderOrFollower (known to the cluster) or
  // kUnknownTopicOrPartition.
  KafkaResult<std::shared_ptr<Partition>> find_or_error(std::string_view topic, int32_t partition) const;
  std::vector<std::shared_ptr<Partition>> all() const;

  // Outcomes in the order of the entries. done: once, before the return or later, from any thread; waits for acks=all
  // run on `executor`.
  void append(Executor& executor, const AppendOptions& options, std::vector<AppendEntry> entries, Now now,
              AppendDone done);

  // The cluster as last told by the controller.
  MetadataImagePtr image() const {
    return image_.with([](const MetadataImagePtr& p) { return p; });
  }
  void apply_metadata(const MetadataUpdate& update);

  // A topic's configuration changed: logs and partitions take it over.
  void set_topic_config(std::string_view topic, const LogConfig& config);
  // A directory failed: whoever waits for one of its partitions is told. Any thread.
  void wake_offline();
  LogStore& store() const { return store_; }
  BrokerId self() const { return self_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  using Hosted = std::unordered_map<std::string, std::vector<std::shared_ptr<Partition>>, Hash, std::equal_to<>>;
  // Sharded by topic, so that reactors rarely meet on one guard.
  struct alignas(64) Shard {
    Guarded<Hosted> hosted;
  };
  static constexpr size_t kShards = 16;
  Shard& shard(std::string_view topic) const { return shards_[Hash{}(topic) % kShards]; }
  bool stale_controller(int32_t controller_epoch);
  kafka::ErrorCode apply_one(const LeaderAndIsrPartition& order, LeadershipChange& change);
  void host(std::shared_ptr<Partition> partition);

  const BrokerId self_;
  LogStore& store_;
  mutable std::array<Shard, kShards> shards_;
  Guarded<MetadataImagePtr> image_;
  Guarded<int32_t> controller_epoch_;
  log::Logger log_;
};

bool is_internal_topic(std::string_view topic);  // __consumer_offsets, __transaction_state

}  // namespace kz::broker
