// A client that logs in by SASL: nothing but the exchange goes out before it is done.
#include <doctest/doctest.h>

#include "core/bytes/reader.h"
#include "core/client/zk_session.h"
#include "core/zk/jute.h"

namespace kz::client {
namespace {

using zk::KeeperCode;
using zk::OpCode;

struct Dialogue {
  ZkSession session{false};
  zk::SaslUsers users{{"bob", "pw"}};
  zk::DigestMd5Server server{zk::kClientSaslService, users, "server nonce"};
  ZkSession::Output out;
  int32_t xid = 0;

  explicit Dialogue(const char* password) {
    session.set_login({"bob", password}, [] { return std::string("client nonce"); });
    session.begin(0, {}, 6000);
    session.add_auth("digest", "u:p", [](KeeperCode) {}, {}, out);
    ZkSession::Request request;
    request.type = OpCode::kSync;
    request.done = [](KeeperCode, const Slice&) {};
    session.submit(std::move(request), {}, out);
    session.on_transport_up({}, out);
    out = {};
    zk::ConnectResponse response;
    response.timeout_ms = 6000;
    response.session_id = 7;
    response.password = Slice::copy_of(std::string(16, 'p'));
    session.on_frame(zk::encode_connect_response(response).sub(4), {}, out);
  }
  // The token of the one frame that was sent.
  std::string token() {
    REQUIRE(out.frames.size() == 1);
    Reader r(out.frames[0]);
    xid = r.i32();
    REQUIRE(static_cast<OpCode>(r.i32()) == OpCode::kSasl);
    zk::SaslToken token;
    REQUIRE(zk::jute::read(r, token));
    out = {};
    return std::string(token.token->text());
  }
  void answer(KeeperCode code, const zk::NullableBytes& token) {
    session.on_frame(zk::jute::encode(zk::ReplyHeader{xid, 0, static_cast<int32_t>(code)}, zk::SaslToken{token}), {},
                     out);
  }
};

}  // namespace

TEST_CASE("SASL first, then credentials and requests") {
  Dialogue d("pw");
  CHECK_FALSE(d.session.connected());
  const std::string first = d.token();
  CHECK(first.empty());
  d.answer(KeeperCode::kOk, Slice::copy_of(d.server.step(first).token));
  const zk::SaslStep end = d.server.step(d.token());
  REQUIRE(end.kind == zk::SaslStep::Kind::kDone);
  d.answer(KeeperCode::kOk, Slice::copy_of(end.token));
  CHECK(d.session.connected());
  CHECK(d.out.happened == ZkSession::Happened::kConnected);
  CHECK(d.out.frames.size() == 2);  // auth, sync
}

TEST_CASE("a refused login, a server without SASL, a server that does not know the password") {
  Dialogue refused("wrong");
  refused.answer(KeeperCode::kOk, Slice::copy_of(refused.server.step(refused.token()).token));
  CHECK(refused.server.step(refused.token()).kind == zk::SaslStep::Kind::kFailed);
  refused.answer(KeeperCode::kAuthFailed, {});
  CHECK(refused.out.happened == ZkSession::Happened::kAuthFailed);
  CHECK(refused.session.over());

  Dialogue without("pw");
  CHECK(without.token().empty());
  without.answer(KeeperCode::kOk, {});
  CHECK(without.out.happened == ZkSession::Happened::kAuthFailed);

  Dialogue liar("pw");
  liar.answer(KeeperCode::kOk, Slice::copy_of(liar.server.step(liar.token()).token));
  CHECK_FALSE(liar.token().empty());
  liar.answer(KeeperCode::kOk, Slice::copy_of(std::string_view("rspauth=00000000000000000000000000000000")));
  CHECK(liar.out.happened == ZkSession::Happened::kAuthFailed);
}

}  // namespace kz::client
