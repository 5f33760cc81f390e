// The tree: digests by the published rule, stats as clients see them, replays that meet what is already there.
#include "core/zk/tree.h"

#include <doctest/doctest.h>

#include "core/base/rng.h"
#include "tests/unit/zk/harness.h"
#include "tests/unit/zk/random_txns.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

TxnHeader header(Zxid zxid, OpCode type, SessionId session = 1) {
  return {session, 1, zxid, 1000 + zxid, static_cast<int32_t>(type)};
}

CreateTxn plain(std::string path, int32_t cversion, bool ephemeral = false) {
  return {std::move(path), bytes("d"), open_acl(), ephemeral, cversion};
}

struct Events : TreeEvents {
  std::vector<std::string> seen;
  void on_created(std::string_view path) override { seen.push_back("+" + std::string(path)); }
  void on_deleted(std::string_view path) override { seen.push_back("-" + std::string(path)); }
  void on_data_changed(std::string_view path) override { seen.push_back("=" + std::string(path)); }
};

}  // namespace

TEST_CASE("a fresh tree has the digest that Apache 3.8 computes for it") {
  DataTree tree;
  CHECK(tree.digest() == 0x51c6d660);
  CHECK(tree.recompute_digest() == 0x51c6d660);
  CHECK(tree.node_count() == 4);
  CHECK(tree.stat_of(*tree.find("/")).cversion == -1);
  CHECK(tree.stat_of(*tree.find("/")).num_children == 1);
  CHECK(tree.stat_of(*tree.find("/zookeeper/config")).aversion == -1);
  CHECK(tree.acl_of(*tree.find("/zookeeper/config")) == AclList{{kPermRead, {"world", "anyone"}}});
}

TEST_CASE("paths that name nothing find nothing") {
  DataTree tree;
  for (const char* path : {"//", "/zookeeper/", "/zookeeper//quota", "zookeeper", "/zookeeper/quota/x", "/ "}) {
    CHECK(tree.find(path) == nullptr);
  }
  CHECK(tree.find("") == tree.find("/"));
}

TEST_CASE("stored and shown counters: creates count, clients also see deletes") {
  DataTree tree;
  tree.apply(header(1, OpCode::kCreate), plain("/a", 1));
  tree.apply(header(2, OpCode::kCreate), plain("/a/b", 1));
  tree.apply(header(3, OpCode::kCreate), plain("/a/c", 2));
  tree.apply(header(4, OpCode::kDelete), DeleteTxn{"/a/b"});
  const Node* a = tree.find("/a");
  CHECK(a->cversion == 2);
  CHECK(a->pzxid == 4);
  CHECK(tree.stat_of(*a).cversion == 3);
  CHECK(tree.stat_of(*a).num_children == 1);
  CHECK(tree.stat_of(*a).data_length == 1);
  CHECK(tree.last_zxid() == 4);
}

TEST_CASE("null and empty data differ in storage and not in length") {
  DataTree tree;
  tree.apply(header(1, OpCode::kCreate), CreateTxn{"/null", std::nullopt, open_acl(), false, 1});
  tree.apply(header(2, OpCode::kCreate), CreateTxn{"/empty", Slice(), open_acl(), false, 2});
  CHECK_FALSE(tree.find("/null")->has_data());
  CHECK(tree.find("/empty")->has_data());
  tree.apply(header(3, OpCode::kSetData), SetDataTxn{"/null", bytes("longer"), 1});
  CHECK(as_text(tree.find("/null")->data()) == "longer");
  tree.apply(header(4, OpCode::kSetData), SetDataTxn{"/null", std::nullopt, 2});
  CHECK_FALSE(tree.find("/null")->has_data());
  CHECK(tree.find("/null")->name() == "null");
  CHECK(tree.digest() == tree.recompute_digest());
}

TEST_CASE("a replayed create keeps the larger counters of its parent") {
  DataTree tree;
  tree.apply(header(1, OpCode::kCreate), plain("/a", 1));
  tree.apply(header(2, OpCode::kCreate), plain("/a/x", 5));
  CHECK(tree.apply(header(2, OpCode::kCreate), plain("/a/x", 5)).err == KeeperCode::kNodeExists);
  CHECK(tree.find("/a")->cversion == 5);
  // An older create must not set the counters back, a newer one that meets its node must set them.
  tree.apply(header(2, OpCode::kCreate), plain("/a/y", 3));
  CHECK(tree.find("/a")->cversion == 5);
  CHECK(tree.find("/a")->pzxid == 2);
  CHECK(tree.apply(header(9, OpCode::kCreate), plain("/a/x", 7)).err == KeeperCode::kNodeExists);
  CHECK(tree.find("/a")->cversion == 7);
  CHECK(tree.find("/a")->pzxid == 9);
  CHECK(tree.digest() == tree.recompute_digest());
}

