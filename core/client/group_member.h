// GroupMember: the classic group protocol of a consumer: find the coordinator, join, sync, heartbeat, commit, leave.
// Follows AbstractCoordinator.java, ConsumerCoordinator.java @ 3.4.0; KIP-62, KIP-345, KIP-394, KIP-429.
// Owned by Consumer; same executor; not thread-safe.
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
#include "core/client/kafka_client.h"
#include "core/kafka/message/join_group.h"
#include "core/kafka/message/offset_commit.h"
#include "core/kafka/message/offset_fetch.h"
#include "core/kafka/message/sync_group.h"

namespace kz::client {

struct GroupConfig {
  std::string group_id;
  std::optional<std::string> instance_id;
  int32_t session_timeout_ms = 45000;
  int32_t heartbeat_interval_ms = 3000;
  int32_t rebalance_timeout_ms = 300000;  // max.poll.interval.ms
  int32_t retry_backoff_ms = 100;
  std::vector<Strategy> strategies = {Strategy::kRange, Strategy::kCooperativeSticky};
};

class GroupMember {
 public:
  struct Callbacks {
    // Commit what was read, then call back: before partitions are given up.
    std::function<void(std::function<void()>)> before_rebalance;
    std::function<void(const std::vector<TopicPartition>&)> assigned;  // the whole new assignment
    std::function<void(std::string exception, std::string message)> failed;
  };
  GroupMember(KafkaClient& client, GroupConfig config, Callbacks callbacks);
  ~GroupMember();

  // Joins, or joins again when the topics differ.
  void subscribe(std::set<std::string> topics);
  // The leader looks whether topics have grown.
  void on_metadata();
  using Offsets = std::map<TopicPartition, Offset>;
  // Committed offsets, -1 where there is none. nullopt: try again later.
  void fetch_committed(std::vector<TopicPartition> partitions, std::function<void(std::optional<Offsets>)> done);
  // False: not committed (a rebalance, a lost coordinator).
  void commit(Offsets offsets, std::function<void(bool)> done);
  void leave(std::function<void()> done);

  const std::vector<TopicPartition>& owned() const { return owned_; }
  bool stable() const { return state_ == State::kStable; }
  int32_t generation() const { return generation_; }
  const std::string& member_id() const { return member_id_; }

 private:
  enum class State : uint8_t { kIdle, kPreparing, kJoining, kSyncing, kStable, kLeaving };

  void with_coordinator(std::function<void(BrokerId)> fn);
  void find_coordinator();
  void lose_coordinator();
  void rejoin(const char* reason);
  void join();
  void on_join(Result<kafka::JoinGroupResponse> response);
  void sync(std::string protocol, std::vector<kafka::SyncGroupRequest::SyncGroupRequestAssignment> assignments);
  void lead(const kafka::JoinGroupResponse& response);
  void assign(const kafka::JoinGroupResponse& response, std::vector<GroupMemberInfo> members, Strategy strategy);
  void on_sync(Result<kafka::SyncGroupResponse> response);
  void heartbeat();
  void arm_heartbeat(int32_t delay_ms);
  bool on_group_error(kafka::ErrorCode code);  // true: handled, the caller is done
  void retry_join();
  void forget_member();
  bool cooperative() const;
  void fail(kafka::ErrorCode code);
  TimePoint now() const { return client_.executor().now().mono; }

  KafkaClient& client_;
  GroupConfig config_;
  Callbacks callbacks_;
  log::Logger log_;
  State state_ = State::kIdle;
  BrokerId coordinator_ = -1;
  bool finding_ = false;
  std::vector<std::function<void(BrokerId)>> waiting_;
  std::set<std::string> topics_;
  std::string member_id_;
  int32_t generation_ = -1;
  std::vector<TopicPartition> owned_;
  bool leader_ = false;
  bool rejoin_needed_ = false;
  std::map<std::string, int32_t> assigned_from_;  // leader: partition counts that the assignment was made of
  std::set<std::string> group_topics_;            // leader: all members' topics
  std::function<void()> on_known_;                // leader: waits for metadata of the others' topics
  TimerId heartbeat_timer_ = 0;
  TimerId retry_timer_ = 0;
  bool heartbeat_running_ = false;
  TimePoint last_heartbeat_;
  uint64_t epoch_ = 0;  // answers of an earlier round are dropped
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kz::client
