// Consumer: assignment by hand or by a group, positions, the fetch loop, commits. Follows KafkaConsumer.java,
// ConsumerCoordinator.java, AbstractCoordinator.java, Fetcher.java, OffsetFetcher.java @ 3.4.0; KIP-394 (member id
// required), KIP-429 (cooperative), KIP-345 (static members), KIP-392 (rack).
// Fetched bytes are handed out undecoded (RecordReader): the tool decodes on a thread of its own.
// Owner: one executor; callbacks on its thread. Not thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/client/assignor/assignor.h"
#include "core/client/group_member.h"
#include "core/client/kafka_client.h"
#include "core/client/record_reader.h"
#include "core/kafka/message/fetch.h"

namespace kz::client {

enum class OffsetReset : uint8_t { kEarliest, kLatest, kNone };

struct ConsumerConfig {
  GroupConfig group{};  // group_id empty: no group, no commits
  OffsetReset reset = OffsetReset::kLatest;
  bool auto_commit = true;
  int32_t auto_commit_interval_ms = 5000;
  bool read_committed = false;
  int32_t max_partition_fetch_bytes = 1048576;
  int32_t fetch_min_bytes = 1;
  int32_t fetch_max_bytes = 52428800;
  int32_t fetch_max_wait_ms = 500;
  int32_t retry_backoff_ms = 100;
  size_t buffer_bytes_max = size_t{64} * 1024 * 1024;  // fetched and not yet released; above it no more is asked for
  std::string rack{};
};

// Why a consumer cannot go on: Java's exception class and message.
struct ConsumerFailure {
  std::string exception;
  std::string message;
};

class Consumer {
 public:
  using ChunkListener = std::function<void(FetchedChunk)>;
  using FailureListener = std::function<void(const ConsumerFailure&)>;
  Consumer(KafkaClient& client, ConsumerConfig config);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  void set_chunk_listener(ChunkListener listener) { on_chunk_ = std::move(listener); }
  void set_failure_listener(FailureListener listener) { on_failure_ = std::move(listener); }
  using AssignmentListener = std::function<void(const std::vector<TopicPartition>&)>;
  void set_assignment_listener(AssignmentListener listener) { on_assignment_ = std::move(listener); }

  // As a member of the group.
  void subscribe(std::set<std::string> topics);
  void subscribe_matching(std::function<bool(const std::string&)> matches);
  // By hand, without membership. Starts at the offset; -2 = the log's beginning, -1 = its end; nullopt = where the
  // group has committed, else by the reset policy.
  void assign(std::map<TopicPartition, std::optional<Offset>> partitions);

  // The chunk's bytes are read and its records up to `next` are the application's: they may be committed.
  void release(const TopicPartition& tp, size_t bytes, Offset next);
  // Commits what was released, leaves the group, then done.
  void close(std::function<void()> done);

  std::vector<TopicPartition> assignment() const;
  std::optional<Offset> position(const TopicPartition& tp) const;

 private:
  enum class Stage : uint8_t { kNeedCommitted, kNeedReset, kFetching };
  struct Partition {
    Stage stage = Stage::kNeedCommitted;
    bool asking = false;   // a request about its position is under way
    int64_t reset_to = 0;  // timestamp of ListOffsets
    Offset position = 0;
    Offset consumed = -1;  // what may be committed; -1 = nothing new
    Offset committed = -1;
    TimePoint not_before;
    BrokerId preferred = -1;
    TimePoint preferred_until;
    uint64_t generation = 0;  // of this entry: answers about an earlier life of the partition are dropped
  };

  void take_assignment(const std::vector<TopicPartition>& partitions);
  void pump();
  void schedule_pump(TimePoint when);
  void ask_committed();
  void ask_resets();
  void fetch(BrokerId node, const std::vector<TopicPartition>& partitions);
  void on_fetch(std::map<TopicPartition, std::pair<uint64_t, Offset>> asked, BrokerId node,
                Result<kafka::FetchResponse> response);
  void on_fetched(const TopicPartition& tp, Partition& p, BrokerId node, kafka::FetchResponse::PartitionData& data);
  void reset(const TopicPartition& tp, Partition& p);
  void commit(std::function<void()> then);
  void arm_auto_commit();
  void fail(std::string exception, std::string message);
  void update_topics();
  TimePoint now() const { return client_.executor().now().mono; }

  KafkaClient& client_;
  ConsumerConfig config_;
  log::Logger log_;
  std::unique_ptr<GroupMember> group_;
  ChunkListener on_chunk_;
  FailureListener on_failure_;
  AssignmentListener on_assignment_;
  std::function<bool(const std::string&)> matches_;
  std::map<TopicPartition, Partition> partitions_;
  std::map<BrokerId, bool> fetching_;
  size_t buffered_ = 0;
  bool closing_ = false;
  bool failed_ = false;
  bool subscribed_ = false;
  uint64_t next_generation_ = 1;
  TimerId timer_ = 0;
  TimePoint timer_at_;
  TimerId commit_timer_ = 0;
  size_t rotate_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kz::client
