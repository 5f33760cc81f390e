// Reconfiguration in the broadcast machines: joint quorums, activation, the designated leader, roles without elections.
#include <doctest/doctest.h>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "core/zab/leader.h"
#include "core/zab/quorum_peer.h"
#include "core/zk/txn.h"

using namespace kz;
using namespace kz::zab;

namespace {

const TimePoint kNow{1'000'000'000};
constexpr Zxid kFirst = 0x500000001;

zk::QuorumConfig members(const std::vector<ServerId>& voters, const std::vector<ServerId>& observers = {},
                         int64_t version = 0) {
  zk::QuorumConfig config;
  config.version = version;
  const auto add = [&](ServerId id, bool observer) {
    zk::QuorumServer& s = config.servers[id];
    s.id = id;
    s.observer = observer;
    s.addresses.push_back({{"h", static_cast<uint16_t>(id)}, {"h", static_cast<uint16_t>(100 + id)}});
  };
  for (const ServerId id : voters) add(id, false);
  for (const ServerId id : observers) add(id, true);
  return config;
}

Slice change_to(const zk::QuorumConfig& config) {
  zk::Txn txn;
  txn.header = {1, 1, config.version, 0, static_cast<int32_t>(zk::OpCode::kReconfig)};
  txn.body = zk::SetDataTxn{"/zookeeper/config", zk::NullableBytes(Slice::copy_of(config.text())), -1};
  return encode_txn(txn);
}

QuorumPacket packet(PacketType type, Zxid zxid, zk::NullableBytes data = std::nullopt) {
  return {type, zxid, std::move(data), std::nullopt};
}

Slice designates(ServerId id, const Slice& behind = {}) {
  Buffer b;
  b.i64(id);
  b.raw(behind.bytes());
  return b.to_slice();
}

template <class T>
std::vector<T> all(const Effects& effects) {
  std::vector<T> out;
  for (const Effect& e : effects) {
    if (const T* found = std::get_if<T>(&e)) out.push_back(*found);
  }
  return out;
}

std::vector<QuorumPacket> sent(const Effects& effects, PacketType type, LinkId link) {
  std::vector<QuorumPacket> out;
  for (const SendPacket& s : all<SendPacket>(effects)) {
    if (s.packet.type == type && s.link == link) out.push_back(s.packet);
  }
  return out;
}

// Server 3 leads epoch 5 of {1, 2, 3}; links have the numbers of their servers.
struct Leading {
  Leading() {
    LeaderOptions o;
    o.self = 3;
    o.reconfig_enabled = true;
    leader = std::make_unique<Leader>(o, members({1, 2, 3}), 4, 4, 0x400000001, committed);
    leader->start(kNow, out);
    join(1);
    leader->on_epoch_written(5, -1, kNow, out);
    leader->on_packet(1, packet(PacketType::kAckEpoch, 0x400000001, encode_i32(4)), kNow, out);
    leader->on_epoch_written(-1, 5, kNow, out);
    leader->on_packet(1, packet(PacketType::kAck, make_zxid(5, 0)), kNow, out);
    REQUIRE(leader->serving());
  }
  void join(ServerId id, bool observer = false) {
    const auto link = static_cast<LinkId>(id);
    leader->on_link_open(link, kNow);
    leader->on_packet(link,
                      packet(observer ? PacketType::kObserverInfo : PacketType::kFollowerInfo, make_zxid(4, 0),
                             encode(LearnerInfo{id, kProtocolVersion, 0})),
                      kNow, out);
    if (!leader->serving()) return;
    leader->on_packet(link, packet(PacketType::kAckEpoch, 0x400000001, encode_i32(4)), kNow, out);
    leader->on_packet(link, packet(PacketType::kAck, make_zxid(5, 0)), kNow, out);
  }
  void propose(Zxid zxid, const Slice& payload) { leader->propose(zxid, payload, out); }
  void ack(ServerId id, Zxid zxid) {
    if (id == 3) return leader->on_durable(zxid, kNow, out);
    leader->on_packet(static_cast<LinkId>(id), packet(PacketType::kAck, zxid), kNow, out);
  }
  Zxid committed_to() const {
    const auto c = all<Committed>(out);
    return c.empty() ? 0 : c.back().zxid;
  }

  CommittedLog committed;
  std::unique_ptr<Leader> leader;
  Effects out;
};

}  // namespace

TEST_CASE("a configuration without a version gets the epoch's, by the acknowledgements of NEWLEADER") {
  Leading l;
  const auto seen = all<SeenConfig>(l.out);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].config.version == make_zxid(5, 0));
  const auto new_leader = sent(l.out, PacketType::kNewLeader, 1);
  REQUIRE(new_leader.size() == 1);
  CHECK(new_leader[0].data->text() == members({1, 2, 3}, {}, make_zxid(5, 0)).text());
  const auto in_force = all<CommitConfig>(l.out);
  REQUIRE(in_force.size() == 1);
  CHECK(in_force[0].config.version == make_zxid(5, 0));
  CHECK(in_force[0].designated == 3);
}

