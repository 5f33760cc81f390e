// QuorumPacket: the unit of the learner protocol (quorum port). A plain jute stream without a length prefix.
//   packet := int type, long zxid, buffer data, vector<Id> authinfo (-1 = null)
// After SNAP the raw snapshot follows (core/zk/snapshot_codec.h, learner form), then ustring "BenWasHere".
// Source: zookeeper.jute (QuorumPacket, LearnerInfo), Leader's constants @ 3.8.0.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/bytes/writer.h"
#include "core/zk/proto.h"

namespace kz::zab {

enum class PacketType : int32_t {
  kRequest = 1,
  kProposal = 2,
  kAck = 3,
  kCommit = 4,
  kPing = 5,
  kRevalidate = 6,
  kSync = 7,
  kInform = 8,
  kCommitAndActivate = 9,
  kNewLeader = 10,
  kFollowerInfo = 11,
  kUpToDate = 12,
  kDiff = 13,
  kTrunc = 14,
  kSnap = 15,
  kObserverInfo = 16,
  kLeaderInfo = 17,
  kAckEpoch = 18,
  kInformAndActivate = 19,
};
const char* packet_name(PacketType type);

inline constexpr int32_t kProtocolVersion = 0x10000;
inline constexpr const char* kSnapshotSignature = "BenWasHere";

struct QuorumPacket {
  PacketType type = PacketType::kPing;
  Zxid zxid = 0;
  zk::NullableBytes data;
  std::optional<std::vector<zk::Id>> auth;
};

Slice encode(const QuorumPacket& packet);
void encode_to(Buffer& out, const QuorumPacket& packet);
std::string print(const QuorumPacket& packet);

// Takes the first whole packet off `head`. Empty: more bytes are needed. kMalformed: unknown type or absurd length.
// limit: bytes of data allowed.
struct ParsedPacket {
  std::optional<QuorumPacket> packet;
  size_t consumed = 0;
};
Result<ParsedPacket> parse_packet(const Slice& head, size_t limit);

// FOLLOWERINFO and OBSERVERINFO data: long sid, int protocol version, long config version. Older learners omit the
// tail.
struct LearnerInfo {
  ServerId sid = -1;
  int32_t protocol_version = 0x1;
  int64_t config_version = 0;
};
Slice encode(const LearnerInfo& info);
LearnerInfo decode_learner_info(const zk::NullableBytes& data);

Slice encode_i32(int32_t value);
Slice encode_i64(int64_t value);

constexpr int64_t epoch_of(Zxid zxid) { return zxid >> 32; }
constexpr int64_t counter_of(Zxid zxid) { return zxid & 0xffffffff; }
inline constexpr int64_t kCounterMax = 0xffffffff;
constexpr Zxid make_zxid(int64_t epoch, int64_t counter) { return epoch << 32 | counter; }

}  // namespace kz::zab
