// One consumer group as a machine: members, generations, the rebalance protocol, committed offsets.
// Source: GroupCoordinator.scala, GroupMetadata.scala, MemberMetadata.scala, DelayedJoin.scala @ 3.4.0; KIP-62, KIP-345
// (static members), KIP-394 (member id first), KIP-559, KIP-814 (skip assignment).
// Guarded by its owner, the GroupCoordinator; not thread-safe. Inputs are member functions with the time; what is to be
// done comes out in GroupEffects and in the outbox, and runs when the group is released.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/base/time.h"
#include "core/bytes/slab.h"
#include "core/kafka/error.h"
#include "core/kafka/storage_format/group_records.h"
#include "core/ports_log.h"

namespace kz::broker {

enum class GroupState : uint8_t { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable, kDead };
std::string_view group_state_name(GroupState state);  // "PreparingRebalance", as on the wire

struct GroupConfig {
  int32_t min_session_timeout_ms = 6000;
  int32_t max_session_timeout_ms = 1'800'000;
  int32_t max_size = INT32_MAX;
  int32_t initial_rebalance_delay_ms = 3000;
};

struct JoinInput {
  std::string member_id;
  std::optional<std::string> instance_id;
  bool require_known_member_id = false;  // v4 and later (KIP-394)
  bool supports_skipping = false;        // v9 and later (KIP-814)
  std::string client_id;
  std::string client_host;  // "/127.0.0.1"
  int32_t rebalance_timeout_ms = 0;
  int32_t session_timeout_ms = 0;
  std::string protocol_type;
  std::vector<std::pair<std::string, Slice>> protocols;  // in order of preference
};

struct JoinResult {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  int32_t generation = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string leader;
  std::string member_id;
  bool skip_assignment = false;
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    Slice metadata;
  };
  std::vector<Member> members;  // for the leader only
};
using JoinDone = std::move_only_function<void(JoinResult)>;

struct SyncInput {
  std::string member_id;
  std::optional<std::string> instance_id;
  int32_t generation = 0;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::map<std::string, Slice> assignment;  // from the leader, by member id
};
struct SyncResult {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  Slice assignment;
};
using SyncDone = std::move_only_function<void(SyncResult)>;

struct MemberIdentity {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::optional<std::string> reason;
};

struct CommittedOffset {
  Offset offset = -1;
  LeaderEpoch leader_epoch = -1;
  std::string metadata;
  int64_t commit_ms = 0;
  int64_t expire_ms = -1;  // -1: by the broker's retention
  Offset batch = -1;       // offset of its record batch in the log: newer records win
  bool same_value(const CommittedOffset& o) const {
    return offset == o.offset && leader_epoch == o.leader_epoch && metadata == o.metadata && commit_ms == o.commit_ms &&
           expire_ms == o.expire_ms;
  }
};
using OffsetMap = std::map<TopicPartition, CommittedOffset>;
using OffsetCodes = std::map<TopicPartition, kafka::ErrorCode>;

class Group;

struct GroupEffects {
  std::vector<std::move_only_function<void()>> calls;  // answers, in order
};

// A batch for the group's partition of __consumer_offsets; the group's batches are appended in the order of the outbox.
struct GroupAppend {
  std::optional<kafka::GroupMetadataValue> group;  // the group's own record
  OffsetMap offsets;
  // A pointer because the type is not complete here; never null. Under the group's guard, when the append is replicated
  // or has failed. base: of the batch.
  std::move_only_function<void(Group*, kafka::ErrorCode, Offset base, Now, GroupEffects&)> done;
};

