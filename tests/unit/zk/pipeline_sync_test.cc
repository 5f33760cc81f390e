// A learner's sync among pipelined writes: the leader answers what it is sent in that order, so a sync must be asked
// for in its place, or the writes behind it overtake its answer and are never answered.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

// The leader of a learner: takes requests and syncs off one queue, in order.
struct LeaderInOrder final : Broadcast {
  struct Item {
    std::optional<ForwardedRequest> write;  // else a sync
    SessionId session = 0;
    int32_t cxid = 0;
  };
  std::deque<Item> queue;
  bool orders() const override { return false; }
  void propose(const Proposal&, Effects&) override { FAIL("a learner proposes"); }
  void forward(const ForwardedRequest& request, Effects&) override {
    queue.push_back({request, request.session, request.cxid});
  }
  bool sync(SessionId session, int32_t cxid, Effects&) override {
    queue.push_back({std::nullopt, session, cxid});
    return false;
  }
  bool revalidate(SessionId, int32_t, Effects&) override { return false; }
};

struct LearnerFixture {
  LearnerFixture() {
    s.pipeline = std::make_unique<Pipeline>(s.config, 3, std::make_unique<Database>(), leader, s.now);
  }

  void commit(TxnHeader header, TxnBody body) {
    s.run([&](Effects& out) { s.pipeline->on_committed_txn({header, std::move(body), {}}, s.now, out); });
  }
  // Everything that the leader was sent happens, in that order.
  void settle() {
    while (!leader.queue.empty()) {
      const LeaderInOrder::Item item = std::move(leader.queue.front());
      leader.queue.pop_front();
      if (!item.write) {
        s.run([&](Effects& out) { s.pipeline->on_synced(item.session, item.cxid, s.now, out); });
        continue;
      }
      ++zxid;
      if (item.write->type == OpCode::kCreateSession) {
        commit({item.session, item.cxid, zxid, 1, -10}, CreateSessionTxn{5000});
      } else {
        commit({item.session, item.cxid, zxid, 1, 1},
               CreateTxn{fmt::format("/n{}", item.cxid), bytes(""), open_acl(), false, ++children});
      }
    }
  }
  ConnId connect() {
    const ConnId c = s.open();
    ConnectRequest q;
    q.timeout_ms = 5000;
    q.password = bytes("");
    q.read_only = false;
    s.frame(c, encode_connect_request(q).text().substr(4));
    return c;
  }

  Server s;  // for its sorting of effects
  LeaderInOrder leader;
  Zxid zxid = 0;
  int32_t children = 0;
};

}  // namespace

TEST_CASE("a sync among pipelined writes is asked for in its place, and all of them are answered in order") {
  LearnerFixture f;
  const ConnId c = f.connect();
  f.settle();
  REQUIRE_FALSE(f.s.next(c).empty());
  for (int32_t i = 1; i <= 9; ++i) {
    if (i % 3 == 2) {
      f.s.request(c, i, OpCode::kSync, PathOnly{"/"});
    } else {
      f.s.request(c, i, OpCode::kCreate, create(fmt::format("/n{}", i)));
    }
  }
  REQUIRE(f.leader.queue.size() == 9);
  for (int32_t i = 1; i <= 9; ++i) CHECK(f.leader.queue[static_cast<size_t>(i - 1)].cxid == i);
  f.settle();
  for (int32_t i = 1; i <= 9; ++i) {
    const auto reply = f.s.reply(c);
    CAPTURE(i);
    REQUIRE(reply.has_value());
    CHECK(reply->header.xid == i);
    CHECK(reply->header.err == 0);
  }
  CHECK(f.s.pipeline->outstanding() == 0);
}

TEST_CASE("a read behind a sync sees what the sync's answer promises, one before it does not wait for it") {
  LearnerFixture f;
  const ConnId c = f.connect();
  f.settle();
  f.s.next(c);
  f.s.request(c, 1, OpCode::kExists, PathRequest{"/other", false});
  CHECK(f.s.reply(c)->header.err == static_cast<int32_t>(KeeperCode::kNoNode));
  f.s.request(c, 2, OpCode::kSync, PathOnly{"/"});
  f.s.request(c, 3, OpCode::kExists, PathRequest{"/other", false});
  CHECK(f.s.inbox[c].frames.empty());
  f.commit({99, 1, ++f.zxid, 1, 1}, CreateTxn{"/other", bytes(""), open_acl(), false, 1});
  f.settle();
  CHECK(f.s.reply(c)->header.xid == 2);
  CHECK(f.s.reply(c)->header.err == 0);
}

TEST_CASE("a client that floods a session which the leader has not confirmed is cut off") {
  LearnerFixture f;
  const ConnId patient = f.connect();
  const ConnId greedy = f.connect();
  for (int32_t i = 1; i <= 64; ++i) {
    for (const ConnId c : {patient, greedy}) f.s.request(c, i, OpCode::kExists, PathRequest{"/", false});
  }
  CHECK_FALSE(f.s.inbox[greedy].closed);
  f.s.request(greedy, 65, OpCode::kExists, PathRequest{"/", false});
  CHECK(f.s.inbox[greedy].closed);
  f.settle();
  REQUIRE(f.s.inbox[patient].frames.size() == 65);
  f.s.next(patient);
  for (int32_t i = 1; i <= 64; ++i) CHECK(f.s.reply(patient)->header.xid == i);
}