TEST_CASE("a reconfiguration and what is behind it need a quorum of the old and of the new members") {
  Leading l;
  for (const ServerId id : {2, 4, 5}) l.join(id);
  l.join(6, true);
  const auto next = members({3, 4, 5}, {6}, kFirst + 1);
  CHECK(l.leader->quorum_synced(next));
  CHECK_FALSE(l.leader->quorum_synced(members({7, 8, 3})));
  l.out.clear();
  l.propose(kFirst, Slice::copy_of("before"));
  l.propose(kFirst + 1, change_to(next));
  l.propose(kFirst + 2, Slice::copy_of("behind"));
  REQUIRE(all<SeenConfig>(l.out).size() == 1);
  l.ack(3, kFirst + 2);
  CHECK(l.committed_to() == 0);
  // 3 and 4 are a quorum of the new members alone.
  l.ack(4, kFirst + 2);
  CHECK(l.committed_to() == 0);
  l.ack(1, kFirst);
  CHECK(l.committed_to() == kFirst);
  l.ack(1, kFirst + 1);
  // In force: what is behind is committed by the new members.
  CHECK(l.committed_to() == kFirst + 2);
  const auto activate = sent(l.out, PacketType::kCommitAndActivate, 1);
  REQUIRE(activate.size() == 1);
  CHECK(activate[0].zxid == kFirst + 1);
  CHECK(Reader(activate[0].data->bytes()).i64() == 3);
  const auto inform = sent(l.out, PacketType::kInformAndActivate, 6);
  REQUIRE(inform.size() == 1);
  CHECK(inform[0].data->text() == designates(3, change_to(next)).text());
  CHECK(sent(l.out, PacketType::kCommit, 1).size() == 2);
  const auto in_force = all<CommitConfig>(l.out);
  REQUIRE(in_force.size() == 1);
  CHECK(in_force[0].config.text() == next.text());
  // From now on 1 and 2 do not count.
  l.propose(kFirst + 3, Slice::copy_of("after"));
  for (const ServerId id : {1, 2, 3}) l.ack(id, kFirst + 3);
  CHECK(l.committed_to() == kFirst + 2);
  l.ack(5, kFirst + 3);
  CHECK(l.committed_to() == kFirst + 3);
}

TEST_CASE("the old members alone do not commit a reconfiguration") {
  Leading l;
  for (const ServerId id : {2, 4, 5}) l.join(id);
  l.propose(kFirst, change_to(members({3, 4, 5}, {}, kFirst)));
  for (const ServerId id : {1, 2, 3}) l.ack(id, kFirst);
  CHECK(l.committed_to() == 0);
  l.ack(5, kFirst);
  CHECK(l.committed_to() == kFirst);
}

TEST_CASE(
    "a leader that goes designates who has acknowledged most, commits no more and steps down behind its followers") {
  Leading l;
  for (const ServerId id : {2, 4}) l.join(id);
  l.out.clear();
  l.propose(kFirst, change_to(members({1, 2, 4}, {}, kFirst)));
  l.propose(kFirst + 1, Slice::copy_of("behind"));
  l.ack(4, kFirst + 1);
  l.ack(1, kFirst);
  // Old: 1 and 3 of three. New: 1 and 4 of three.
  l.ack(3, kFirst);
  CHECK(l.committed_to() == kFirst);
  const auto in_force = all<CommitConfig>(l.out);
  REQUIRE(in_force.size() == 1);
  CHECK(in_force[0].designated == 4);
  CHECK(Reader(sent(l.out, PacketType::kCommitAndActivate, 2)[0].data->bytes()).i64() == 4);
  for (const ServerId id : {1, 2, 3}) l.ack(id, kFirst + 1);
  CHECK(l.committed_to() == kFirst);
  CHECK(all<BecomeLooking>(l.out).empty());
  l.leader->on_link_closed(4, kNow, l.out);
  CHECK(all<BecomeLooking>(l.out).empty());
  l.leader->on_link_closed(1, kNow, l.out);
  CHECK(all<BecomeLooking>(l.out).size() == 1);
}

