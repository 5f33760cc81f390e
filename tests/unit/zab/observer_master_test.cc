// The observer master stepped by hand, and the follower's part in it.
#include "core/zab/observer_master.h"

#include <doctest/doctest.h>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

using namespace kz;
using namespace kz::zab;

namespace {

constexpr LinkId kLeader = 9;
constexpr LinkId kObserver = 20;
const TimePoint kNow{1'000'000'000};
constexpr int64_t kEpoch = 3;

QuorumPacket packet(PacketType type, Zxid zxid, zk::NullableBytes data = std::nullopt) {
  return {type, zxid, std::move(data), std::nullopt};
}

struct Fixture {
  Fixture() {
    config.servers[1].id = 1;
    follower = std::make_unique<Learner>(LearnerOptions{1}, kLeader, kEpoch - 1, kEpoch - 1, 0, make_zxid(2, 5));
    Effects ignored;
    follower->start(kNow, ignored);
    follower->on_packet(packet(PacketType::kLeaderInfo, make_zxid(kEpoch, 0), encode_i32(kProtocolVersion)), kNow,
                        ignored);
    follower->on_epoch_written(kEpoch, -1, kNow, ignored);
    follower->on_packet(packet(PacketType::kDiff, make_zxid(2, 5)), kNow, ignored);
    follower->on_packet(packet(PacketType::kNewLeader, make_zxid(kEpoch, 0)), kNow, ignored);
    follower->on_epoch_written(-1, kEpoch, kNow, ignored);
    follower->on_packet(packet(PacketType::kUpToDate, -1), kNow, ignored);
    REQUIRE(follower->serving());
    for (int64_t n = 1; n <= 5; ++n) committed.add(make_zxid(2, n), Slice::copy_of("t" + std::to_string(n)));
    master = std::make_unique<ObserverMaster>(ObserverMasterOptions{}, *follower, committed, config, config, kNow);
    master->on_link_open(kObserver, kNow);
  }
  // The packets that one packet of the observer causes, as (link, type, zxid).
  struct Sent {
    LinkId link;
    PacketType type;
    Zxid zxid;
    bool operator==(const Sent&) const = default;
  };
  static std::vector<Sent> sent(const Effects& effects) {
    std::vector<Sent> out;
    for (const Effect& e : effects) {
      if (const auto* s = std::get_if<SendPacket>(&e)) out.push_back({s->link, s->packet.type, s->packet.zxid});
    }
    return out;
  }
  Effects step(const QuorumPacket& p, LinkId link = kObserver) {
    Effects out;
    master->on_packet(link, p, kNow, out);
    return out;
  }
  void serve(Zxid last = make_zxid(2, 3)) {
    step(packet(PacketType::kObserverInfo, 0, encode(LearnerInfo{4, kProtocolVersion, 0})));
    step(packet(PacketType::kAckEpoch, last, encode_i32(2)));
    step(packet(PacketType::kAck, make_zxid(kEpoch, 0)));
  }

  zk::QuorumConfig config;
  CommittedLog committed;
  std::unique_ptr<Learner> follower;
  std::unique_ptr<ObserverMaster> master;
};

template <class T>
const T* find(const Effects& effects) {
  for (const Effect& e : effects) {
    if (const T* found = std::get_if<T>(&e)) return found;
  }
  return nullptr;
}

Slice request(SessionId session, int32_t cxid, zk::OpCode op) {
  Buffer b;
  b.i64(session);
  b.i32(cxid);
  b.i32(static_cast<int32_t>(op));
  return b.to_slice();
}

}  // namespace

TEST_CASE("an observer is brought up to date from the committed log, then told of every commit") {
  Fixture f;
  using Sent = Fixture::Sent;
  CHECK(f.sent(f.step(packet(PacketType::kObserverInfo, 0, encode(LearnerInfo{4, kProtocolVersion, 0})))) ==
        std::vector<Sent>{{kObserver, PacketType::kLeaderInfo, make_zxid(kEpoch, 0)}});
  CHECK(f.sent(f.step(packet(PacketType::kAckEpoch, make_zxid(2, 3), encode_i32(2)))) ==
        std::vector<Sent>{{kObserver, PacketType::kDiff, make_zxid(2, 5)},
                          {kObserver, PacketType::kProposal, make_zxid(2, 4)},
                          {kObserver, PacketType::kCommit, make_zxid(2, 4)},
                          {kObserver, PacketType::kProposal, make_zxid(2, 5)},
                          {kObserver, PacketType::kCommit, make_zxid(2, 5)},
                          {kObserver, PacketType::kNewLeader, make_zxid(kEpoch, 0)}});
  CHECK(f.master->synced() == 0);
  // Commits go along from here: none falls between the DIFF and UPTODATE.
  Effects out;
  f.master->on_committed({make_zxid(kEpoch, 1), Slice::copy_of("a")}, std::nullopt, out);
  CHECK(f.sent(out) == std::vector<Sent>{{kObserver, PacketType::kInform, make_zxid(kEpoch, 1)}});
  CHECK(f.sent(f.step(packet(PacketType::kAck, make_zxid(kEpoch, 0)))) ==
        std::vector<Sent>{{kObserver, PacketType::kUpToDate, -1}});
  CHECK(f.master->synced() == 1);
  CHECK(f.step(packet(PacketType::kAck, make_zxid(kEpoch, 0))).empty());  // of UPTODATE
  // A reconfiguration names who leads in front of the transaction.
  out.clear();
  f.master->on_committed({make_zxid(kEpoch, 2), Slice::copy_of("config")}, ServerId{7}, out);
  const auto* inform = find<SendPacket>(out);
  REQUIRE(inform);
  CHECK(inform->packet.type == PacketType::kInformAndActivate);
  CHECK(Reader(inform->packet.data->bytes()).i64() == 7);
  CHECK(inform->packet.data->sub(8).text() == "config");
}

TEST_CASE("what the log does not reach: a snapshot; what is ahead of it: a cut") {
  for (const auto& [last, snapshot] : {std::pair{make_zxid(1, 1), true}, std::pair{make_zxid(2, 9), false}}) {
    Fixture f;
    f.step(packet(PacketType::kObserverInfo, 0, encode(LearnerInfo{4, kProtocolVersion, 0})));
    const Effects out = f.step(packet(PacketType::kAckEpoch, last, encode_i32(2)));
    CHECK((find<SendSnapshot>(out) != nullptr) == snapshot);
    if (!snapshot) CHECK(f.sent(out).front() == Fixture::Sent{kObserver, PacketType::kTrunc, make_zxid(2, 5)});
    CHECK(f.sent(out).back().type == PacketType::kNewLeader);
  }
}

TEST_CASE("requests go to the leader, its answers to the observer that asked, the follower's own to itself") {
  Fixture f;
  f.serve();
  using Sent = Fixture::Sent;
  CHECK(f.sent(f.step(packet(PacketType::kRequest, -1, request(5, 1, zk::OpCode::kCreate)))) ==
        std::vector<Sent>{{kLeader, PacketType::kRequest, -1}});
  // Syncs of both, answered in the order of the questions.
  Effects out;
  f.follower->sync(77, 1, {}, out);
  CHECK(f.sent(f.step(packet(PacketType::kRequest, -1, request(5, 2, zk::OpCode::kSync)))).size() == 1);
  out.clear();
  f.follower->on_packet(packet(PacketType::kSync, 0), kNow, out);
  REQUIRE(find<Synced>(out));
  CHECK(find<Synced>(out)->session == 77);
  out.clear();
  f.follower->on_packet(packet(PacketType::kSync, 0), kNow, out);
  CHECK(f.sent(out) == std::vector<Sent>{{kObserver, PacketType::kSync, 0}});
  // Revalidations of both.
  Buffer ask;
  ask.i64(5);
  ask.i32(4000);
  CHECK(f.sent(f.step(packet(PacketType::kRevalidate, -1, ask.to_slice()))) ==
        std::vector<Sent>{{kLeader, PacketType::kRevalidate, -1}});
  const auto answer = [&](SessionId session, bool valid) {
    Buffer b;
    b.i64(session);
    b.boolean(valid);
    Effects effects;
    f.follower->on_packet(packet(PacketType::kRevalidate, -1, b.to_slice()), kNow, effects);
    return effects;
  };
  const Effects own = answer(77, true);
  REQUIRE(find<Revalidated>(own));
  CHECK(find<Revalidated>(own)->session == 77);
  const Effects theirs = answer(5, true);
  CHECK(f.sent(theirs) == std::vector<Sent>{{kObserver, PacketType::kRevalidate, -1}});
  REQUIRE(find<TouchSession>(theirs));
  CHECK(find<TouchSession>(theirs)->timeout_ms == 4000);
  CHECK(find<Revalidated>(answer(5, true)));  // asked for once, answered once
  // What its clients touched goes to the leader with the follower's own.
  const Effects touched = f.step(packet(PacketType::kPing, 0, ask.to_slice()));
  REQUIRE(find<TouchSession>(touched));
  CHECK(find<TouchSession>(touched)->session == 5);
}

TEST_CASE("who is not an observer, or says things out of place, is closed; the silent too") {
  const auto closed = [](const Effects& out) { return find<CloseLink>(out) != nullptr; };
  {
    Fixture f;
    CHECK(closed(f.step(packet(PacketType::kFollowerInfo, 0, encode(LearnerInfo{4, kProtocolVersion, 0})))));
  }
  {
    Fixture f;
    CHECK(closed(f.step(packet(PacketType::kObserverInfo, 0, encode(LearnerInfo{4, kProtocolVersion, 1})))));
  }
  {
    Fixture f;
    f.step(packet(PacketType::kObserverInfo, 0, encode(LearnerInfo{4, kProtocolVersion, 0})));
    CHECK(closed(f.step(packet(PacketType::kAck, make_zxid(kEpoch, 0)))));
  }
  {
    Fixture f;
    f.serve();
    CHECK(closed(f.step(packet(PacketType::kRequest, -1, Slice::copy_of("short")))));
  }
  Fixture f;
  f.serve();
  // The same server again: the newer connection counts.
  f.master->on_link_open(21, kNow);
  const Effects again = f.step(packet(PacketType::kObserverInfo, 0, encode(LearnerInfo{4, kProtocolVersion, 0})), 21);
  REQUIRE(find<CloseLink>(again));
  CHECK(find<CloseLink>(again)->link == kObserver);
  Effects out;
  f.master->on_tick(kNow + ms(20'001), out);  // initLimit
  CHECK(closed(out));
}
