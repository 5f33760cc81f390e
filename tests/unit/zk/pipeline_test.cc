// The pipeline where a recorded run cannot look: pipelined writes, durability before answers, order per connection.
#include "core/zk/pipeline.h"

#include <doctest/doctest.h>

#include "core/base/rng.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

TEST_CASE("nothing is answered, shown or told before it is durable") {
  Server s;
  const ConnId a = s.client();
  const ConnId b = s.client();
  s.call(b, OpCode::kGetChildren, PathRequest{"/", true});
  s.auto_durable = false;
  s.request(a, 1, OpCode::kCreate, create("/x"));
  CHECK(s.inbox[a].frames.empty());
  CHECK(s.inbox[b].frames.empty());
  CHECK(s.code(b, OpCode::kExists, PathRequest{"/x", false}) == KeeperCode::kNoNode);
  s.sync();
  CHECK(s.event(b) == WatcherEvent{4, 3, "/"});
  CHECK(err(s.reply(a)) == KeeperCode::kOk);
  CHECK(s.code(b, OpCode::kExists, PathRequest{"/x", false}) == KeeperCode::kOk);
}

TEST_CASE("pipelined writes see the ones before them") {
  Server s;
  const ConnId c = s.client();
  s.auto_durable = false;
  s.request(c, 1, OpCode::kCreate, create("/a"));
  s.request(c, 2, OpCode::kCreate, create("/a"));            // exists by then
  s.request(c, 3, OpCode::kCreate, create("/a/s-", "", 2));  // counter 0
  s.request(c, 4, OpCode::kCreate, create("/a/s-", "", 2));  // counter 1
  s.request(c, 5, OpCode::kDelete, PathVersion{"/a", -1});   // not empty by then
  s.request(c, 6, OpCode::kSetData, SetDataRequest{"/a", bytes("1"), 0});
  s.request(c, 7, OpCode::kSetData, SetDataRequest{"/a", bytes("2"), 1});
  s.request(c, 8, OpCode::kSetData, SetDataRequest{"/a", bytes("3"), 1});  // version is 2 by then
  s.request(c, 9, OpCode::kDelete, PathVersion{"/a/s-0000000000", -1});
  s.request(c, 10, OpCode::kDelete, PathVersion{"/a/s-0000000001", -1});
  s.request(c, 11, OpCode::kDelete, PathVersion{"/a", 2});
  s.request(c, 12, OpCode::kCreate, create("/a/late"));
  CHECK(s.inbox[c].frames.empty());
  CHECK(s.log.size() == 13);
  s.sync();
  const KeeperCode expected[] = {KeeperCode::kOk, KeeperCode::kNodeExists, KeeperCode::kOk,
                                 KeeperCode::kOk, KeeperCode::kNotEmpty,   KeeperCode::kOk,
                                 KeeperCode::kOk, KeeperCode::kBadVersion, KeeperCode::kOk,
                                 KeeperCode::kOk, KeeperCode::kOk,         KeeperCode::kNoNode};
  for (int32_t i = 0; i < 12; ++i) {
    const auto reply = s.reply(c);
    CAPTURE(i);
    CHECK(err(reply) == expected[i]);
    CHECK(reply->header.xid == i + 1);
    CHECK(reply->header.zxid == i + 2);  // 1 was createSession
  }
  CHECK(s.pipeline->database().digest_mismatches == 0);
}

TEST_CASE("a failed multi leaves nothing behind for the writes after it, even uncommitted ones before it stay") {
  Server s;
  const ConnId c = s.client();
  s.auto_durable = false;
  s.request(c, 1, OpCode::kCreate, create("/p", "0"));
  s.request(c, 2, OpCode::kSetData, SetDataRequest{"/p", bytes("1"), 0});
  std::vector<MultiOp> ops(4);
  ops[0] = {OpCode::kSetData, SetDataRequest{"/p", bytes("m"), 1}};
  ops[1] = {OpCode::kCreate, create("/p/s-", "", 2)};
  ops[2] = {OpCode::kCreate, create("/new")};
  ops[3] = {OpCode::kDelete, PathVersion{"/none", -1}};
  const Slice multi = encode_multi(ops);
  Buffer frame;
  jute::write(frame, RequestHeader{3, 14});
  frame.raw(multi.bytes());
  s.frame(c, as_text(frame.bytes()));
  s.request(c, 4, OpCode::kSetData, SetDataRequest{"/p", bytes("2"), 1});  // the multi's set did not happen
  s.request(c, 5, OpCode::kCreate, create("/p/s-", "", 2));                // nor its counter
  s.request(c, 6, OpCode::kCreate, create("/new"));
  s.sync();
  CHECK(err(s.reply(c)) == KeeperCode::kOk);
  CHECK(err(s.reply(c)) == KeeperCode::kOk);
  const auto failed = s.reply(c);
  CHECK(err(failed) == KeeperCode::kOk);
  const Slice body = Slice::copy_of(failed->body);
  Reader r(body);
  const auto results = decode_multi_response(r);
  REQUIRE(results.has_value());
  REQUIRE(results->size() == 4);
  CHECK((*results)[0].err == KeeperCode::kOk);
  CHECK((*results)[3].err == KeeperCode::kNoNode);
  CHECK(err(s.reply(c)) == KeeperCode::kOk);
  const auto sequential = s.reply(c);
  CHECK(Server::decode<CreateResponse>(*sequential).path == "/p/s-0000000000");
  CHECK(err(s.reply(c)) == KeeperCode::kOk);
  CHECK(s.pipeline->database().digest_mismatches == 0);
}

