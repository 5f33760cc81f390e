// The leader stepped by hand where links come and go in the middle of a proposal.
#include "core/zab/leader.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/zab/quorum_peer.h"

using namespace kz;
using namespace kz::zab;

namespace {

const TimePoint kNow{1'000'000'000};

zk::QuorumConfig voters(ServerId n) {
  zk::QuorumConfig config;
  for (ServerId id = 1; id <= n; ++id) config.servers[id].id = id;
  return config;
}

size_t committed(const Effects& effects, Zxid zxid) {
  return static_cast<size_t>(std::ranges::count_if(effects, [&](const Effect& e) {
    const auto* c = std::get_if<Committed>(&e);
    return c && c->zxid == zxid;
  }));
}

bool sent(const Effects& effects, LinkId link, PacketType type, Zxid zxid) {
  return std::ranges::any_of(effects, [&](const Effect& e) {
    const auto* s = std::get_if<SendPacket>(&e);
    return s && s->link == link && s->packet.type == type && s->packet.zxid == zxid;
  });
}

// Server 1 of five leads epoch 1; every server starts empty.
struct Five {
  Five() : leader({.self = 1}, voters(5), 0, 0, 0, history) {
    leader.start(kNow, out);
    join(2, 2, 0);
    join(3, 3, 0);
    leader.on_epoch_written(1, -1, kNow, out);
    ack_epoch(2, 0);
    ack_epoch(3, 0);
    leader.on_epoch_written(-1, 1, kNow, out);
    ack(2, make_zxid(1, 0));
    ack(3, make_zxid(1, 0));
    REQUIRE(leader.serving());
  }
  void packet(LinkId link, PacketType type, Zxid zxid, zk::NullableBytes data = std::nullopt) {
    leader.on_packet(link, {type, zxid, std::move(data), std::nullopt}, kNow, out);
  }
  void join(LinkId link, ServerId sid, int64_t accepted) {
    leader.on_link_open(link, kNow);
    packet(link, PacketType::kFollowerInfo, make_zxid(accepted, 0), encode(LearnerInfo{sid, kProtocolVersion, 0}));
  }
  void ack_epoch(LinkId link, Zxid last) { packet(link, PacketType::kAckEpoch, last, encode_i32(0)); }
  void ack(LinkId link, Zxid zxid) { packet(link, PacketType::kAck, zxid); }

  CommittedLog history{500};
  Leader leader;
  Effects out;
};

}  // namespace

TEST_CASE("what a learner acknowledged before it was told to cut does not count until it acknowledges it again") {
  Five f;
  const Zxid z = make_zxid(1, 1);
  f.leader.propose(z, Slice::copy_of("txn"), f.out);
  f.leader.on_durable(z, kNow, f.out);
  f.ack(2, z);
  REQUIRE(committed(f.out, z) == 0);  // two of five
  // Server 2 comes back over another link; its log has what is not committed, so it is cut first.
  f.leader.on_link_closed(2, kNow, f.out);
  f.join(12, 2, 1);
  f.out.clear();
  f.ack_epoch(12, z);
  REQUIRE(sent(f.out, 12, PacketType::kTrunc, make_zxid(1, 0)));
  REQUIRE(sent(f.out, 12, PacketType::kProposal, z));
  // At this moment the leader and server 3 have it, and server 2 may have cut it: no quorum.
  f.ack(3, z);
  CHECK(committed(f.out, z) == 0);
  f.ack(12, make_zxid(1, 0));
  CHECK(committed(f.out, z) == 0);
  f.ack(12, z);
  CHECK(committed(f.out, z) == 1);
}

TEST_CASE("a proposal's acknowledgement that overtakes NEWLEADER's counts together with it") {
  Five f;
  f.join(4, 4, 1);
  f.ack_epoch(4, 0);
  f.leader.propose(make_zxid(1, 1), Slice::copy_of("txn"), f.out);
  f.leader.on_durable(make_zxid(1, 1), kNow, f.out);
  f.ack(2, make_zxid(1, 1));
  // Its log overtakes its NEWLEADER acknowledgement: only that makes the third voice.
  f.ack(4, make_zxid(1, 1));
  REQUIRE(committed(f.out, make_zxid(1, 1)) == 0);
  f.out.clear();
  f.ack(4, make_zxid(1, 0));
  CHECK(committed(f.out, make_zxid(1, 1)) == 1);
  CHECK(sent(f.out, 4, PacketType::kUpToDate, -1));
}
