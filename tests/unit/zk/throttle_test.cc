// What holds clients back: the request throttle, large requests, the connection throttle. Against RequestThrottler,
// ZooKeeperServer and BlueThrottle of 3.8.
#include <doctest/doctest.h>

#include "core/zk/connection_throttle.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

TEST_CASE("no more requests than request_throttle_max_requests are on their way; the rest wait in their order") {
  Server s("request_throttle_max_requests=2\n");
  const ConnId a = s.client();
  const ConnId b = s.client();
  const ConnId gone = s.client();
  s.auto_durable = false;
  const size_t logged = s.log.size();
  s.request(a, 1, OpCode::kCreate, create("/a"));
  s.request(b, 1, OpCode::kCreate, create("/b"));
  s.request(a, 2, OpCode::kCreate, create("/c"));
  s.request(b, 2, OpCode::kExists, PathRequest{"/c", false});  // behind a's create, though it is only a read
  s.request(b, kXidPing, OpCode::kPing);                       // pings wait as well
  CHECK(s.log.size() == logged + 2);
  CHECK(s.pipeline->outstanding() == 2);
  CHECK(s.inbox[b].frames.empty());
  // A connection that goes takes what is held of it along.
  s.request(gone, 1, OpCode::kCreate, create("/gone"));
  s.run([&](Effects& out) { s.pipeline->on_closed(gone, s.now, out); });
  s.sync();
  CHECK(s.log.size() == logged + 3);
  CHECK(err(s.reply(a)) == KeeperCode::kOk);
  CHECK(err(s.reply(a)) == KeeperCode::kOk);
  CHECK(s.reply(b)->header.xid == 1);
  CHECK(s.reply(b)->header.xid == 2);
  CHECK(s.reply(b)->header.xid == kXidPing);
}

TEST_CASE("a request that waited for too long: ThrottledOp, or with the latency check its connection is closed") {
  SUBCASE("throttled_op_wait_time") {
    Server s("request_throttle_max_requests=1\nthrottled_op_wait_time=50\n");
    const ConnId a = s.client();
    const ConnId b = s.client();
    s.auto_durable = false;
    s.request(a, 1, OpCode::kCreate, create("/a"));
    s.request(b, 1, OpCode::kCreate, create("/b"));
    s.request(b, 2, OpCode::kCloseSession);
    s.advance(51);
    s.sync();
    CHECK(err(s.reply(a)) == KeeperCode::kOk);
    CHECK(err(s.reply(b)) == KeeperCode::kThrottledOp);
    CHECK(s.reply(b)->header.xid == 2);  // a close is never refused
    CHECK(s.inbox[b].closed);
    CHECK(s.code(a, OpCode::kExists, PathRequest{"/b", false}) == KeeperCode::kNoNode);
  }
  SUBCASE("in its place among the writes before it") {
    Server s("request_throttle_max_requests=1\nthrottled_op_wait_time=50\n");
    const ConnId a = s.client();
    s.auto_durable = false;
    s.request(a, 1, OpCode::kCreate, create("/a"));
    s.request(a, 2, OpCode::kCreate, create("/b"));
    s.advance(51);
    CHECK(s.inbox[a].frames.empty());
    s.sync();
    CHECK(s.reply(a)->header.xid == 1);
    CHECK(err(s.reply(a)) == KeeperCode::kThrottledOp);
  }
  for (const bool drop : {true, false}) {
    CAPTURE(drop);
    Server s(std::string("request_throttle_max_requests=1\nrequest_stale_latency_check=true\n") +
             "request_throttle_drop_stale=" + (drop ? "true\n" : "false\n"));
    const ConnId a = s.client(40000);
    const ConnId b = s.client(4000);
    s.auto_durable = false;
    s.request(a, 1, OpCode::kCreate, create("/a"));
    s.request(b, 1, OpCode::kCreate, create("/b"));
    CHECK(s.pipeline->deadline() <= s.now.mono + ms(100));  // it is looked at again
    s.advance(4001);
    CHECK(s.inbox[b].closed == drop);
    s.sync();
    CHECK(err(s.reply(a)) == KeeperCode::kOk);
    CHECK(s.inbox[b].frames.size() == (drop ? 0 : 1));
  }
}

