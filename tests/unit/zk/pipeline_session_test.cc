// The pipeline's sessions: expiry, moves to other connections, recovery, limits.
#include "core/zk/pipeline.h"

#include <doctest/doctest.h>

#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

TEST_CASE("an idle session expires at its bucket, its ephemerals go in one transaction, its connection is closed") {
  Server s;
  const ConnId a = s.client(4000);
  const ConnId b = s.client(40000);
  CHECK(s.negotiated[a] == 4000);
  s.call(a, OpCode::kCreate, create("/e1", "", 1));
  s.call(a, OpCode::kCreate, create("/e2", "", 1));
  s.call(b, OpCode::kExists, PathRequest{"/e1", true});
  const size_t before = s.log.size();
  s.advance(3000);
  s.request(a, kXidPing, OpCode::kPing);
  s.reply(a);
  s.advance(3999);  // pinged 3999 ms ago
  CHECK_FALSE(s.inbox[a].closed);
  CHECK(s.log.size() == before);
  s.advance(2001);  // past the end of the bucket
  CHECK(s.inbox[a].closed);
  REQUIRE(s.log.size() == before + 1);
  const auto txn = decode_txn(s.log.back());
  CHECK(std::get<CloseSessionTxn>(txn->body).paths == std::vector<std::string>{"/e1", "/e2"});
  CHECK(s.event(b) == WatcherEvent{2, 3, "/e1"});
  CHECK(s.code(b, OpCode::kExists, PathRequest{"/e2", false}) == KeeperCode::kNoNode);
  CHECK(s.pipeline->database().sessions.size() == 1);
  CHECK(s.pipeline->database().digest_mismatches == 0);
}

TEST_CASE("closing a session takes uncommitted ephemerals along and leaves uncommitted deletions alone") {
  Server s;
  const ConnId c = s.client();
  s.call(c, OpCode::kCreate, create("/old", "", 1));
  s.auto_durable = false;
  s.request(c, 1, OpCode::kCreate, create("/young", "", 1));
  s.request(c, 2, OpCode::kDelete, PathVersion{"/old", -1});
  s.request(c, 3, OpCode::kCloseSession);
  s.request(c, 4, OpCode::kExists, PathRequest{"/", false});  // behind the close: not answered
  const auto txn = decode_txn(s.log.back());
  CHECK(std::get<CloseSessionTxn>(txn->body).paths == std::vector<std::string>{"/young"});
  s.sync();
  CHECK(err(s.reply(c)) == KeeperCode::kOk);
  CHECK(err(s.reply(c)) == KeeperCode::kOk);
  CHECK(s.reply(c)->header.xid == 3);
  CHECK(s.inbox[c].frames.empty());
  CHECK(s.inbox[c].closed);
  CHECK(s.pipeline->database().tree.ephemeral_count() == 0);
  CHECK(s.pipeline->database().digest_mismatches == 0);
}

TEST_CASE("a session moves to a new connection with its password, and the old one is closed") {
  Server s;
  const ConnId a = s.client(4000);
  ConnectRequest q;
  q.session_id = s.session[a];
  q.timeout_ms = 8000;
  q.read_only = false;
  const SessionPassword password = session_password(q.session_id);
  q.password = Slice::copy_of(Bytes(password));
  const ConnId b = s.open();
  s.frame(b, encode_connect_request(q).text().substr(4));
  CHECK(s.inbox[a].closed);
  const auto response = decode_connect_response(Slice::copy_of(s.next(b)));
  CHECK(response->session_id == q.session_id);
  CHECK(response->timeout_ms == 8000);
  CHECK(s.code(b, OpCode::kExists, PathRequest{"/", false}) == KeeperCode::kOk);
  // A wrong password closes the newcomer and nobody else.
  q.password = Slice::copy_of(std::string(16, 'x'));
  const ConnId c = s.open();
  s.frame(c, encode_connect_request(q).text().substr(4));
  const auto refused = decode_connect_response(Slice::copy_of(s.next(c)));
  CHECK(refused->session_id == 0);
  CHECK(refused->timeout_ms == 0);
  CHECK(s.inbox[c].closed);
  CHECK_FALSE(s.inbox[b].closed);
}