TEST_CASE("a leader whose quorum address changes hands over, one whose client port changes does not") {
  for (const bool moves : {false, true}) {
    Leading l;
    auto next = members({1, 2, 3}, {}, kFirst);
    if (moves) next.servers[3].addresses[0].quorum.port = 77;
    next.servers[3].client = zk::HostPort{"h", 5};
    l.out.clear();
    l.propose(kFirst, change_to(next));
    l.ack(1, kFirst);
    l.ack(3, kFirst);
    REQUIRE(all<CommitConfig>(l.out).size() == 1);
    CHECK(all<CommitConfig>(l.out)[0].designated == (moves ? 1 : 3));
  }
}

namespace {

// A peer (server 1) that follows server 3.
struct Following {
  explicit Following(const zk::QuorumConfig& config, bool observer = false) {
    PeerOptions o;
    o.self = 1;
    o.observer = observer;
    o.reconfig_enabled = true;
    peer = std::make_unique<QuorumPeer>(o, config, QuorumPeer::Durable{4, 4, 0x400000001}, committed);
    peer->start(kNow, out);
    election::Notification n;
    n.vote = {3, 0x400000001, 1, 4};
    n.state = election::ServerState::kLeading;
    peer->on_notification(3, n, kNow, out);
    n.state = election::ServerState::kFollowing;
    peer->on_notification(2, n, kNow, out);
    peer->on_link_open(9, kNow, out);
    tell(packet(PacketType::kLeaderInfo, make_zxid(5, 0), encode_i32(kProtocolVersion)));
    peer->on_epoch_written(5, -1, kNow, out);
    tell(packet(PacketType::kDiff, 0x400000001));
    tell(packet(PacketType::kNewLeader, make_zxid(5, 0),
                Slice::copy_of(members({1, 2, 3}, {}, make_zxid(5, 0)).text())));
    peer->on_epoch_written(-1, 5, kNow, out);
    tell(packet(PacketType::kUpToDate, -1));
    REQUIRE(all<StartServing>(out).size() == 1);
  }
  void tell(const QuorumPacket& p) { peer->on_packet(9, p, kNow, out); }
  void change(const zk::QuorumConfig& next, ServerId designated) {
    tell(packet(PacketType::kProposal, next.version, change_to(next)));
    peer->on_durable(next.version, kNow, out);
    tell(packet(PacketType::kCommitAndActivate, next.version, designates(designated)));
  }

  CommittedLog committed;
  std::unique_ptr<QuorumPeer> peer;
  Effects out;
};

size_t place(const Effects& effects, auto predicate) {
  for (size_t i = 0; i < effects.size(); ++i) {
    if (predicate(effects[i])) return i;
  }
  return effects.size();
}

}  // namespace

TEST_CASE("NEWLEADER's configuration is remembered before the acknowledgement and in force with UPTODATE") {
  Following f(members({1, 2, 3}));
  const size_t seen = place(f.out, [](const Effect& e) { return std::holds_alternative<SeenConfig>(e); });
  const size_t acked = place(f.out, [](const Effect& e) {
    const auto* s = std::get_if<SendPacket>(&e);
    return s && s->packet.type == PacketType::kAck;
  });
  const size_t in_force = place(f.out, [](const Effect& e) { return std::holds_alternative<CommitConfig>(e); });
  const size_t serving = place(f.out, [](const Effect& e) { return std::holds_alternative<StartServing>(e); });
  CHECK(seen < acked);
  CHECK(acked < in_force);
  CHECK(in_force < serving);
  CHECK(f.peer->config().version == make_zxid(5, 0));
}

TEST_CASE("a follower remembers a proposed configuration before it logs it, and stays when nothing concerns it") {
  Following f(members({1, 2, 3}));
  f.out.clear();
  f.change(members({1, 2, 3, 4}, {}, kFirst), 3);
  CHECK(std::holds_alternative<SeenConfig>(f.out.at(0)));
  CHECK(std::holds_alternative<AppendTxn>(f.out.at(1)));
  CHECK(all<CommitConfig>(f.out).size() == 1);
  CHECK(all<DeliverTxn>(f.out).size() == 1);
  CHECK(all<LeaveRole>(f.out).empty());
  CHECK(f.peer->election().config().version == kFirst);
}