TEST_CASE("a replayed delete of what is gone still moves the parent's pzxid, and only forward") {
  DataTree tree;
  tree.apply(header(1, OpCode::kCreate), plain("/a", 1));
  CHECK(tree.apply(header(7, OpCode::kDelete), DeleteTxn{"/a/gone"}).err == KeeperCode::kNoNode);
  CHECK(tree.find("/a")->pzxid == 7);
  tree.apply(header(3, OpCode::kDelete), DeleteTxn{"/a/gone"});
  CHECK(tree.find("/a")->pzxid == 7);
  CHECK(tree.digest() == tree.recompute_digest());
}

TEST_CASE("closeSession deletes its list and what else the session owns") {
  DataTree tree;
  Events events;
  tree.apply(header(1, OpCode::kCreate, 42), plain("/e1", 1, true));
  tree.apply(header(2, OpCode::kCreate, 42), plain("/e2", 2, true));
  tree.apply(header(3, OpCode::kCreate, 43), plain("/other", 3, true));
  CHECK(tree.ephemeral_count() == 3);
  CHECK(tree.ephemerals_of(42) == std::vector<std::string>{"/e1", "/e2"});
  CHECK(tree.stat_of(*tree.find("/e1")).ephemeral_owner == 42);
  tree.apply(header(4, OpCode::kCloseSession, 42), CloseSessionTxn{{"/e2", "/never"}}, &events);
  CHECK(events.seen == std::vector<std::string>{"-/e2", "-/e1"});
  CHECK(tree.sessions_with_ephemerals() == std::vector<SessionId>{43});
  tree.apply(header(5, OpCode::kCloseSession, 43), std::monostate{});  // 3.5: no list
  CHECK(tree.find("/other") == nullptr);
}

TEST_CASE("a multi with an error applies nothing and tells each op its part") {
  DataTree tree;
  const uint64_t before = tree.digest();
  MultiTxn multi;
  multi.txns.push_back({1, encode_txn_body(plain("/x", 1))});
  multi.txns.push_back({-1, encode_txn_body(ErrorTxn{-101})});
  multi.txns.push_back({-1, encode_txn_body(ErrorTxn{-2})});
  const TxnResult result = tree.apply(header(1, OpCode::kMulti), multi);
  REQUIRE(result.multi.size() == 3);
  CHECK(result.multi[0].err == KeeperCode::kOk);
  CHECK(result.multi[0].type == OpCode::kError);
  CHECK(result.multi[1].err == KeeperCode::kNoNode);
  CHECK(result.multi[2].err == KeeperCode::kRuntimeInconsistency);
  CHECK(tree.find("/x") == nullptr);
  CHECK(tree.digest() == before);
  CHECK(tree.last_zxid() == 1);
}

TEST_CASE("containers and TTL nodes: owners, candidates, what clients see") {
  const TreeOptions options{true, true, false};
  DataTree tree(options);
  tree.apply(header(1, OpCode::kCreateContainer), CreateContainerTxn{"/c", bytes(""), open_acl(), 1});
  tree.apply(header(2, OpCode::kCreateTtl), CreateTtlTxn{"/t", bytes(""), open_acl(), 2, 500});
  CHECK(tree.find("/c")->ephemeral_owner == INT64_MIN);
  CHECK(tree.find("/t")->ephemeral_owner == static_cast<int64_t>(0xff000000000001f4));
  CHECK(tree.stat_of(*tree.find("/c")).ephemeral_owner == 0);
  CHECK(tree.stat_of(*tree.find("/t")).ephemeral_owner == 0);
  CHECK(tree.ephemeral_count() == 0);
  CHECK(tree.container_candidates(1400, 0, 100).empty());  // never used; the TTL has not passed
  CHECK(tree.container_candidates(1503, 0, 100) == std::vector<std::string>{"/t"});
  CHECK(tree.container_candidates(1403, 400, 100) == std::vector<std::string>{"/c"});
  tree.apply(header(3, OpCode::kCreate), plain("/c/x", 1));
  CHECK(tree.container_candidates(1400, 0, 100).empty());
  tree.apply(header(4, OpCode::kDelete), DeleteTxn{"/c/x"});
  CHECK(tree.container_candidates(1400, 0, 100) == std::vector<std::string>{"/c"});
  CHECK(owner_kind(static_cast<int64_t>(0xff000000000001f4), {}) == OwnerKind::kSession);  // types off
  CHECK(owner_kind(5, options) == OwnerKind::kSession);
  CHECK(owner_kind(INT64_MIN + 77, {true, true, true}) == OwnerKind::kTtl);
}

