// ZkClient against a scripted server: what it sends, in which order, and what it makes of answers, losses and expiry.
// Wire facts: ClientCnxn.java @ release-3.8.0.
#include "core/client/zk_client.h"

#include <doctest/doctest.h>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "core/zk/jute.h"
#include "tests/unit/client/fake_net.h"

namespace kz::client {
namespace {

using test::FakeConnector;
using test::FakeExecutor;
using zk::KeeperCode;
using zk::OpCode;

struct Sent {
  int32_t xid;
  OpCode type;
  std::string body;
};

// A server that answers connect requests as told; everything else is answered by the test.
struct Fixture {
  FakeExecutor executor;
  FakeConnector connector{executor};
  Rng rng{7};
  std::vector<ZkEvent> events;
  std::vector<Sent> requests;
  std::vector<zk::ConnectRequest> connects;
  SessionId session = 0x1234;
  int32_t timeout_ms = 6000;
  bool expire = false;
  bool answer_pings = true;
  std::unique_ptr<ZkClient> client;
  std::map<ConnId, bool> greeted;

  explicit Fixture(ZkClientConfig config = {.connect = "a:1"}) {
    connector.on_send = [this](ConnId conn, const Slice& frame) {
      if (!greeted[conn]) {
        greeted[conn] = true;
        connects.push_back(*zk::decode_connect_request(frame));
        zk::ConnectResponse response;
        response.timeout_ms = expire ? 0 : timeout_ms;
        response.session_id = expire ? 0 : session;
        response.password = Slice::copy_of(std::string(16, expire ? '\0' : 'p'));
        response.read_only = false;
        connector.deliver(conn, zk::encode_connect_response(response).sub(4));
        return;
      }
      Reader r(frame);
      Sent s{r.i32(), static_cast<OpCode>(r.i32()), {}};
      s.body = r.text(r.remaining());
      if (s.type == OpCode::kPing && answer_pings) reply(s.xid, 0, KeeperCode::kOk);
      requests.push_back(std::move(s));
    };
    config.shuffle_hosts = false;
    client = std::make_unique<ZkClient>(config, connector, executor, rng);
    client->set_listener([this](ZkEvent e) { events.push_back(e); });
  }
  template <class... T>
  void reply(int32_t xid, Zxid zxid, KeeperCode err, const T&... body) {
    connector.deliver(connector.last(),
                      zk::jute::encode(zk::ReplyHeader{xid, zxid, static_cast<int32_t>(err)}, body...));
  }
  void event(zk::EventType type, const std::string& path) {
    reply(zk::kXidNotification, -1, KeeperCode::kOk, zk::WatcherEvent{static_cast<int32_t>(type), 3, path});
  }
  void up() {
    client->start();
    executor.settle();
    REQUIRE(client->connected());
  }
  template <class T>
  static T as(const Sent& s) {
    auto decoded = zk::jute::decode<T>(Slice::copy_of(s.body));
    REQUIRE(decoded);
    return *decoded;
  }
};

TEST_CASE("a connect string has hosts, ports and a chroot") {
  auto s = parse_zk_connect("a:1, b ,[::1]:3/x/y/");
  REQUIRE(s);
  REQUIRE(s->hosts.size() == 3);
  CHECK(s->hosts[0].port == 1);
  CHECK(s->hosts[1].host == "b");
  CHECK(s->hosts[1].port == 2181);
  CHECK(s->hosts[2].host == "::1");
  CHECK(s->hosts[2].port == 3);
  CHECK(s->chroot == "/x/y");
  CHECK(parse_zk_connect("a/")->chroot.empty());
  CHECK_FALSE(parse_zk_connect(""));
  CHECK_FALSE(parse_zk_connect("a:x"));
  CHECK_FALSE(parse_zk_connect("a:70000"));
}

TEST_CASE("a session is made, operations wait for it and are answered in order") {
  Fixture f;
  std::vector<std::string> log;
  f.client->start();
  f.client->get("/x", {}, [&](KeeperCode err, std::optional<std::string> data, const zk::Stat& stat) {
    CHECK(err == KeeperCode::kOk);
    log.push_back(data.value_or("null") + std::to_string(stat.version));
  });
  f.client->remove("/x", 3, [&](KeeperCode err) { log.push_back(zk::keeper_code_name(err)); });
  CHECK(f.connector.sent.empty());
  f.executor.settle();
  REQUIRE(f.connects.size() == 1);
  CHECK(f.connects[0].session_id == 0);
  CHECK(f.connects[0].timeout_ms == 18000);
  CHECK(f.connects[0].read_only == false);
  CHECK(f.events == std::vector{ZkEvent::kConnected});
  CHECK(f.client->session_id() == 0x1234);
  CHECK(f.client->session_timeout_ms() == 6000);
  CHECK_FALSE(f.client->resumed());
  REQUIRE(f.requests.size() == 2);
  CHECK(f.requests[0].xid == 1);
  CHECK(f.requests[1].xid == 2);
  CHECK(f.as<zk::DeleteRequest>(f.requests[1]).version == 3);
  zk::Stat stat;
  stat.version = 9;
  f.reply(1, 77, KeeperCode::kOk, zk::GetDataResponse{Slice::copy_of(std::string_view("hi")), stat});
  f.reply(2, 78, KeeperCode::kBadVersion);
  CHECK(log == std::vector<std::string>{"hi9", "BadVersion"});
  CHECK(f.client->last_zxid() == 78);
}

TEST_CASE("an idle session pings at a third of its timeout and gives a silent server up at two thirds") {
  Fixture f;
  f.up();
  f.executor.advance(ms(1999));
  CHECK(f.requests.empty());
  f.executor.advance(ms(1));
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].type == OpCode::kPing);
  CHECK(f.requests[0].xid == -2);
  f.answer_pings = false;
  f.executor.advance(ms(4000));
  CHECK(f.connects.size() == 2);
  CHECK(f.connects[1].session_id == 0x1234);
  CHECK(f.connects[1].password->text() == std::string(16, 'p'));
  CHECK(f.events == std::vector{ZkEvent::kConnected, ZkEvent::kDisconnected, ZkEvent::kConnected});
  CHECK(f.client->resumed());
}