TEST_CASE("a follower goes to the designated leader without an election, or becomes it") {
  for (const ServerId designated : {2, 1}) {
    Following f(members({1, 2, 3}));
    f.out.clear();
    f.change(members({1, 2}, {3}, kFirst), designated);
    REQUIRE(all<DeliverTxn>(f.out).size() == 1);  // answered first
    REQUIRE(all<LeaveRole>(f.out).size() == 1);
    f.out.clear();
    f.peer->on_role_left(kNow, f.out);
    CHECK(all<SendVote>(f.out).empty());
    if (designated == 1) {
      CHECK(f.peer->state() == election::ServerState::kLeading);
      CHECK(all<OpenQuorumPort>(f.out).size() == 1);
    } else {
      CHECK(f.peer->state() == election::ServerState::kFollowing);
      REQUIRE(all<ConnectToLeader>(f.out).size() == 1);
      CHECK(all<ConnectToLeader>(f.out)[0].leader == 2);
    }
  }
}

TEST_CASE("a follower that is made an observer observes the same leader") {
  Following f(members({1, 2, 3}));
  f.out.clear();
  f.change(members({2, 3}, {1}, kFirst), 3);
  REQUIRE(all<LeaveRole>(f.out).size() == 1);
  f.out.clear();
  f.peer->on_role_left(kNow, f.out);
  CHECK(f.peer->state() == election::ServerState::kObserving);
  REQUIRE(all<ConnectToLeader>(f.out).size() == 1);
  f.out.clear();
  f.peer->on_link_open(10, kNow, f.out);
  CHECK(sent(f.out, PacketType::kObserverInfo, 10).size() == 1);
}

TEST_CASE("a looking server takes a newer configuration from a notification and looks again") {
  CommittedLog committed;
  PeerOptions o;
  o.self = 4;
  o.reconfig_enabled = true;
  QuorumPeer peer(o, members({3, 4}), QuorumPeer::Durable{0, 0, 0}, committed);
  Effects out;
  peer.start(kNow, out);
  out.clear();
  election::Notification n;
  n.vote = {3, 0x500000001, 1, 5};
  n.state = election::ServerState::kLeading;
  n.config = members({1, 2, 3}, {}, make_zxid(5, 0)).text();
  peer.on_notification(3, n, kNow, out);
  REQUIRE(all<CommitConfig>(out).size() == 1);
  CHECK(all<CommitConfig>(out)[0].config.text() == n.config);
  std::set<ServerId> asked;
  for (const SendVote& v : all<SendVote>(out)) asked.insert(v.to);
  CHECK(asked == std::set<ServerId>{1, 2, 3});
  // The same again changes nothing.
  out.clear();
  peer.on_notification(3, n, kNow, out);
  CHECK(all<CommitConfig>(out).empty());
}

TEST_CASE("without reconfigEnabled no configuration is taken from anybody") {
  CommittedLog committed;
  PeerOptions o;
  o.self = 4;
  QuorumPeer peer(o, members({3, 4}), QuorumPeer::Durable{0, 0, 0}, committed);
  Effects out;
  peer.start(kNow, out);
  election::Notification n;
  n.vote = {3, 0x500000001, 1, 5};
  n.state = election::ServerState::kLeading;
  n.config = members({1, 2, 3}, {}, make_zxid(5, 0)).text();
  peer.on_notification(3, n, kNow, out);
  CHECK(all<CommitConfig>(out).empty());
  CHECK(peer.config().version == 0);
}

TEST_CASE("a server that stopped behind a proposed configuration elects only with both quorums") {
  for (const bool knows : {false, true}) {
    CommittedLog committed;
    PeerOptions o;
    o.self = 3;
    o.reconfig_enabled = true;
    o.election.finalize_wait = ms(10);
    const auto proposed = members({3, 4, 5}, {}, 0x400000001);
    QuorumPeer peer(o, members({1, 2, 3}, {}, 0x400000000), QuorumPeer::Durable{4, 4, 0x400000001}, committed,
                    knows ? std::optional(proposed) : std::nullopt);
    Effects out;
    peer.start(kNow, out);
    const auto vote = [&](ServerId from) {
      election::Notification n;
      n.vote = {3, 0x400000001, 1, 4};
      peer.on_notification(from, n, kNow, out);
      peer.on_tick(kNow + ms(50), out);
    };
    vote(1);
    CHECK((peer.state() == election::ServerState::kLeading) == !knows);
    if (!knows) continue;
    vote(5);
    CHECK(peer.state() == election::ServerState::kLeading);
  }
}