TEST_CASE("ACL lists are shared, counted and dropped") {
  DataTree tree;
  const size_t before = tree.acls().size();
  const AclList mine{{kPermRead, {"digest", "a:b"}}};
  tree.apply(header(1, OpCode::kCreate), CreateTxn{"/a", bytes(""), mine, false, 1});
  tree.apply(header(2, OpCode::kCreate), CreateTxn{"/b", bytes(""), mine, false, 2});
  CHECK(tree.acls().size() == before + 1);
  CHECK(tree.find("/a")->acl == tree.find("/b")->acl);
  tree.apply(header(3, OpCode::kSetAcl), SetAclTxn{"/a", open_acl(), 1});
  tree.apply(header(4, OpCode::kDelete), DeleteTxn{"/b"});
  CHECK(tree.acls().size() == before);
  CHECK(tree.acl_of(*tree.find("/a")) == open_acl());
}

TEST_CASE("quotas: statistics follow the subtree") {
  DataTree tree;
  Zxid zxid = 0;
  int32_t cversion = 0;
  const auto create = [&](const std::string& path, std::string_view data) {
    REQUIRE(
        tree.apply(header(++zxid, OpCode::kCreate), CreateTxn{path, bytes(data), open_acl(), false, ++cversion}).err ==
        KeeperCode::kOk);
  };
  create("/q", "12345");
  create("/q/one", "123");
  create("/zookeeper/quota/q", "");
  create("/zookeeper/quota/q/zookeeper_limits", "count=2,bytes=100");
  create("/zookeeper/quota/q/zookeeper_stats", "count=0,bytes=0");
  const auto stats = [&] { return std::string(as_text(tree.find("/zookeeper/quota/q/zookeeper_stats")->data())); };
  CHECK(stats() == "count=2,bytes=8");
  create("/q/two", "1234567");
  CHECK(stats() == "count=3,bytes=15");
  tree.apply(header(++zxid, OpCode::kSetData), SetDataTxn{"/q/one", bytes(""), 1});
  CHECK(stats() == "count=3,bytes=12");
  tree.apply(header(++zxid, OpCode::kDelete), DeleteTxn{"/q/two"});
  CHECK(stats() == "count=2,bytes=5");
  CHECK(tree.quota_root("/q/one/deep") == "/q");
  CHECK(tree.quota_root("/qq") == "");
  tree.apply(header(++zxid, OpCode::kDelete), DeleteTxn{"/zookeeper/quota/q/zookeeper_limits"});
  CHECK(tree.quota_root("/q") == "");
  CHECK(tree.digest() == tree.recompute_digest());
  const QuotaStats parsed = QuotaStats::parse("count=5,bytes=-1=;byteHardLimit=7;countHardLimit=9");
  CHECK(parsed.count == 5);
  CHECK(parsed.bytes == -1);
  CHECK(parsed.byte_hard_limit == 7);
  CHECK(parsed.count_hard_limit == 9);
}

TEST_CASE("children sets grow and shrink through all their forms") {
  DataTree tree;
  Zxid zxid = 0;
  tree.apply(header(++zxid, OpCode::kCreate), plain("/p", 1));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40; ++i) tree.apply(header(++zxid, OpCode::kCreate), plain("/p/" + std::to_string(i), -1));
    for (int i = 0; i < 40; ++i) REQUIRE(tree.find("/p/" + std::to_string(i)) != nullptr);
    CHECK(tree.find("/p")->children.size() == 40);
    CHECK(tree.descendants(*tree.find("/p")) == 40);
    for (int i = 39; i >= 0; --i) {
      tree.apply(header(++zxid, OpCode::kDelete), DeleteTxn{"/p/" + std::to_string(i)});
      REQUIRE(tree.find("/p")->children.size() == static_cast<size_t>(i));
    }
  }
  CHECK(tree.node_count() == 5);
}

TEST_CASE("the digest kept along equals the one computed from scratch, under random transactions") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    RandomTxns random(seed);
    DataTree tree({true, true, false});
    for (int i = 0; i < 400; ++i) {
      random.apply_next(tree);
      if (i % 37 == 0) REQUIRE(tree.digest() == tree.recompute_digest());
    }
    REQUIRE(tree.digest() == tree.recompute_digest());
  }
}

TEST_CASE("equality tells what differs") {
  DataTree a, b;
  CHECK(a.equals(b));
  a.apply(header(1, OpCode::kCreate), plain("/a", 1));
  std::string why;
  CHECK_FALSE(a.equals(b, &why));
  CHECK(why.find("5 and 4") != std::string::npos);
  b.apply(header(1, OpCode::kCreate), CreateTxn{"/a", bytes("e"), open_acl(), false, 1});
  CHECK_FALSE(a.equals(b, &why));
  CHECK(why == "/a: data");
}