TEST_CASE("a read waits for the writes of its own connection and for no other's") {
  Server s;
  const ConnId a = s.client();
  const ConnId b = s.client();
  s.auto_durable = false;
  s.request(a, 1, OpCode::kCreate, create("/x", "1"));
  s.request(a, 2, OpCode::kGetData, PathRequest{"/x", false});
  s.request(a, 3, OpCode::kSetData, SetDataRequest{"/x", bytes("2"), -1});
  s.request(a, 4, OpCode::kGetData, PathRequest{"/x", false});
  s.request(a, kXidPing, OpCode::kPing);
  CHECK(s.reply(a)->header.xid == kXidPing);  // pings do not wait
  CHECK(s.inbox[a].frames.empty());
  CHECK(s.code(b, OpCode::kExists, PathRequest{"/", false}) == KeeperCode::kOk);
  // Both writes become durable together; the first read still sees the first write's data.
  s.sync();
  CHECK(s.reply(a)->header.xid == 1);
  CHECK(as_text(Server::decode<GetDataResponse>(*s.reply(a)).data->bytes()) == "1");
  CHECK(s.reply(a)->header.xid == 3);
  CHECK(as_text(Server::decode<GetDataResponse>(*s.reply(a)).data->bytes()) == "2");
}

TEST_CASE("a connection that goes away takes its waiting reads along, its writes happen") {
  Server s;
  const ConnId a = s.client();
  const ConnId b = s.client();
  s.auto_durable = false;
  s.request(a, 1, OpCode::kCreate, create("/x"));
  s.request(a, 2, OpCode::kGetData, PathRequest{"/x", true});
  CHECK(s.pipeline->outstanding() == 2);
  s.run([&](Effects& out) { s.pipeline->on_closed(a, s.now, out); });
  CHECK(s.pipeline->outstanding() == 0);
  s.sync();
  CHECK(s.inbox[a].frames.empty());
  CHECK(s.code(b, OpCode::kExists, PathRequest{"/x", false}) == KeeperCode::kOk);
  CHECK(s.pipeline->watches().empty());
}

TEST_CASE("garbage closes its connection and disturbs nobody") {
  Server s;
  const ConnId healthy = s.client();
  const ConnId early = s.open();
  s.frame(early, "short");
  CHECK(s.inbox[early].closed);
  const ConnId late = s.client();
  s.frame(late, "abc");
  CHECK(s.inbox[late].closed);
  // A body that is no record: answered MarshallingError, the connection stays.
  const ConnId odd = s.client();
  for (const OpCode op : {OpCode::kCreate, OpCode::kDelete, OpCode::kSetData, OpCode::kSetAcl, OpCode::kMulti,
                          OpCode::kGetData, OpCode::kGetAcl, OpCode::kGetChildren, OpCode::kSetWatches,
                          OpCode::kAddWatch, OpCode::kCheckWatches, OpCode::kMultiRead, OpCode::kCreateTtl}) {
    CAPTURE(static_cast<int>(op));
    CHECK(s.code(odd, op, int32_t{0x7fffffff}) == KeeperCode::kMarshallingError);
  }
  CHECK(s.code(odd, OpCode::kExists, PathRequest{"/", false}) == KeeperCode::kOk);
  // The server's own ops are not for clients.
  s.request(odd, 99, OpCode::kDeleteContainer, std::string("/zookeeper"));
  CHECK(err(s.reply(odd)) == KeeperCode::kUnimplemented);
  CHECK(s.inbox[odd].closed);
  CHECK(s.code(healthy, OpCode::kExists, PathRequest{"/", false}) == KeeperCode::kOk);
}

TEST_CASE("containers and expired TTL nodes are deleted by transactions") {
  Server s("extendedTypesEnabled=true\nznode.container.checkIntervalMs=1000\n");
  const ConnId c = s.client(40000);
  s.call(c, OpCode::kCreateContainer, create("/c", "", 4));
  s.call(c, OpCode::kCreate, create("/c/x"));
  s.call(c, OpCode::kCreateTtl, CreateTtlRequest{"/t", bytes(""), open_acl(), 5, 1500});
  s.advance(1000);
  CHECK(s.pipeline->database().tree.find("/t") != nullptr);
  s.call(c, OpCode::kDelete, PathVersion{"/c/x", -1});
  CHECK(s.pipeline->database().tree.find("/c") != nullptr);
  s.advance(1000);
  CHECK(s.pipeline->database().tree.find("/c") == nullptr);
  CHECK(s.pipeline->database().tree.find("/t") == nullptr);
  CHECK(decode_txn(s.log.back())->header.type == static_cast<int32_t>(OpCode::kDeleteContainer));
  CHECK(s.pipeline->database().digest_mismatches == 0);
}

