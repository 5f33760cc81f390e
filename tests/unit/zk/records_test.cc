// Records against bytes of real peers (kazoo's serializers: tests/golden/zk/kazoo-requests.hex), null against empty,
// limits, and the law that no truncation or flipped byte of any record does harm.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "core/base/rng.h"
#include "core/zk/proto.h"
#include "core/zk/txn.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

std::map<std::string, std::string> kazoo() {
  std::ifstream in(std::string(KZ_SOURCE_DIR) + "/tests/golden/zk/kazoo-requests.hex");
  REQUIRE(in.good());
  std::map<std::string, std::string> out;
  for (std::string name, data; in >> name >> data;) out[name] = unhex(data);
  return out;
}

const AclList kAcl{{31, {"world", "anyone"}}, {5, {"digest", "u:h"}}};

// Encodes to the golden bytes, decodes from them, and survives their damage.
template <class T>
void golden(const std::string& bytes_of_peer, const T& value) {
  CHECK(hex(jute::encode(value).text()) == hex(bytes_of_peer));
  const Slice slice = Slice::copy_of(bytes_of_peer);
  const auto read = jute::decode<T>(slice);
  REQUIRE(read.has_value());
  CHECK(jute::print(*read) == jute::print(value));
  CHECK(hex(jute::encode(*read).text()) == hex(bytes_of_peer));
  CHECK(jute::size_of(value) == bytes_of_peer.size());
  for (size_t n = 0; n < bytes_of_peer.size(); ++n) {
    CHECK_FALSE(jute::decode<T>(slice.sub(0, n)).has_value());
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes_of_peer;
      damaged[n] = static_cast<char>(damaged[n] ^ flip);
      const auto other = jute::decode<T>(Slice::copy_of(damaged));
      // What is accepted is a value: it encodes again, and reads as the same value.
      if (!other) continue;
      const auto again = jute::decode<T>(jute::encode(*other));
      REQUIRE(again.has_value());
      CHECK(jute::print(*again) == jute::print(*other));
    }
  }
}

}  // namespace

TEST_CASE("requests are what kazoo sends") {
  auto peer = kazoo();
  REQUIRE(peer.size() == 16);
  golden(peer["create"], create("/a/\u00fc", "data", 3, kAcl));
  golden(peer["create_empty"], create("/a"));
  golden(peer["delete"], DeleteRequest{"/a", -1});
  golden(peer["exists"], ExistsRequest{"/a", true});
  golden(peer["get"], GetDataRequest{"/a", false});
  golden(peer["set"], SetDataRequest{"/a", std::nullopt, 7});
  golden(peer["get_acl"], GetAclRequest{"/a"});
  golden(peer["set_acl"], SetAclRequest{"/a", kAcl, 2});
  golden(peer["get_children"], GetChildren2Request{"/a", false});
  golden(peer["sync"], SyncRequest{"/a"});
  golden(peer["check"], CheckVersionRequest{"/a", 3});
  golden(peer["auth"], AuthPacket{0, "digest", bytes("u:p")});
  golden(peer["reconfig"], ReconfigRequest{std::nullopt, "3,4", std::nullopt, -1});
}

TEST_CASE("connect requests, with and without the read-only tail") {
  auto peer = kazoo();
  const ConnectRequest q{0, 77, 10000, 0x123456789, bytes("0123456789abcdef"), true};
  CHECK(hex(encode_connect_request(q).text().substr(4)) == hex(peer["connect"]));
  const auto read = decode_connect_request(Slice::copy_of(peer["connect"]));
  REQUIRE(read.has_value());
  CHECK(read->session_id == 0x123456789);
  CHECK(read->read_only == true);
  const std::string old = peer["connect"].substr(0, peer["connect"].size() - 1);
  const auto old_read = decode_connect_request(Slice::copy_of(old));
  REQUIRE(old_read.has_value());
  CHECK_FALSE(old_read->read_only.has_value());
  CHECK(hex(encode_connect_request(*old_read).text().substr(4)) == hex(old));
  CHECK(decode_connect_request(Slice::copy_of(peer["connect_new"]))->read_only == false);
  for (size_t n = 0; n < old.size(); ++n)
    CHECK_FALSE(decode_connect_request(Slice::copy_of(old.substr(0, n))).has_value());
}

TEST_CASE("multi requests as kazoo sends them, and their damage") {
  const std::string peer = kazoo()["multi"];
  const Slice slice = Slice::copy_of(peer);
  Reader r(slice);
  const auto ops = decode_multi(r);
  REQUIRE(ops.has_value());
  REQUIRE(ops->size() == 4);
  CHECK((*ops)[0].type == OpCode::kCreate);
  CHECK(std::get<PathVersion>((*ops)[2].request).version == 1);
  CHECK(hex(encode_multi(*ops).text()) == hex(peer));
  for (size_t n = 0; n < peer.size(); ++n) {
    const Slice part = slice.sub(0, n);  // a Reader refers to its slice
    Reader cut(part);
    CHECK_FALSE(decode_multi(cut).has_value());
  }
  const Slice mixed =
      encode_multi({{OpCode::kGetData, PathRequest{"/a", false}}, {OpCode::kDelete, PathVersion{"/a", 1}}});
  Reader m(mixed);
  CHECK_FALSE(decode_multi(m).has_value());
  std::vector<MultiOp> sync(1);
  sync[0] = {OpCode::kSync, PathVersion{"/a", 1}};
  const Slice unknown = encode_multi(sync);
  Reader u(unknown);
  CHECK_FALSE(decode_multi(u).has_value());
}

