// Learner and leader stepped by hand: the rules that random schedules seldom reach.
#include "core/zab/learner.h"

#include <doctest/doctest.h>

#include "core/bytes/reader.h"
#include "core/zab/leader.h"
#include "core/zab/quorum_peer.h"

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

namespace {

// A leader of epoch 5 with learner 1 behind it: what it was sent when it came with `last`.
struct Leading {
  explicit Leading(size_t in_memory) : committed(in_memory) {
    for (Zxid z = 0x400000001; z <= 0x400000064; ++z) committed.add(z, Slice::copy_of("txn"));
    LeaderOptions o;
    o.self = 3;
    leader.emplace(o, three(), 4, 4, 0x400000064, committed);
    Effects out;
    leader->start(kNow, out);
    meet(2, 0x400000064, out);
    leader->on_epoch_written(5, -1, kNow, out);
    leader->on_packet(2, packet(PacketType::kAckEpoch, 0x400000064, encode_i32(4)), kNow, out);
    leader->on_epoch_written(-1, 5, kNow, out);
    leader->on_packet(2, packet(PacketType::kAck, make_zxid(5, 0)), kNow, out);
    REQUIRE(leader->serving());
  }
  void meet(ServerId sid, Zxid, Effects& out) {
    leader->on_link_open(static_cast<LinkId>(sid), kNow);
    leader->on_packet(static_cast<LinkId>(sid),
                      packet(PacketType::kFollowerInfo, make_zxid(4, 0), encode(LearnerInfo{sid, kProtocolVersion, 0})),
                      kNow, out);
  }
  Effects come(Zxid last) {
    Effects out;
    meet(1, last, out);
    out.clear();
    leader->on_packet(1, packet(PacketType::kAckEpoch, last, encode_i32(4)), kNow, out);
    return out;
  }
  CommittedLog committed;
  std::optional<Leader> leader;
};

}  // namespace

TEST_CASE("further back than memory: the log on disk is asked, and sent where it has the learner's transaction") {
  Leading l(10);
  Effects out = l.come(0x400000020);
  const FindInLog* find_in_log = find<FindInLog>(out);
  REQUIRE(find_in_log != nullptr);
  CHECK(find_in_log->peer_last == 0x400000020);
  CHECK(find_in_log->until == 0x40000005b);
  CHECK(sent(out, PacketType::kNewLeader, 1) == nullptr);

  SUBCASE("found: DIFF, the log, then what memory has") {
    out.clear();
    l.leader->on_log_found(1, 0x400000020, kNow, out);
    REQUIRE(sent(out, PacketType::kDiff, 1) != nullptr);
    CHECK(sent(out, PacketType::kDiff, 1)->zxid == 0x400000064);
    REQUIRE(find<SendLog>(out) != nullptr);
    CHECK(find<SendLog>(out)->after == 0x400000020);
    CHECK(find<SendLog>(out)->before == 0x40000005b);
    REQUIRE(sent(out, PacketType::kProposal, 1) != nullptr);
    CHECK(sent(out, PacketType::kProposal, 1)->zxid == 0x40000005b);
    CHECK(sent(out, PacketType::kNewLeader, 1) != nullptr);
  }
  SUBCASE("the learner has what nobody committed: it is cut first") {
    out.clear();
    l.leader->on_log_found(1, 0x40000001f, kNow, out);
    REQUIRE(sent(out, PacketType::kTrunc, 1) != nullptr);
    CHECK(sent(out, PacketType::kTrunc, 1)->zxid == 0x40000001f);
    CHECK(find<SendLog>(out)->after == 0x40000001f);
  }
  SUBCASE("not found, or not across an epoch: a snapshot") {
    for (const std::optional<Zxid> common : {std::optional<Zxid>(), std::optional<Zxid>(0x300000020)}) {
      Leading again(10);
      again.come(0x400000020);
      out.clear();
      again.leader->on_log_found(1, common, kNow, out);
      CHECK(find<SendSnapshot>(out) != nullptr);
      CHECK(find<SendLog>(out) == nullptr);
    }
  }
  SUBCASE("gone meanwhile: nothing") {
    l.leader->on_link_closed(1, kNow, out);
    out.clear();
    l.leader->on_log_found(1, 0x400000020, kNow, out);
    CHECK(out.empty());
  }
  SUBCASE("unreadable after all: the link is dropped, and whoever comes next gets a snapshot") {
    l.leader->on_log_found(1, 0x400000020, kNow, out);
    out.clear();
    l.leader->on_log_unreadable(1, out);
    CHECK(find<CloseLink>(out) != nullptr);
    CHECK(find<SendSnapshot>(l.come(0x400000020)) != nullptr);
  }
}

TEST_CASE("a learner that takes bytes of its snapshot is not late; one that has stopped is, after initLimit") {
  Leading l(10);
  REQUIRE(find<SendSnapshot>(l.come(0)) != nullptr);
  const auto dropped = [&](Duration later) {
    Effects out;
    // The other follower is well.
    l.leader->on_packet(2, packet(PacketType::kPing, 0), kNow + later, out);
    l.leader->on_tick(kNow + later, out);
    return find<CloseLink>(out) != nullptr;
  };
  for (int n = 1; n <= 10; ++n) {
    l.leader->on_progress(1, kNow + ms(15000) * n);
    CHECK_FALSE(dropped(ms(15000) * n + ms(1000)));
  }
  CHECK_FALSE(dropped(ms(150000) + ms(19900)));
  CHECK(dropped(ms(150000) + ms(21500)));
}

