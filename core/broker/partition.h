// One replica of a partition on this broker: leadership, ISR and high watermark over its log, and the operations that
// wait for it. Source: cluster/Partition.scala @ 3.4.0.
#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/guarded.h"
#include "core/base/ids.h"
#include "core/broker/delayed.h"
#include "core/broker/leadership.h"
#include "core/kafka/error.h"
#include "core/ports_log.h"

namespace kz::broker {

template <class T>
using KafkaResult = std::expected<T, kafka::ErrorCode>;

// How far a reader may see.
enum class FetchIsolation : uint8_t { kLogEnd, kHighWatermark, kCommitted };

struct PartitionRead {
  kafka::ErrorCode code = kafka::ErrorCode::kNone;
  Chain records;
  Offset high_watermark = -1;
  Offset last_stable_offset = -1;
  Offset log_start_offset = -1;
  std::vector<AbortedTxn> aborted;          // read_committed only
  std::optional<EpochEnd> diverging_epoch;  // KIP-595: the reader must truncate
};

struct PartitionReadRequest {
  Offset offset = 0;
  int64_t max_bytes = 0;
  LeaderEpoch current_leader_epoch = -1;
  LeaderEpoch last_fetched_epoch = -1;
  FetchIsolation isolation = FetchIsolation::kHighWatermark;
  bool at_least_one = false;
};

// What after_append found, for acks=all.
struct AppendProgress {
  Offset high_watermark = 0;
  kafka::ErrorCode code = kafka::ErrorCode::kNone;  // kNotEnoughReplicasAfterAppend
};

// Thread-safe. The high watermark is moved under the guard, so that it never goes back; no other call of the log is
// made there.
class Partition {
 public:
  struct State {
    bool is_leader = false;
    BrokerId leader = -1;
    LeaderEpoch leader_epoch = -1;
    Offset leader_epoch_start_offset = 0;
    int32_t partition_epoch = -1;
    std::vector<BrokerId> isr;
    std::vector<BrokerId> replicas;
  };

  Partition(BrokerId self, TopicPartition tp, std::shared_ptr<PartitionLog> log);

  const TopicPartition& topic_partition() const { return tp_; }
  kafka::Uuid topic_id() const { return log_->topic_id(); }
  PartitionLog& log() const { return *log_; }
  State state() const {
    return guarded_.with([](const Inner& s) -> State { return s; });
  }

  // Applies a newer leader epoch. kStaleControllerEpoch when not newer. True: leadership as such is new to us.
  KafkaResult<bool> make_leader(const LeaderAndIsrPartition& order);
  KafkaResult<bool> make_follower(const LeaderAndIsrPartition& order);
  // The replica is leaving this broker: readers and writers get kNotLeaderOrFollower from now on.
  void stop();

  // The leader epoch under which an append may start, or why not. acks: -1 asks for min.insync.replicas.
  KafkaResult<LeaderEpoch> check_append(int16_t acks) const;
  // After the log took an append that ends before `end_offset`: moves the high watermark, wakes the waiting unless
  // appended_bytes is 0 (a duplicate).
  AppendProgress after_append(Offset end_offset, int64_t appended_bytes);
  // For acks=all: true when end_offset is committed; an error ends the wait.
  KafkaResult<bool> committed(Offset end_offset) const;

  PartitionRead read(const PartitionReadRequest& request) const;
  // kFencedLeaderEpoch or kUnknownLeaderEpoch when a request's epoch (-1: none) is not ours; kNotLeaderOrFollower.
  kafka::ErrorCode check_leader(LeaderEpoch current_leader_epoch) const;
  // ListOffsets. isolation absent: the reader is a replica or a debugging consumer and sees all.
  KafkaResult<std::optional<TimestampOffset>> offset_for_timestamp(int64_t timestamp,
                                                                   std::optional<FetchIsolation> isolation,
                                                                   LeaderEpoch current_leader_epoch) const;
  KafkaResult<EpochEnd> end_offset_for_epoch(LeaderEpoch current_leader_epoch, LeaderEpoch epoch) const;
  // DeleteRecords: the new low watermark. offset -1: up to the high watermark.
  KafkaResult<Offset> delete_records_before(Offset offset);

  // One slot per key (a connection id, or an address for others): a second registration replaces the first.
  void add_waiter(uint64_t key, std::shared_ptr<DelayedOperation> waiter);
  void remove_waiter(uint64_t key, const DelayedOperation* waiter);
  void wake_all();
  // Lets go of all waiters without completing them: a waiter owns its partitions and they own it until it ends, which
  // those never do whose executor has stopped. For the end of the broker, when no executor runs any more.
  void release_waiters();

  // min.insync.replicas of the topic; follows its configuration.
  void set_min_insync_replicas(int32_t count);

 private:
  struct Inner : State {
    int32_t min_insync_replicas = 1;
    std::vector<std::pair<uint64_t, std::shared_ptr<DelayedOperation>>> waiters;
  };
  static bool sole_replica_in_sync(const Inner& s, BrokerId self);
  kafka::ErrorCode check_leader(const Inner& s, LeaderEpoch current_leader_epoch) const;

  const BrokerId self_;
  const TopicPartition tp_;
  const std::shared_ptr<PartitionLog> log_;
  Guarded<Inner> guarded_;
};

}  // namespace kz::broker
