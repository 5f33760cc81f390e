// The group coordinator of a broker: which groups it is responsible for, their machines, their timers, and their
// records in __consumer_offsets. Source: GroupCoordinator.scala, GroupMetadataManager.scala @ 3.4.0. Thread-safe:
// requests come from any reactor; loading and unloading from the thread that changes leaderships.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/broker/group/group.h"
#include "core/broker/replica_manager.h"
#include "core/kafka/record/batch.h"

namespace kz::broker {

struct CoordinatorConfig {
  GroupConfig group;
  int32_t offset_metadata_max_size = 4096;
  int64_t offsets_retention_ms = 10080LL * 60 * 1000;
  int64_t retention_check_interval_ms = 600'000;
  int32_t commit_timeout_ms = 5000;
  int16_t commit_required_acks = -1;
  int32_t load_buffer_bytes = 5 * 1024 * 1024;
  int32_t partitions = 50;           // until the topic exists
  int16_t offset_value_version = 3;  // by inter.broker.protocol.version
  int16_t group_value_version = 3;
  kafka::Codec codec = kafka::Codec::kNone;
};

// java.lang.String.hashCode of the UTF-16 form, made positive as Utils.abs does, modulo partitions.
int32_t coordinator_partition(std::string_view key, int32_t partitions);

class GroupCoordinator {
 public:
  // Where a request comes from: its time and the executor of the thread that runs it.
  struct Caller {
    Now now;
    Executor* executor = nullptr;
  };
  // Timers run on `executor`. All outlive the coordinator.
  GroupCoordinator(CoordinatorConfig config, ReplicaManager& replicas, Executor& executor, uint64_t seed);
  ~GroupCoordinator();

  // How the bytes of a log read are brought into memory (storage/read_chain.h). Without it only what is in memory
  // already can be loaded.
  std::function<Result<Slice>(const Chain&)> read_chain;

  // Executor thread.
  void startup();
  void shutdown();
  // This broker leads, or no longer leads, partitions; those of other topics are ignored.
  void on_leadership_change(const ReplicaManager::LeadershipChange& change);
  // Topics are gone: so are their committed offsets. Executor thread.
  void on_topics_deleted(const std::vector<std::string>& topics);

  // ---- requests ----
  void join(const std::string& group, JoinInput input, Caller from, JoinDone done);
  void sync(const std::string& group, SyncInput input, Caller from, SyncDone done);
  kafka::ErrorCode heartbeat(const std::string& group, const std::string& member,
                             const std::optional<std::string>& instance, int32_t generation, Caller from);
  kafka::ErrorCode leave(const std::string& group, const std::vector<MemberIdentity>& members, Caller from,
                         std::vector<kafka::ErrorCode>& codes);
  void commit(const std::string& group, const std::string& member, const std::optional<std::string>& instance,
              int32_t generation, OffsetMap offsets, Caller from, Group::CommitDone done);
  struct FetchedOffset {
    CommittedOffset value;  // offset -1: none
    kafka::ErrorCode error = kafka::ErrorCode::kNone;
  };
  // partitions absent: all that the group has.
  kafka::ErrorCode fetch(const std::string& group, const std::optional<std::vector<TopicPartition>>& partitions,
                         bool require_stable, std::map<TopicPartition, FetchedOffset>& out);
  struct Overview {
    std::string id;
    std::string protocol_type;
    GroupState state;
  };
  kafka::ErrorCode list(const std::vector<std::string>& states, std::vector<Overview>& out);
  struct Description {
    kafka::ErrorCode error = kafka::ErrorCode::kNone;
    std::string state;  // "" with an error
    std::string protocol_type;
    std::string protocol;
    struct Member {
      std::string id;
      std::optional<std::string> instance_id;
      std::string client_id;
      std::string client_host;
      Slice metadata;
      Slice assignment;
    };
    std::vector<Member> members;
  };
  Description describe(const std::string& group);
  kafka::ErrorCode remove(const std::string& group, Caller from);
  // Codes per partition when the group's own is kNone.
  kafka::ErrorCode remove_offsets(const std::string& group, const std::vector<TopicPartition>& partitions, Caller from,
                                  OffsetCodes& codes);

  // Number of groups held; for tests and metrics.
  size_t size() const;
  void expire_offsets(Caller from);

 private:
  struct Slot {
    explicit Slot(Group g) : group(std::move(g)) {}
    Group group;
    bool draining = false;
    TimePoint armed = TimePoint::max();
  };
  using SlotPtr = std::shared_ptr<Guarded<Slot>>;
  enum class Ownership : uint8_t { kNone, kLoading, kOwned };
  struct Loaded;

  enum class EmptyId : uint8_t { kRefused, kAllowed };
  kafka::ErrorCode check(const std::string& group, EmptyId empty) const;
  int32_t partition_of(const std::string& group) const;
  SlotPtr find(const std::string& group) const;
  SlotPtr find_or_create(const std::string& group, Now now);
  // Runs fn(Group&, GroupEffects&) under the guard, then the answers, appends and the timer that follow from it.
  template <class F>
  void step(const SlotPtr& slot, Caller from, F&& fn);
  void drain(const SlotPtr& slot, Caller from);
  void append(const SlotPtr& slot, std::string group, GroupAppend item, Caller from);
  void arm(const SlotPtr& slot, TimePoint when);
  Slice encode(const std::string& group, const GroupAppend& item, int64_t timestamp) const;
  void load(Partition& partition);
  bool read_log(PartitionLog& log, Loaded& into) const;
  void apply_batch(const Slice& batch, Loaded& into) const;
  void unload(int32_t partition);
  // Tombstones for the offsets and, if nothing is left, for the group.
  void tombstones(const SlotPtr& slot, const std::vector<TopicPartition>& removed, Caller from);
  void schedule_expiry();

  const CoordinatorConfig config_;
  ReplicaManager& replicas_;
  Executor& executor_;
  Guarded<Rng> rng_;
  log::Logger log_;
  std::atomic<bool> active_{false};
  using Groups = std::unordered_map<std::string, SlotPtr>;
  static constexpr size_t kShards = 16;
  std::array<Guarded<Groups>, kShards> groups_;
  struct OwnedPartition {
    Ownership ownership = Ownership::kNone;
    LeaderEpoch epoch = -1;
  };
  Guarded<std::map<int32_t, OwnedPartition>> partitions_;
  TimerId expiry_timer_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace kz::broker