class Group {
 public:
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    int32_t rebalance_timeout_ms = 0;
    int32_t session_timeout_ms = 0;
    std::vector<std::pair<std::string, Slice>> protocols;
    Slice assignment;
    JoinDone join;
    SyncDone sync;
    bool is_new = false;
    TimePoint expires = TimePoint::max();
    bool awaits_join() const { return static_cast<bool>(join); }
    bool awaits_sync() const { return static_cast<bool>(sync); }
    const Slice* metadata(const std::string& protocol) const;
  };

  Group(std::string id, const GroupConfig& config, Now now);
  // As stored in the log: Stable with members, else Empty.
  static Group from_record(std::string id, const GroupConfig& config, const kafka::GroupMetadataValue& value, Now now);

  // ---- protocol ----
  void join(JoinInput input, Now now, Rng& rng, JoinDone done, GroupEffects& out);
  void sync(SyncInput input, Now now, SyncDone done, GroupEffects& out);
  kafka::ErrorCode heartbeat(const std::string& member_id, const std::optional<std::string>& instance_id,
                             int32_t generation, Now now);
  // kCoordinatorNotAvailable for a dead group, else one code per member.
  kafka::ErrorCode leave(const std::vector<MemberIdentity>& members, Now now, std::vector<kafka::ErrorCode>& codes,
                         GroupEffects& out);
  // The broker no longer coordinates this group: whoever waits is told NOT_COORDINATOR.
  void unload(GroupEffects& out);
  // After from_record: sessions begin; a group above its limit is rebalanced.
  void loaded(Now now, GroupEffects& out);

  // When on_tick is due at the latest.
  TimePoint deadline() const;
  void on_tick(Now now, GroupEffects& out);

  // ---- offsets ----
  // kNone: the caller may append. member_id etc. as in the request; generation -1: not a member.
  kafka::ErrorCode check_commit(const std::string& member_id, const std::optional<std::string>& instance_id,
                                int32_t generation, Now now);
  using CommitDone = std::move_only_function<void(OffsetCodes)>;
  void commit(OffsetMap offsets, CommitDone done);
  const OffsetMap& offsets() const { return offsets_; }
  bool has_pending_offset(const TopicPartition& tp) const;
  bool has_offsets() const { return !offsets_.empty() || !pending_.empty() || !pending_txn_.empty(); }
  void initialize_offsets(OffsetMap offsets, std::map<int64_t, OffsetMap> pending_txn);
  std::vector<TopicPartition> remove_expired(int64_t now_ms, int64_t retention_ms);
  std::vector<TopicPartition> remove_offsets(const std::vector<TopicPartition>& partitions);
  std::vector<TopicPartition> remove_all_offsets();
  bool subscribed_to(const std::string& topic) const { return !subscribed_ || subscribed_->contains(topic); }

  // ---- outbox: what is to be appended, in order ----
  std::deque<GroupAppend>& outbox() { return outbox_; }

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  bool is(GroupState state) const { return state_ == state; }
  void die(Now now) { transition(GroupState::kDead, now); }
  int32_t generation() const { return generation_; }
  const std::string& protocol_type() const { return protocol_type_; }  // empty: none
  const std::optional<std::string>& protocol_name() const { return protocol_name_; }
  const std::map<std::string, Member>& members() const { return members_; }
  bool consumer_group() const { return protocol_type_ == "consumer"; }
  const std::optional<std::string>& leader() const { return leader_; }

 private:
  static constexpr int64_t kNewMemberJoinTimeoutMs = 5 * 60 * 1000;
  struct Rebalance {
    TimePoint deadline;
    bool initial = false;  // waits for the whole delay, whoever has joined
    int64_t delay_ms = 0;
    int64_t remaining_ms = 0;
  };

  // join.cc
  void join_new(JoinInput input, Now now, Rng& rng, JoinDone done, GroupEffects& out);
  void join_known(JoinInput input, Now now, JoinDone done, GroupEffects& out);
  bool accepts(const std::string& member_id) const;
  void add_member(JoinInput input, std::string member_id, Now now, JoinDone done, GroupEffects& out);
  void update_member(Member& member, JoinInput& input, JoinDone done);
  void replace_static(const std::string& old_id, std::string new_id, JoinInput input, Now now, JoinDone done,
                      GroupEffects& out);
  JoinResult current(const std::string& member_id, bool with_members) const;
  void prepare_rebalance(Now now, GroupEffects& out, const std::string& reason);
  void maybe_prepare_rebalance(Now now, GroupEffects& out, const std::string& reason);
  void maybe_complete_join(Now now, GroupEffects& out);
  void complete_join(Now now, GroupEffects& out);
  bool elect_joined_leader();
  void next_generation(Now now);
  void store_group(const std::map<std::string, Slice>& assignment,
                   std::move_only_function<void(Group*, kafka::ErrorCode, Offset, Now, GroupEffects&)> done);

  // group.cc
  kafka::ErrorCode check_member(const std::string& member_id, const std::optional<std::string>& instance_id) const;
  bool supports(const std::string& type, const std::vector<std::pair<std::string, Slice>>& protocols) const;
  std::string select_protocol() const;
  void count_protocols(const Member& member, int delta);
  void remove_member(const std::string& member_id);
  void remove_and_update(const std::string& member_id, Now now, GroupEffects& out, const std::string& reason);
  void remove_pending(const std::string& member_id, Now now, GroupEffects& out);
  void restart_session(Member& member, Now now) const;
  void answer_join(Member& member, JoinResult result, GroupEffects& out);
  bool answer_sync(Member& member, SyncResult result, GroupEffects& out);
  void propagate(kafka::ErrorCode error, Now now, GroupEffects& out);
  void transition(GroupState state, Now now);
  std::optional<std::set<std::string>> subscribed_topics() const;
  bool all_joined() const;
  int32_t max_rebalance_timeout_ms() const;

  std::string id_;
  GroupConfig config_;
  GroupState state_ = GroupState::kEmpty;
  int64_t state_since_ms_ = -1;
  std::string protocol_type_;
  std::optional<std::string> protocol_name_;
  std::optional<std::string> leader_;
  int32_t generation_ = 0;
  std::map<std::string, Member> members_;
  std::map<std::string, std::string> static_members_;  // instance id -> member id
  std::map<std::string, TimePoint> pending_members_;   // ids given, not yet joined
  std::set<std::string> pending_sync_;
  std::map<std::string, size_t> protocol_counts_;
  std::optional<Rebalance> rebalance_;
  TimePoint sync_deadline_ = TimePoint::max();
  bool new_member_added_ = false;
  std::optional<std::set<std::string>> subscribed_;
  OffsetMap offsets_;
  OffsetMap pending_;                         // appended, not yet known to be in the log
  std::map<int64_t, OffsetMap> pending_txn_;  // by producer id, until its marker
  std::deque<GroupAppend> outbox_;
  log::Logger log_;
};

}  // namespace kz::broker