TEST_CASE("hard quotas refuse, soft ones do not") {
  Server s("enforceQuota=true\n");
  const ConnId c = s.client();
  s.call(c, OpCode::kCreate, create("/q"));
  s.call(c, OpCode::kCreate, create("/zookeeper/quota/q"));
  s.call(c, OpCode::kCreate,
         create("/zookeeper/quota/q/zookeeper_limits", "count=1,bytes=5=;byteHardLimit=10;countHardLimit=2"));
  s.call(c, OpCode::kCreate, create("/zookeeper/quota/q/zookeeper_stats", "count=0,bytes=0"));
  CHECK(s.code(c, OpCode::kCreate, create("/q/1", "123456")) == KeeperCode::kOk);  // over the soft limits
  CHECK(s.code(c, OpCode::kCreate, create("/q/2")) == KeeperCode::kQuotaExceeded);
  CHECK(s.code(c, OpCode::kSetData, SetDataRequest{"/q/1", bytes("12345678901"), -1}) == KeeperCode::kQuotaExceeded);
  CHECK(s.code(c, OpCode::kSetData, SetDataRequest{"/q/1", bytes("1234567890"), -1}) == KeeperCode::kOk);
}

TEST_CASE("without digests nothing carries one") {
  Server s("digest.enabled=false\n");
  const ConnId c = s.client();
  s.call(c, OpCode::kCreate, create("/x"));
  for (const Slice& payload : s.log) CHECK_FALSE(decode_txn(payload)->digest.has_value());
  CHECK(s.pipeline->database().tree.digest() == 0);
}

TEST_CASE("with closeSessionTxn off the transaction has no list, and a digest after it is told apart") {
  Server s("closeSessionTxn.enabled=false\n");
  const ConnId c = s.client();
  s.call(c, OpCode::kCreate, create("/e", "", 1));
  s.request(c, 9, OpCode::kCloseSession);
  const auto txn = decode_txn(s.log.back());
  REQUIRE(txn.has_value());
  CHECK(std::holds_alternative<std::monostate>(txn->body));
  CHECK(txn->digest.has_value());
  CHECK(encode_txn(*txn).text() == s.log.back().text());
  CHECK(s.pipeline->database().tree.find("/e") == nullptr);
}

TEST_CASE("the log of a busy server replays to the same tree") {
  Server s;
  std::vector<ConnId> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(s.client());
  Rng rng(5);
  s.auto_durable = false;
  for (int i = 0; i < 2000; ++i) {
    const ConnId c = clients[rng.below(clients.size())];
    const std::string path = "/" + std::string(1, static_cast<char>('a' + rng.below(5))) +
                             (rng.chance(0.5) ? "/" + std::string(1, static_cast<char>('a' + rng.below(5))) : "");
    switch (rng.below(5)) {
      case 0:
      case 1:
        s.request(c, i, OpCode::kCreate, create(path, "d", static_cast<int32_t>(rng.below(4))));
        break;
      case 2:
        s.request(c, i, OpCode::kDelete, PathVersion{path, -1});
        break;
      case 3:
        s.request(c, i, OpCode::kSetData, SetDataRequest{path, bytes(std::to_string(i)), -1});
        break;
      default: {
        Buffer frame;
        jute::write(frame, RequestHeader{i, 14});
        const Slice multi = encode_multi(
            {{OpCode::kCreate, create(path, "m", static_cast<int32_t>(rng.below(4)))},
             {OpCode::kSetData, SetDataRequest{path, bytes("n"), -1}},
             {OpCode::kDelete, PathVersion{"/" + std::string(1, static_cast<char>('a' + rng.below(5))), -1}}});
        frame.raw(multi.bytes());
        s.frame(c, as_text(frame.bytes()));
      }
    }
    if (rng.chance(0.05)) s.sync();
  }
  s.request(clients[0], 9999, OpCode::kCloseSession);
  s.sync();
  CHECK(s.pipeline->database().digest_mismatches == 0);
  Database again;
  for (const Slice& payload : s.log) REQUIRE(again.replay(payload).has_value());
  CHECK(again.digest_mismatches == 0);
  std::string why;
  CHECK_MESSAGE(again.tree.equals(s.pipeline->database().tree, &why), why);
  CHECK(again.sessions == s.pipeline->database().sessions);
  CHECK(again.tree.node_count() > 10);
}