TEST_CASE("null and empty survive a round trip apart") {
  CHECK(hex(jute::encode(SaslToken{}).text()) == "ffffffff");
  CHECK(hex(jute::encode(SaslToken{Slice()}).text()) == "00000000");
  CHECK_FALSE(jute::decode<SaslToken>(Slice::copy_of(unhex("ffffffff")))->token.has_value());
  CHECK(jute::decode<SaslToken>(Slice::copy_of(unhex("00000000")))->token.has_value());
  const std::optional<std::vector<std::string>> none, empty{std::vector<std::string>{}};
  CHECK(hex(jute::encode(none).text()) == "ffffffff");
  CHECK(hex(jute::encode(empty).text()) == "00000000");
  // Where null has no meaning it reads as empty: kazoo writes the empty id of an "auth" ACL as null.
  CHECK(jute::decode<PathOnly>(Slice::copy_of(unhex("ffffffff")))->path.empty());
  CHECK(jute::decode<SetAclRequest>(Slice::copy_of(unhex("00000000ffffffff00000000")))->acl.empty());
}

TEST_CASE("lengths and counts beyond the bytes or the limit are refused before anything is reserved") {
  CHECK_FALSE(jute::decode<PathOnly>(Slice::copy_of(unhex("7fffffff"))).has_value());
  CHECK_FALSE(jute::decode<PathOnly>(Slice::copy_of(unhex("80000000"))).has_value());
  CHECK_FALSE(jute::decode<SetAclRequest>(Slice::copy_of(unhex("000000007fffffff"))).has_value());
  const Slice long_path = jute::encode(PathOnly{std::string(101, 'x')});
  CHECK_FALSE(jute::decode<PathOnly>(long_path, JuteLimits{50, 50}).has_value());
  CHECK(jute::decode<PathOnly>(long_path, JuteLimits{51, 50}).has_value());
}

TEST_CASE("transactions: every kind round trips, every damage is survived") {
  std::vector<Txn> txns;
  const auto add = [&](OpCode type, TxnBody body, bool digest = true) {
    Txn txn{{1, 2, 3, 4, static_cast<int32_t>(type)}, std::move(body), {}};
    if (digest) txn.digest = TxnDigest{2, 0x1234567890};
    txns.push_back(std::move(txn));
  };
  add(OpCode::kCreate, CreateTxn{"/a", bytes("d"), kAcl, true, 9});
  add(OpCode::kCreate2, CreateTxn{"/a", std::nullopt, kAcl, false, 9}, false);
  add(OpCode::kCreateContainer, CreateContainerTxn{"/a", bytes(""), kAcl, 9});
  add(OpCode::kCreateTtl, CreateTtlTxn{"/a", bytes(""), kAcl, 9, 77});
  add(OpCode::kDelete, DeleteTxn{"/a"});
  add(OpCode::kDeleteContainer, DeleteTxn{"/a"}, false);
  add(OpCode::kSetData, SetDataTxn{"/a", std::nullopt, 3});
  add(OpCode::kReconfig, SetDataTxn{"/zookeeper/config", bytes("x"), -1});
  add(OpCode::kSetAcl, SetAclTxn{"/a", kAcl, 3});
  add(OpCode::kCheck, CheckVersionTxn{"/a", 3});
  add(OpCode::kCreateSession, CreateSessionTxn{4000});
  add(OpCode::kCloseSession, CloseSessionTxn{{"/a", "/b"}});
  add(OpCode::kCloseSession, CloseSessionTxn{{}}, false);
  add(OpCode::kCloseSession, std::monostate{});
  add(OpCode::kCloseSession, std::monostate{}, false);
  add(OpCode::kError, ErrorTxn{-101}, false);
  add(OpCode::kMulti, MultiTxn{{{2, encode_txn_body(DeleteTxn{"/a"})}, {-1, std::nullopt}}});
  for (const Txn& txn : txns) {
    const std::string printed = print_txn(txn);
    CAPTURE(printed);
    const Slice payload = encode_txn(txn);
    const auto read = decode_txn(payload);
    REQUIRE(read.has_value());
    CHECK(print_txn(*read) == printed);
    CHECK(hex(encode_txn(*read).text()) == hex(payload.text()));
    for (size_t n = 0; n < payload.size(); ++n) {
      if (const auto cut = decode_txn(payload.sub(0, n))) CHECK(encode_txn(*cut).size() <= payload.size());
      std::string damaged(payload.text());
      damaged[n] = static_cast<char>(damaged[n] ^ 0x81);
      const auto other = decode_txn(Slice::copy_of(damaged));
      if (!other) continue;
      DataTree tree;
      tree.apply(other->header, other->body);
      CHECK(tree.digest() == tree.recompute_digest());
    }
  }
}

TEST_CASE("a create of before 3.4 has no parent version and counts one up") {
  const Slice old = jute::encode(TxnHeader{1, 1, 1, 1, 1}, CreateTxnV0{"/a", bytes("x"), open_acl(), false});
  const auto txn = decode_txn(old);
  REQUIRE(txn.has_value());
  CHECK(std::get<CreateTxn>(txn->body).parent_cversion == -1);
  DataTree tree;
  tree.apply(txn->header, txn->body);
  CHECK(tree.find("/")->cversion == 1);
}

TEST_CASE("an unknown transaction type is named, not guessed") {
  const Slice odd = jute::encode(TxnHeader{1, 1, 1, 1, 77});
  const auto txn = decode_txn(odd);
  REQUIRE_FALSE(txn.has_value());
  CHECK(txn.error().code == Errc::kUnsupportedVersion);
  CHECK(txn.error().detail == 77);
}