TEST_CASE("watches fire once, by kind, and are armed again on the next connection with the last zxid seen") {
  Fixture f;
  f.up();
  std::vector<std::string> log;
  auto watch = [&](const char* name) {
    return [&log, name](const ZkWatchEvent& e) {
      log.push_back(std::string(name) + ":" + e.path + ":" + std::to_string(static_cast<int>(e.type)));
    };
  };
  auto ignore = [](auto&&...) {};
  f.client->get("/d", watch("data"), ignore);
  f.client->exists("/e", watch("exists"), ignore);
  f.client->children("/c", watch("child"), ignore);
  f.client->get("/none", watch("never"), ignore);
  f.executor.settle();
  CHECK(f.as<zk::GetDataRequest>(f.requests[0]).watch);
  f.reply(1, 5, KeeperCode::kOk, zk::GetDataResponse{});
  f.reply(2, 6, KeeperCode::kNoNode);
  f.reply(3, 7, KeeperCode::kOk, zk::GetChildren2Response{});
  f.reply(4, 8, KeeperCode::kNoNode);
  f.requests.clear();
  f.connector.drop(f.connector.last());
  f.executor.advance(ms(1100));
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].type == OpCode::kSetWatches);
  CHECK(f.requests[0].xid == -8);
  const auto set = f.as<zk::SetWatches>(f.requests[0]);
  CHECK(set.relative_zxid == 8);
  CHECK(set.data == std::vector<std::string>{"/d"});
  CHECK(set.exist == std::vector<std::string>{"/e"});
  CHECK(set.child == std::vector<std::string>{"/c"});
  f.reply(-8, 8, KeeperCode::kOk);
  f.event(zk::EventType::kNodeDataChanged, "/c");  // a child watch does not hear of data
  CHECK(log.empty());
  f.event(zk::EventType::kNodeDataChanged, "/d");
  f.event(zk::EventType::kNodeDataChanged, "/d");
  f.event(zk::EventType::kNodeCreated, "/e");
  f.event(zk::EventType::kNodeDeleted, "/c");
  CHECK(log == std::vector<std::string>{"data:/d:3", "exists:/e:1", "child:/c:2"});
}

