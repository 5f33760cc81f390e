// Learner and leader stepped by hand: the rules that random schedules seldom reach.
#include "core/zab/learner.h"

#include <doctest/doctest.h>

#include "core/bytes/reader.h"
#include "core/zab/leader.h"

using namespace kz;
using namespace kz::zab;

namespace {

constexpr LinkId kLink = 9;
const TimePoint kNow{1'000'000'000};

template <class T>
const T* find(const Effects& effects) {
  for (const Effect& e : effects) {
    if (const T* found = std::get_if<T>(&e)) return found;
  }
  return nullptr;
}

const QuorumPacket* sent(const Effects& effects, PacketType type, LinkId link = kLink) {
  for (const Effect& e : effects) {
    const auto* s = std::get_if<SendPacket>(&e);
    if (s && s->packet.type == type && s->link == link) return &s->packet;
  }
  return nullptr;
}

QuorumPacket packet(PacketType type, Zxid zxid, zk::NullableBytes data = std::nullopt) {
  return {type, zxid, std::move(data), std::nullopt};
}

Learner learner(int64_t accepted, int64_t current, Zxid last, bool accept_stale = false) {
  LearnerOptions o;
  o.self = 1;
  o.bug_accept_stale_epoch = accept_stale;
  return Learner(o, kLink, accepted, current, 0, last);
}

zk::QuorumConfig three() {
  zk::QuorumConfig config;
  for (ServerId id = 1; id <= 3; ++id) config.servers[id].id = id;
  return config;
}

}  // namespace

TEST_CASE("a learner never acknowledges an epoch below the one it accepted; the planted bug does") {
  for (const bool bug : {false, true}) {
    Learner l = learner(5, 4, 0x400000001, bug);
    Effects out;
    l.start(kNow, out);
    out.clear();
    l.on_packet(packet(PacketType::kLeaderInfo, make_zxid(4, 0), encode_i32(kProtocolVersion)), kNow, out);
    CHECK((sent(out, PacketType::kAckEpoch) != nullptr) == bug);
    CHECK((find<BecomeLooking>(out) != nullptr) == !bug);
  }
}

TEST_CASE("an epoch accepted before is acknowledged with -1: it is not counted twice") {
  Learner l = learner(5, 4, 0x400000001);
  Effects out;
  l.start(kNow, out);
  out.clear();
  l.on_packet(packet(PacketType::kLeaderInfo, make_zxid(5, 0), encode_i32(kProtocolVersion)), kNow, out);
  const QuorumPacket* ack = sent(out, PacketType::kAckEpoch);
  REQUIRE(ack != nullptr);
  CHECK(Reader(ack->data->bytes()).i32() == -1);
  CHECK(ack->zxid == 0x400000001);
}

TEST_CASE("NEWLEADER is acknowledged after the log and currentEpoch are durable, and before any proposal") {
  Learner l = learner(4, 4, 0x400000001);
  Effects out;
  l.start(kNow, out);
  l.on_packet(packet(PacketType::kLeaderInfo, make_zxid(5, 0), encode_i32(kProtocolVersion)), kNow, out);
  out.clear();
  l.on_epoch_written(5, -1, kNow, out);
  REQUIRE(sent(out, PacketType::kAckEpoch) != nullptr);
  out.clear();
  l.on_packet(packet(PacketType::kDiff, 0x400000002), kNow, out);
  l.on_packet(packet(PacketType::kProposal, 0x400000002, Slice::copy_of("txn")), kNow, out);
  l.on_packet(packet(PacketType::kCommit, 0x400000002), kNow, out);
  l.on_packet(packet(PacketType::kNewLeader, make_zxid(5, 0), Slice::copy_of("x")), kNow, out);
  CHECK(find<AppendTxn>(out) != nullptr);
  CHECK(find<WriteCurrentEpoch>(out) == nullptr);
  l.on_packet(packet(PacketType::kProposal, 0x500000001, Slice::copy_of("next")), kNow, out);
  out.clear();
  l.on_durable(0x500000001, kNow, out);
  CHECK(find<WriteCurrentEpoch>(out) != nullptr);
  CHECK(sent(out, PacketType::kAck) == nullptr);
  out.clear();
  l.on_epoch_written(-1, 5, kNow, out);
  REQUIRE(out.size() == 3);  // NEWLEADER, then the two proposals
  CHECK(std::get<SendPacket>(out[0]).packet.zxid == make_zxid(5, 0));
  CHECK(std::get<SendPacket>(out[2]).packet.zxid == 0x500000001);
  // What was committed before UPTODATE is applied once clients are served.
  out.clear();
  l.on_packet(packet(PacketType::kUpToDate, -1), kNow, out);
  CHECK(find<StartServing>(out) != nullptr);
  REQUIRE(find<DeliverTxn>(out) != nullptr);
  CHECK(find<DeliverTxn>(out)->txn.zxid == 0x400000002);
}

TEST_CASE("an acknowledgement that overtakes NEWLEADER's counts once that is here") {
  CommittedLog committed;
  LeaderOptions o;
  o.self = 3;
  Leader leader(o, three(), 4, 4, 0x400000001, committed);
  Effects out;
  leader.start(kNow, out);
  auto info = [&](LinkId link, ServerId sid) {
    leader.on_link_open(link, kNow);
    leader.on_packet(link,
                     packet(PacketType::kFollowerInfo, make_zxid(4, 0), encode(LearnerInfo{sid, kProtocolVersion, 0})),
                     kNow, out);
  };
  info(1, 1);
  leader.on_epoch_written(5, -1, kNow, out);
  leader.on_packet(1, packet(PacketType::kAckEpoch, 0x400000001, encode_i32(4)), kNow, out);
  leader.on_epoch_written(-1, 5, kNow, out);
  leader.on_packet(1, packet(PacketType::kAck, make_zxid(5, 0)), kNow, out);
  REQUIRE(leader.serving());
  // A second one joins while a transaction is on its way; the first one is silent from now on.
  info(2, 2);
  leader.on_packet(2, packet(PacketType::kAckEpoch, 0x400000001, encode_i32(4)), kNow, out);
  leader.propose(0x500000001, Slice::copy_of("txn"), out);
  leader.on_durable(0x500000001, kNow, out);
  out.clear();
  leader.on_packet(2, packet(PacketType::kAck, 0x500000001), kNow, out);
  CHECK(find<Committed>(out) == nullptr);
  leader.on_packet(2, packet(PacketType::kAck, make_zxid(5, 0)), kNow, out);
  REQUIRE(find<Committed>(out) != nullptr);
  CHECK(find<Committed>(out)->zxid == 0x500000001);
}