TEST_CASE("large requests: no more than largeRequestMaxBytes of them are on their way") {
  Server s("largeRequestThreshold=1000\nlargeRequestMaxBytes=3000\n");
  const ConnId a = s.client();
  const ConnId b = s.client();
  const ConnId c = s.client();
  s.auto_durable = false;
  const std::string big(1200, 'x');
  s.request(a, 1, OpCode::kCreate, create("/a", big));
  s.request(a, 2, OpCode::kCreate, create("/b", big));
  s.request(b, 1, OpCode::kCreate, create("/small", std::string(900, 'x')));
  CHECK_FALSE(s.inbox[b].closed);
  s.request(b, 2, OpCode::kCreate, create("/c", big));
  CHECK(s.inbox[b].closed);
  s.sync();
  CHECK(err(s.reply(a)) == KeeperCode::kOk);
  CHECK(err(s.reply(a)) == KeeperCode::kOk);
  // Answered: there is room again. A connection that goes gives its room back too.
  for (int i = 0; i < 5; ++i) {
    s.auto_durable = true;
    const ConnId d = s.client();
    s.auto_durable = false;
    s.request(d, 1, OpCode::kSetData, SetDataRequest{"/a", bytes(big), -1});
    s.request(d, 2, OpCode::kSetData, SetDataRequest{"/a", bytes(big), -1});
    CHECK_FALSE(s.inbox[d].closed);
    s.run([&](Effects& out) { s.pipeline->on_closed(d, s.now, out); });
    s.sync();
  }
  s.auto_durable = true;
  CHECK(s.code(c, OpCode::kSetData, SetDataRequest{"/a", bytes(big), -1}) == KeeperCode::kOk);
  s.request(c, 3, OpCode::kSetData, SetDataRequest{"/a", bytes(std::string(3000, 'x')), -1});
  CHECK(s.inbox[c].closed);
}

TEST_CASE("the connection throttle: tokens, refill, weights, drop probability") {
  using Kind = ConnectionThrottle::Session;
  const TimePoint start{1'000'000'000'000};
  SUBCASE("off") {
    const ZooConfig config = config_of();
    ConnectionThrottle t(config, 1, start);
    for (int i = 0; i < 1000; ++i) CHECK(t.admit(Kind::kGlobal, start));
  }
  SUBCASE("tokens and refill") {
    const ZooConfig config = config_of(
        "connection_throttle_tokens=3\nconnection_throttle_fill_time=100\nconnection_throttle_fill_count=2\n");
    ConnectionThrottle t(config, 1, start);
    for (int i = 0; i < 3; ++i) CHECK(t.admit(Kind::kGlobal, start));
    CHECK_FALSE(t.admit(Kind::kGlobal, start));
    CHECK_FALSE(t.admit(Kind::kGlobal, start + ms(100)));  // only after more than the fill time
    CHECK(t.admit(Kind::kGlobal, start + ms(101)));
    CHECK(t.admit(Kind::kGlobal, start + ms(101)));
    CHECK_FALSE(t.admit(Kind::kGlobal, start + ms(101)));
    int admitted = 0;
    for (int i = 0; i < 10; ++i) admitted += t.admit(Kind::kGlobal, start + ms(int64_t{1} << 40));
    CHECK(admitted == 3);  // never more than the bucket holds
  }
  SUBCASE("weights: global 3, renewed 2, local 1; the bucket is meant for global ones") {
    const ZooConfig config = config_of("connection_throttle_tokens=2\nconnection_throttle_weight_enabled=true\n");
    ConnectionThrottle t(config, 1, start);
    CHECK(t.admit(Kind::kGlobal, start));
    CHECK(t.admit(Kind::kRenewed, start));
    CHECK_FALSE(t.admit(Kind::kRenewed, start));
    CHECK(t.admit(Kind::kLocal, start));
    CHECK_FALSE(t.admit(Kind::kLocal, start));
  }
  SUBCASE("the drop probability rises while the bucket is empty and falls while it is full") {
    const ZooConfig config = config_of(
        "connection_throttle_tokens=1\nconnection_throttle_fill_time=1000000\nconnection_throttle_freeze_time=1\n"
        "connection_throttle_drop_increase=0.5\nconnection_throttle_drop_decrease=1\n");
    ConnectionThrottle t(config, 1, start);
    CHECK(t.admit(Kind::kGlobal, start));
    CHECK_FALSE(t.admit(Kind::kGlobal, start + ms(2)));
    CHECK_FALSE(t.admit(Kind::kGlobal, start + ms(4)));  // certain by now
    // Full again, but the drop comes first; it is taken back at the next look.
    CHECK(t.admit(Kind::kGlobal, start + ms(2'000'000)));
  }
}

TEST_CASE("sessions of connect requests that the throttle refuses do not come to be") {
  Server s("connection_throttle_tokens=1\nconnection_throttle_fill_time=1000\n");
  s.client();
  const size_t logged = s.log.size();
  const ConnId refused = s.open();
  ConnectRequest q;
  q.timeout_ms = 10000;
  q.password = bytes("");
  q.read_only = false;
  s.frame(refused, encode_connect_request(q).text().substr(4));
  CHECK(s.inbox[refused].closed);
  CHECK(s.log.size() == logged);
}