TEST_CASE("persistent watches are armed again with setWatches2; removed ones are told and forgotten") {
  Fixture f({.connect = "a:1/root", .read_only = true});
  std::vector<std::string> log;
  f.client->set_default_watcher(
      [&](const ZkWatchEvent& e) { log.push_back(e.path + ":" + std::to_string(static_cast<int>(e.type))); });
  f.up();
  CHECK(f.connects[0].read_only == true);
  std::vector<KeeperCode> codes;
  const auto note = [&](KeeperCode err) { codes.push_back(err); };
  f.client->add_watch("/p", zk::AddWatchMode::kPersistent, note);
  f.client->add_watch("/r", zk::AddWatchMode::kPersistentRecursive, note);
  f.executor.settle();
  CHECK(f.as<zk::AddWatchRequest>(f.requests[1]).path == "/root/r");
  f.reply(1, 5, KeeperCode::kOk, zk::ErrorResponse{});
  f.reply(2, 5, KeeperCode::kOk, zk::ErrorResponse{});
  f.requests.clear();
  f.connector.drop(f.connector.last());
  f.executor.advance(ms(1100));
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].type == OpCode::kSetWatches2);
  const auto set = f.as<zk::SetWatches2>(f.requests[0]);
  CHECK(set.persistent == std::vector<std::string>{"/root/p"});
  CHECK(set.persistent_recursive == std::vector<std::string>{"/root/r"});
  f.event(zk::EventType::kNodeCreated, "/root/r/below");
  f.event(zk::EventType::kNodeDataChanged, "/root/p");
  f.event(zk::EventType::kNodeDataChanged, "/root/p");
  CHECK(log == std::vector<std::string>{"/r/below:1", "/p:3", "/p:3"});
  log.clear();
  f.client->remove_watches("/p", zk::WatcherType::kAny, false, note);
  f.executor.settle();
  f.reply(3, 6, KeeperCode::kOk);
  CHECK(log == std::vector<std::string>{"/p:7"});
  f.event(zk::EventType::kNodeDataChanged, "/root/p");
  CHECK(log.size() == 1);
  f.client->remove_watches("/p", zk::WatcherType::kAny, false, note);
  f.executor.settle();
  f.reply(4, 7, KeeperCode::kOk);
  CHECK(codes == std::vector{KeeperCode::kOk, KeeperCode::kOk, KeeperCode::kOk, KeeperCode::kNoWatcher});
}

TEST_CASE("a chroot is put on and taken off") {
  Fixture f({.connect = "a:1/kafka"});
  f.up();
  std::string created;
  std::string watched;
  f.client->create("/x-", "v", zk::open_acl(), 3,
                   [&](KeeperCode, std::string path, const zk::Stat&) { created = path; });
  f.client->get("/", [&](const ZkWatchEvent& e) { watched = e.path; }, [](auto&&...) {});
  f.executor.settle();
  const auto create = f.as<zk::CreateRequest>(f.requests[0]);
  CHECK(create.path == "/kafka/x-");
  CHECK(create.flags == 3);
  CHECK(f.as<zk::GetDataRequest>(f.requests[1]).path == "/kafka");
  f.reply(1, 5, KeeperCode::kOk, zk::CreateResponse{"/kafka/x-0000000001"});
  f.reply(2, 5, KeeperCode::kOk, zk::GetDataResponse{});
  CHECK(created == "/x-0000000001");
  f.event(zk::EventType::kNodeDeleted, "/kafka");
  CHECK(watched == "/");
}

TEST_CASE("what was sent and not answered fails with the connection, or is sent again where that was asked for") {
  for (bool retry : {false, true}) {
    CAPTURE(retry);
    Fixture f({.connect = "a:1", .retry_lost = retry});
    f.up();
    std::vector<KeeperCode> codes;
    auto note = [&](KeeperCode err) { codes.push_back(err); };
    f.client->remove("/1", -1, note);
    f.client->remove("/2", -1, note);
    f.executor.settle();
    f.requests.clear();
    f.connector.drop(f.connector.last());
    if (!retry) {
      CHECK(codes == std::vector{KeeperCode::kConnectionLoss, KeeperCode::kConnectionLoss});
      continue;
    }
    CHECK(codes.empty());
    f.client->remove("/3", -1, note);
    f.executor.advance(ms(1100));
    REQUIRE(f.requests.size() == 3);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(f.as<zk::DeleteRequest>(f.requests[i]).path == "/" + std::to_string(i + 1));
    }
  }
}

TEST_CASE("an expired session fails everything, drops its watches, and a new one starts on demand") {
  Fixture f;
  f.up();
  int fired = 0;
  KeeperCode last = KeeperCode::kOk;
  f.client->get("/d", [&](auto&&...) { ++fired; }, [](auto&&...) {});
  f.executor.settle();
  f.reply(1, 5, KeeperCode::kOk, zk::GetDataResponse{});
  f.expire = true;
  f.connector.drop(f.connector.last());
  f.client->remove("/x", -1, [&](KeeperCode err) { last = err; });
  f.executor.advance(ms(1100));
  CHECK(f.events.back() == ZkEvent::kExpired);
  CHECK(last == KeeperCode::kSessionExpired);
  last = KeeperCode::kOk;
  f.client->remove("/y", -1, [&](KeeperCode err) { last = err; });
  CHECK(last == KeeperCode::kOk);  // not from inside the call
  f.executor.settle();
  CHECK(last == KeeperCode::kSessionExpired);
  f.expire = false;
  f.session = 0x99;
  f.requests.clear();
  f.client->start();
  f.executor.settle();
  CHECK(f.connects.back().session_id == 0);
  CHECK(f.client->session_id() == 0x99);
  CHECK(f.requests.empty());  // nothing to re-arm
  f.event(zk::EventType::kNodeDataChanged, "/d");
  CHECK(fired == 0);
}

