// Records of __consumer_offsets: an int16 version, then the body; the key's version tells what the record is (0 and 1:
// a committed offset, 2: a group). A null value is a tombstone. Java writes keys 1 and 2, offset values 3 and group
// values 3, or older ones while inter.broker.protocol.version is old.
// Source: OffsetCommit{Key,Value}.json, GroupMetadata{Key,Value}.json, GroupMetadataManager.scala @ 3.4.0.
//   offset value v1: expire timestamp, in v1 alone (explicit retention).  v2: none (KIP-211).  v3: epoch (KIP-320).
//   group value v1: rebalance timeout (KIP-62).  v2: time of the state (KIP-211).  v3: group instance id (KIP-345).
#pragma once
#include <variant>

#include "core/kafka/codec.h"

namespace kz::kafka {

struct OffsetCommitKey {
  static constexpr const char* kName = "OffsetCommitKey";
  static constexpr int16_t kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = kNeverFlexible;

  std::string group{};
  std::string topic{};
  int32_t partition = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.group, "group");
    visit(m.topic, "topic");
    visit(m.partition, "partition");
  }
};

struct OffsetCommitValue {
  static constexpr const char* kName = "OffsetCommitValue";
  static constexpr int16_t kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = kNeverFlexible;

  int64_t offset = 0;
  int32_t leader_epoch = -1;
  std::string metadata{};
  int64_t commit_timestamp = 0;
  int64_t expire_timestamp = -1;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.offset, "offset");
    visit(m.leader_epoch, "leaderEpoch", since(3).ignorable());
    visit(m.metadata, "metadata");
    visit(m.commit_timestamp, "commitTimestamp");
    visit(m.expire_timestamp, "expireTimestamp", range(1, 1).ignorable());
  }
};

struct GroupMetadataKey {
  static constexpr const char* kName = "GroupMetadataKey";
  static constexpr int16_t kMinVersion = 2, kMaxVersion = 2, kFlexibleSince = kNeverFlexible;

  std::string group{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.group, "group"); }
};

struct GroupMetadataValue {
  static constexpr const char* kName = "GroupMetadataValue";
  static constexpr int16_t kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = kNeverFlexible;

  struct MemberMetadata {
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    std::string client_id{};
    std::string client_host{};
    int32_t rebalance_timeout = 0;
    int32_t session_timeout = 0;
    Slice subscription{};
    Slice assignment{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.member_id, "memberId");
      visit(m.group_instance_id, "groupInstanceId", since(3).ignorable());
      visit(m.client_id, "clientId");
      visit(m.client_host, "clientHost");
      visit(m.rebalance_timeout, "rebalanceTimeout", since(1).ignorable());
      visit(m.session_timeout, "sessionTimeout");
      visit(m.subscription, "subscription");
      visit(m.assignment, "assignment");
    }
  };

  std::string protocol_type{};
  int32_t generation = 0;
  std::optional<std::string> protocol = "";
  std::optional<std::string> leader = "";
  int64_t current_state_timestamp = -1;
  std::vector<MemberMetadata> members{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.protocol_type, "protocolType");
    visit(m.generation, "generation");
    visit(m.protocol, "protocol");
    visit(m.leader, "leader");
    visit(m.current_state_timestamp, "currentStateTimestamp", since(2).ignorable());
    visit(m.members, "members");
  }
};

// What a key of __consumer_offsets names. kUnsupportedVersion for keys of versions to come (skip and log them).
using GroupRecordKey = std::variant<OffsetCommitKey, GroupMetadataKey>;
Result<GroupRecordKey> decode_group_key(const Slice& key);

}  // namespace kz::kafka
