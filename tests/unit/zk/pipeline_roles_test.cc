// The pipeline in roles other than the leader's: as a learner, and read-only.
#include "core/zk/pipeline.h"

#include <doctest/doctest.h>

#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

// A learner's port: requests are kept, the test plays the leader.
struct Forwarded : Broadcast {
  std::vector<ForwardedRequest> requests;
  bool orders() const override { return false; }
  void propose(const Proposal&, Effects&) override { FAIL("a learner proposes nothing"); }
  void forward(const ForwardedRequest& request, Effects&) override { requests.push_back(request); }
  bool sync(SessionId, int32_t, Effects&) override { return false; }
  bool revalidate(SessionId, int32_t, Effects&) override { return false; }
};

}  // namespace

TEST_CASE("a learner forwards writes, answers them when they come back in the order, and applies what others did") {
  Server s;  // for its sorting of effects
  Forwarded leader;
  s.pipeline = std::make_unique<Pipeline>(s.config, 3, std::make_unique<Database>(), leader, s.now);
  const auto commit = [&](TxnHeader header, TxnBody body) {
    s.run([&](Effects& out) { s.pipeline->on_committed_txn({header, std::move(body), {}}, s.now, out); });
  };
  const ConnId c = s.open();
  ConnectRequest q;
  q.timeout_ms = 5000;
  q.password = bytes("");
  q.read_only = false;
  s.frame(c, encode_connect_request(q).text().substr(4));
  REQUIRE(leader.requests.size() == 1);
  CHECK(leader.requests[0].type == OpCode::kCreateSession);
  const SessionId session = leader.requests[0].session;
  CHECK(s.inbox[c].frames.empty());
  commit({session, 0, 1, 1, -10}, CreateSessionTxn{5000});
  CHECK(decode_connect_response(Slice::copy_of(s.next(c)))->session_id == session);

  s.request(c, 1, OpCode::kCreate, create("/mine"));
  s.request(c, 2, OpCode::kGetData, PathRequest{"/mine", true});
  s.request(c, 3, OpCode::kSync, PathOnly{"/"});
  s.request(c, 4, OpCode::kExists, PathRequest{"/other", false});
  REQUIRE(leader.requests.size() == 2);
  commit({99, 1, 2, 1, 1}, CreateTxn{"/other", bytes(""), open_acl(), false, 1});  // another session's, same cxid
  CHECK(s.inbox[c].frames.empty());
  commit({session, 1, 3, 1, 1}, CreateTxn{"/mine", bytes("d"), open_acl(), false, 2});
  CHECK(s.reply(c)->header.xid == 1);
  CHECK(s.reply(c)->header.xid == 2);
  CHECK(s.inbox[c].frames.empty());  // the sync waits for the leader, the read behind it for the sync
  s.run([&](Effects& out) { s.pipeline->on_synced(session, 3, s.now, out); });
  CHECK(s.reply(c)->header.xid == 3);
  CHECK(s.reply(c)->header.xid == 4);
  // The leader expires the session while a write with the expiry's cxid is on its way: no false answer.
  s.request(c, 0, OpCode::kCreate, create("/late"));
  commit({session, 0, 4, 1, -11}, CloseSessionTxn{});
  CHECK(s.inbox[c].frames.empty());
  CHECK(s.inbox[c].closed);
}

TEST_CASE("a session that expires while a learner asks for it is refused, not fatal") {
  Server s;
  Forwarded leader;
  auto database = std::make_unique<Database>();
  database->apply({{7, 0, 1, 1, -10}, CreateSessionTxn{5000}, {}});
  s.pipeline = std::make_unique<Pipeline>(s.config, 3, std::move(database), leader, s.now);
  s.run([&](Effects& out) { s.pipeline->start(s.now, out); });
  ConnectRequest q;
  q.session_id = 7;
  q.timeout_ms = 5000;
  const SessionPassword password = session_password(7);
  q.password = Slice::copy_of(Bytes(password));
  const ConnId c = s.open();
  s.frame(c, encode_connect_request(q).text().substr(4));
  CHECK_FALSE(s.inbox[c].closed);
  s.run([&](Effects& out) { s.pipeline->on_committed_txn({{7, 0, 2, 1, -11}, CloseSessionTxn{}, {}}, s.now, out); });
  CHECK(s.inbox[c].closed);
  s.run([&](Effects& out) { s.pipeline->on_revalidated(7, false, s.now, out); });  // too late: nobody is there
}

TEST_CASE("read-only mode: its clients only, reads and watches, no writes, nothing logged") {
  Server s("readonlymode.enabled=true\n");
  s.call(s.client(), OpCode::kCreate, create("/x", "data"));
  s.pipeline->set_read_only();
  const size_t logged = s.log.size();
  const auto connect = [&](std::optional<bool> read_only) {
    ConnectRequest q;
    q.timeout_ms = 5000;
    q.password = bytes("");
    q.read_only = read_only;
    const ConnId conn = s.open();
    s.frame(conn, encode_connect_request(q).text().substr(4));
    return conn;
  };
  for (const std::optional<bool> refused : {std::optional<bool>(), std::optional<bool>(false)}) {
    const ConnId conn = connect(refused);
    CHECK(s.inbox[conn].closed);
    CHECK(s.inbox[conn].frames.empty());
  }
  const ConnId c = connect(true);
  const auto response = decode_connect_response(Slice::copy_of(s.next(c)));
  REQUIRE(response.has_value());
  CHECK(response->read_only == true);
  CHECK(response->session_id != 0);
  CHECK(as_text(Server::decode<GetDataResponse>(s.call(c, OpCode::kGetData, PathRequest{"/x", true})).data->bytes()) ==
        "data");
  CHECK(s.code(c, OpCode::kCreate, create("/y")) == KeeperCode::kNotReadOnly);
  CHECK(s.code(c, OpCode::kSync, PathOnly{"/"}) == KeeperCode::kNotReadOnly);
  CHECK(s.code(c, OpCode::kCloseSession) == KeeperCode::kOk);
  CHECK(s.inbox[c].closed);
  CHECK(s.log.size() == logged);
  ServerEnvironment environment;
  CHECK(four_letter_answer("isro", s.pipeline->info(environment, {}, s.now)) == "ro");
  CHECK(four_letter_answer("srvr", s.pipeline->info(environment, {}, s.now)).find("Mode: read-only\n") !=
        std::string::npos);
}