TEST_CASE("recovered sessions live on with their full timeout; ephemerals without a session go at the start") {
  auto database = std::make_unique<Database>();
  database->apply({{7, 0, 1, 1, -10}, CreateSessionTxn{6000}, {}});
  database->apply({{7, 0, 2, 1, 1}, CreateTxn{"/kept", bytes(""), open_acl(), true, 1}, {}});
  database->apply({{8, 0, 3, 1, 1}, CreateTxn{"/lost", bytes(""), open_acl(), true, 2}, {}});
  Server s("", std::move(database));
  CHECK(s.pipeline->database().tree.find("/lost") == nullptr);
  CHECK(s.pipeline->database().tree.find("/kept") != nullptr);
  CHECK(s.pipeline->last_proposed() == 3);
  s.advance(5000);
  CHECK(s.pipeline->sessions().known(7));
  s.advance(3001);
  CHECK_FALSE(s.pipeline->sessions().known(7));
  CHECK(s.pipeline->database().tree.find("/kept") == nullptr);
}

TEST_CASE("timeouts are clamped; a client that has seen the future is turned away without an answer") {
  Server s("minSessionTimeout=5000\nmaxSessionTimeout=9000\n");
  CHECK(s.negotiated[s.client(1)] == 5000);
  CHECK(s.negotiated[s.client(100000)] == 9000);
  ConnectRequest q;
  q.last_zxid_seen = 1 << 20;
  q.password = bytes("");
  const ConnId c = s.open();
  s.frame(c, encode_connect_request(q).text().substr(4));
  CHECK(s.inbox[c].frames.empty());
  CHECK(s.inbox[c].closed);
}

TEST_CASE("frames sent before the session is ready wait for it") {
  Server s;
  s.auto_durable = false;
  const ConnId c = s.open();
  ConnectRequest q;
  q.timeout_ms = 5000;
  q.password = bytes("");
  s.frame(c, encode_connect_request(q).text().substr(4));
  s.request(c, 1, OpCode::kExists, PathRequest{"/", false});
  s.request(c, 2, OpCode::kCreate, create("/early"));
  CHECK(s.inbox[c].frames.empty());
  s.sync();
  CHECK(decode_connect_response(Slice::copy_of(s.next(c)))->timeout_ms == 5000);
  CHECK(s.reply(c)->header.xid == 1);
  CHECK(s.reply(c)->header.xid == 2);
}

TEST_CASE("connection limits: per address, in all, and time to send a connect request") {
  Server s("maxClientCnxns=2\nmaxCnxns=3\n");
  const ConnId a = s.open("10.0.0.1");
  const ConnId b = s.open("10.0.0.1");
  CHECK(s.inbox[s.open("10.0.0.1")].closed);
  const ConnId other = s.open("10.0.0.2");
  CHECK_FALSE(s.inbox[other].closed);
  CHECK(s.inbox[s.open("10.0.0.3")].closed);
  s.run([&](Effects& out) { s.pipeline->on_closed(a, s.now, out); });
  CHECK_FALSE(s.inbox[s.open("10.0.0.1")].closed);
  CHECK(s.pipeline->deadline() == s.now.mono + ms(10000));
  s.advance(10000);
  CHECK(s.inbox[b].closed);
  CHECK(s.inbox[other].closed);
  CHECK(s.pipeline->connection_count() == 0);
}

TEST_CASE("above globalOutstandingLimit reading stops until answers go out") {
  Server s("globalOutstandingLimit=3\n");
  const ConnId c = s.client();
  s.auto_durable = false;
  for (int32_t i = 1; i <= 3; ++i) s.request(c, i, OpCode::kCreate, create("/n" + std::to_string(i)));
  CHECK_FALSE(s.inbox[c].paused);
  s.request(c, 4, OpCode::kCreate, create("/n4"));
  CHECK(s.inbox[c].paused);
  s.sync();
  CHECK_FALSE(s.inbox[c].paused);
  for (int32_t i = 1; i <= 4; ++i) CHECK(s.reply(c)->header.xid == i);
}