TEST_CASE("a learner whose snapshot comes waits as long as bytes come, and answers no PING before it acknowledged") {
  Learner l = learner(4, 4, 0x400000001);
  Effects out;
  l.start(kNow, out);
  l.on_packet(packet(PacketType::kLeaderInfo, make_zxid(5, 0), encode_i32(kProtocolVersion)), kNow, out);
  l.on_epoch_written(5, -1, kNow, out);
  l.on_packet(packet(PacketType::kSnap, 0x500000009), kNow, out);
  out.clear();
  for (int n = 1; n <= 10; ++n) {
    l.on_progress(kNow + ms(15000) * n);
    l.on_tick(kNow + ms(15000) * n + ms(1000), out);
  }
  CHECK(out.empty());
  l.on_snapshot_loaded(true, kNow + ms(160000), out);
  l.on_packet(packet(PacketType::kNewLeader, make_zxid(5, 0)), kNow + ms(160000), out);
  CHECK(find<SaveSnapshot>(out) != nullptr);
  out.clear();
  l.on_packet(packet(PacketType::kPing, 0), kNow + ms(161000), out);
  CHECK(out.empty());
  l.on_snapshot_saved(kNow + ms(162000), out);
  l.on_epoch_written(-1, 5, kNow + ms(162000), out);
  CHECK(sent(out, PacketType::kAck) != nullptr);
  l.on_packet(packet(PacketType::kPing, 0), kNow + ms(162000), out);
  CHECK(find<CollectTouches>(out) != nullptr);
}

TEST_CASE("a TRUNC that cannot be made: the next leader is told of an empty log, the own vote stays what it was") {
  CommittedLog committed;
  committed.add(0x400000001, Slice::copy_of("txn"));
  PeerOptions o;
  o.self = 1;
  QuorumPeer peer(o, three(), {5, 4, 0x400000005}, committed);
  Effects out;
  peer.start(kNow, out);
  const auto follow = [&] {
    out.clear();
    for (const ServerId from : {ServerId{2}, ServerId{3}}) {
      election::Notification n;
      n.vote = {3, 0x400000001, 9, 5};
      n.state = from == 3 ? election::ServerState::kLeading : election::ServerState::kFollowing;
      peer.on_notification(from, n, kNow, out);
    }
    REQUIRE(peer.state() == election::ServerState::kFollowing);
    out.clear();
    peer.on_link_open(kLink, kNow, out);
    peer.on_packet(kLink, packet(PacketType::kLeaderInfo, make_zxid(5, 0), encode_i32(kProtocolVersion)), kNow, out);
    const QuorumPacket* ack = sent(out, PacketType::kAckEpoch);
    REQUIRE(ack != nullptr);
    return ack->zxid;
  };
  CHECK(follow() == 0x400000005);
  peer.on_packet(kLink, packet(PacketType::kTrunc, 0x400000001), kNow, out);
  REQUIRE(find<TruncateLog>(out) != nullptr);
  out.clear();
  peer.on_truncated(false, 0x400000005, kNow, out);
  CHECK(find<LeaveRole>(out) != nullptr);
  peer.on_role_left(kNow, out);
  CHECK(peer.durable().last_zxid == 0x400000005);
  CHECK_FALSE(committed.empty());
  CHECK(follow() == 0);
  peer.on_packet(kLink, packet(PacketType::kSnap, 0x400000001), kNow, out);
  peer.on_snapshot_loaded(0x400000001, kNow, out);
  out.clear();
  peer.on_link_closed(kLink, kNow, out);
  peer.on_role_left(kNow, out);
  CHECK(follow() == 0x400000001);
}

TEST_CASE("what the leader sends behind its TRUNC waits for the cut") {
  Learner l = learner(5, 4, 0x400000005);
  Effects out;
  l.start(kNow, out);
  l.on_packet(packet(PacketType::kLeaderInfo, make_zxid(5, 0), encode_i32(kProtocolVersion)), kNow, out);
  l.on_packet(packet(PacketType::kTrunc, 0x400000001), kNow, out);
  out.clear();
  l.on_packet(packet(PacketType::kProposal, 0x400000002, Slice::copy_of("txn")), kNow, out);
  l.on_packet(packet(PacketType::kCommit, 0x400000002), kNow, out);
  l.on_packet(packet(PacketType::kNewLeader, make_zxid(5, 0)), kNow, out);
  CHECK(out.empty());
  l.on_truncated(true, kNow, out);
  const ApplyTxn* applied = find<ApplyTxn>(out);
  REQUIRE(applied != nullptr);
  CHECK(applied->txn.zxid == 0x400000002);
  CHECK(find<SaveSnapshot>(out) != nullptr);
  CHECK(find<BecomeLooking>(out) == nullptr);
}

TEST_CASE("the ids of a packet are limited in all") {
  QuorumPacket p = packet(PacketType::kRequest, -1, Slice::copy_of("r"));
  p.auth.emplace();
  for (int i = 0; i < 4; ++i) p.auth->push_back({"digest", std::string(60 * 1024, 'x')});
  CHECK(parse_packet(encode(p), 1 << 20)->packet.has_value());
  p.auth->push_back({"digest", std::string(60 * 1024, 'x')});
  CHECK(parse_packet(encode(p), 1 << 20).error().code == Errc::kTooLarge);
}