TEST_CASE("an old session is taken over with its password and closed") {
  Fixture f;
  f.client->resume(0x1234, std::string(16, 'q'));
  f.executor.settle();
  CHECK(f.connects[0].session_id == 0x1234);
  CHECK(f.connects[0].password->text() == std::string(16, 'q'));
  CHECK(f.client->resumed());
  f.client->close();
  f.executor.settle();
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].type == OpCode::kCloseSession);
  f.reply(f.requests[0].xid, 9, KeeperCode::kOk);
  CHECK(f.events == std::vector{ZkEvent::kConnected, ZkEvent::kClosed});
  f.executor.advance(ms(60000));
  CHECK(f.connects.size() == 1);
}

TEST_CASE("close gives up when nobody answers") {
  Fixture f;
  f.connector.refuse = [](auto&&...) { return true; };
  f.client->start();
  f.executor.advance(ms(500));
  f.client->close(ms(1000));
  f.executor.advance(ms(999));
  CHECK(f.events.back() == ZkEvent::kAttemptFailed);
  f.executor.advance(ms(1));
  CHECK(f.events.back() == ZkEvent::kClosed);
  const size_t attempts = f.connector.attempts.size();
  f.executor.advance(ms(10000));
  CHECK(f.connector.attempts.size() == attempts);
}

TEST_CASE("hosts are tried in turn; a silent one is given up after its share of the timeout") {
  Fixture f({.connect = "a:1,b:2,c:3", .connection_timeout_ms = 3000});
  f.connector.refuse = [](const std::string& host, uint16_t) { return host == "a"; };
  f.connector.silent = [](const std::string& host, uint16_t) { return host == "b"; };
  f.client->start();
  f.executor.advance(ms(999));
  CHECK(f.connector.attempts == std::vector<std::string>{"a:1", "b:2"});
  f.executor.advance(ms(2));
  CHECK(f.connector.attempts == std::vector<std::string>{"a:1", "b:2", "c:3"});
  CHECK(f.client->connected());
}

TEST_CASE("credentials are sent before anything else on every connection; a refusal ends the session") {
  Fixture f;
  std::vector<KeeperCode> codes;
  f.client->add_auth("digest", "u:p", [&](KeeperCode err) { codes.push_back(err); });
  f.up();
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].type == OpCode::kAuth);
  CHECK(f.requests[0].xid == -4);
  CHECK(f.as<zk::AuthPacket>(f.requests[0]).auth->text() == "u:p");
  f.reply(-4, 0, KeeperCode::kOk);
  CHECK(codes == std::vector{KeeperCode::kOk});
  f.connector.drop(f.connector.last());
  f.executor.advance(ms(1100));
  REQUIRE(f.requests.size() == 2);
  CHECK(f.requests[1].type == OpCode::kAuth);
  f.reply(-4, 0, KeeperCode::kAuthFailed);
  CHECK(f.events.back() == ZkEvent::kAuthFailed);
  CHECK(codes.size() == 1);
}

TEST_CASE("a failed multi answers with its first real error") {
  Fixture f;
  f.up();
  KeeperCode code = KeeperCode::kOk;
  std::vector<ZkClient::OpResult> results;
  f.client->multi({ZkClient::Op::check("/a", 1), ZkClient::Op::create("/b", "", zk::open_acl())},
                  [&](KeeperCode err, std::vector<ZkClient::OpResult> r) {
                    code = err;
                    results = std::move(r);
                  });
  f.executor.settle();
  Reader r(as_bytes(f.requests[0].body));
  auto ops = zk::decode_multi(r);
  REQUIRE(ops);
  REQUIRE(ops->size() == 2);
  auto item = [](int32_t err) {
    Buffer b;
    zk::jute::write(b, zk::MultiHeader{-1, false, err});
    zk::jute::write(b, zk::ErrorResponse{err});
    return std::string(as_text(b.bytes()));
  };
  Buffer b;
  zk::jute::write(b, zk::ReplyHeader{1, 5, 0});
  b.raw(item(0));
  b.raw(item(-110));
  zk::jute::write(b, zk::MultiHeader{-1, true, -1});
  f.connector.deliver(f.connector.last(), b.to_slice());
  CHECK(code == KeeperCode::kNodeExists);
  REQUIRE(results.size() == 2);
  CHECK(results[0].err == KeeperCode::kOk);
}

TEST_CASE("an answer that does not fit drops the connection") {
  Fixture f;
  f.up();
  f.reply(5, 5, KeeperCode::kOk);
  CHECK(f.events.back() == ZkEvent::kDisconnected);
}

}  // namespace
}  // namespace kz::client
