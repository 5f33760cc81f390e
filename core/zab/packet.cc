#include "core/zab/packet.h"

#include <fmt/format.h>

#include "core/bytes/reader.h"

namespace kz::zab {
namespace {

constexpr size_t kAuthIdsMax = 1024;
constexpr size_t kAuthTextBytesMax = 64 * 1024;
constexpr size_t kAuthBytesMax =
    256 * 1024;  // of all ids of a packet; core/zk/pipeline_auth.cc keeps a client below it

// An int32 length at `at`, or nullopt when the bytes are not there yet.
std::optional<int32_t> length_at(Bytes head, size_t at) {
  if (head.size() < at + 4) return std::nullopt;
  return Reader(head.subspan(at)).i32();
}

}  // namespace

const char* packet_name(PacketType type) {
  switch (type) {
    case PacketType::kRequest:
      return "REQUEST";
    case PacketType::kProposal:
      return "PROPOSAL";
    case PacketType::kAck:
      return "ACK";
    case PacketType::kCommit:
      return "COMMIT";
    case PacketType::kPing:
      return "PING";
    case PacketType::kRevalidate:
      return "REVALIDATE";
    case PacketType::kSync:
      return "SYNC";
    case PacketType::kInform:
      return "INFORM";
    case PacketType::kCommitAndActivate:
      return "COMMITANDACTIVATE";
    case PacketType::kNewLeader:
      return "NEWLEADER";
    case PacketType::kFollowerInfo:
      return "FOLLOWERINFO";
    case PacketType::kUpToDate:
      return "UPTODATE";
    case PacketType::kDiff:
      return "DIFF";
    case PacketType::kTrunc:
      return "TRUNC";
    case PacketType::kSnap:
      return "SNAP";
    case PacketType::kObserverInfo:
      return "OBSERVERINFO";
    case PacketType::kLeaderInfo:
      return "LEADERINFO";
    case PacketType::kAckEpoch:
      return "ACKEPOCH";
    case PacketType::kInformAndActivate:
      return "INFORMANDACTIVATE";
  }
  return "?";
}

namespace {

size_t encoded_size(const QuorumPacket& p) {
  size_t size = 4 + 8 + 4 + (p.data ? p.data->size() : 0) + 4;
  if (p.auth) {
    for (const zk::Id& id : *p.auth) size += 8 + id.scheme.size() + id.id.size();
  }
  return size;
}

void write(MutableBytes block, const QuorumPacket& p) {
  Writer w(block);
  w.i32(static_cast<int32_t>(p.type));
  w.i64(p.zxid);
  w.i32(p.data ? static_cast<int32_t>(p.data->size()) : -1);
  if (p.data) w.raw(p.data->bytes());
  w.i32(p.auth ? static_cast<int32_t>(p.auth->size()) : -1);
  if (p.auth) {
    for (const zk::Id& id : *p.auth) {
      w.i32(static_cast<int32_t>(id.scheme.size()));
      w.raw(id.scheme);
      w.i32(static_cast<int32_t>(id.id.size()));
      w.raw(id.id);
    }
  }
}

}  // namespace

Slice encode(const QuorumPacket& p) {
  Slice out = Slice::allocate(encoded_size(p));
  write(out.mutable_bytes(), p);
  return out;
}

void encode_to(Buffer& out, const QuorumPacket& p) {
  const size_t size = encoded_size(p);
  write({out.claim(size), size}, p);
}

std::string print(const QuorumPacket& p) {
  return fmt::format("{} zxid=0x{:x} data={}", packet_name(p.type), static_cast<uint64_t>(p.zxid),
                     p.data ? std::to_string(p.data->size()) : "null");
}

Result<ParsedPacket> parse_packet(const Slice& head, size_t limit) {
  ParsedPacket out;
  const Bytes bytes = head.bytes();
  if (bytes.size() < 4) return out;
  const int32_t type = Reader(bytes).i32();
  if (type < 1 || type > 19) return fail(Errc::kMalformed, "quorum packet: type", type);
  const auto data_length = length_at(bytes, 12);
  if (!data_length) return out;
  if (*data_length < -1 || (*data_length > 0 && static_cast<size_t>(*data_length) > limit)) {
    return fail(Errc::kTooLarge, "quorum packet: data length", *data_length);
  }
  size_t at = 16 + (*data_length > 0 ? static_cast<size_t>(*data_length) : 0);
  const auto ids = length_at(bytes, at);
  if (!ids) return out;
  if (*ids < -1 || *ids > static_cast<int32_t>(kAuthIdsMax)) return fail(Errc::kMalformed, "quorum packet: ids", *ids);
  at += 4;
  std::optional<std::vector<zk::Id>> auth;
  if (*ids >= 0) {
    auth.emplace();
    const size_t auth_at = at;
    for (int32_t i = 0; i < *ids; ++i) {
      std::string text[2];
      for (std::string& t : text) {
        const auto n = length_at(bytes, at);
        if (!n) return out;
        if (*n < -1 || *n > static_cast<int32_t>(kAuthTextBytesMax))
          return fail(Errc::kMalformed, "quorum packet: id", *n);
        const size_t size = *n > 0 ? static_cast<size_t>(*n) : 0;
        if (at + 4 + size - auth_at > kAuthBytesMax) return fail(Errc::kTooLarge, "quorum packet: ids", *ids);
        if (bytes.size() < at + 4 + size) return out;
        t = std::string(as_text(bytes.subspan(at + 4, size)));
        at += 4 + size;
      }
      auth->push_back({std::move(text[0]), std::move(text[1])});
    }
  }
  QuorumPacket p;
  p.type = static_cast<PacketType>(type);
  p.zxid = Reader(bytes.subspan(4)).i64();
  if (*data_length >= 0) p.data = head.sub(16, static_cast<size_t>(*data_length));
  p.auth = std::move(auth);
  out.packet = std::move(p);
  out.consumed = at;
  return out;
}

Slice encode(const LearnerInfo& info) {
  Buffer b;
  b.i64(info.sid);
  b.i32(info.protocol_version);
  b.i64(info.config_version);
  return b.to_slice();
}

LearnerInfo decode_learner_info(const zk::NullableBytes& data) {
  LearnerInfo info;
  if (!data) return info;
  Reader r(data->bytes());
  if (data->size() >= 8) info.sid = r.i64();
  if (data->size() >= 12) info.protocol_version = r.i32();
  if (data->size() >= 20) info.config_version = r.i64();
  return info;
}

Slice encode_i32(int32_t value) {
  Buffer b;
  b.i32(value);
  return b.to_slice();
}

Slice encode_i64(int64_t value) {
  Buffer b;
  b.i64(value);
  return b.to_slice();
}

}  // namespace kz::zab
