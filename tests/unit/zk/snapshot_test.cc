// Snapshots: round trips, streams fed in any pieces, damage, and the law of fuzzy snapshots: whatever is written while
// transactions go on, replaying the log from the snapshot's zxid gives exactly the tree.
#include "core/zk/snapshot_codec.h"

#include <doctest/doctest.h>

#include "core/base/rng.h"
#include "core/zk/database.h"
#include "tests/unit/zk/harness.h"
#include "tests/unit/zk/random_txns.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

constexpr TreeOptions kOptions{true, true, false};

std::string write(DataTree& tree, const SessionTimeouts& sessions,
                  SnapshotWriter::Form form = SnapshotWriter::Form::kFile) {
  SnapshotWriter writer(tree, sessions, form);
  Buffer out;
  while (writer.step(out, 64)) {
  }
  return std::string(as_text(out.bytes()));
}

void grow(DataTree& tree, uint64_t seed, int n) {
  RandomTxns random(seed);
  for (int i = 0; i < n; ++i) random.apply_next(tree);
}

}  // namespace

TEST_CASE("a snapshot of an empty tree is what Java writes, bytes and seals") {
  DataTree tree;
  const std::string stream = write(tree, {});
  // "ZKSN" 2 -1, no sessions, one ACL (of /zookeeper/config) with index 1.
  CHECK(hex(stream.substr(0, 40)) ==
        "5a4b534e00000002ffffffffffffffff000000000000000100000000000000010000000100000001");
  CHECK(hex(stream.substr(stream.size() - 5)) == "000000012f");
  CHECK(tree.digest() == 0x51c6d660);
}

TEST_CASE("what is written is read, in pieces of any size") {
  DataTree tree(kOptions);
  grow(tree, 7, 300);
  const SessionTimeouts sessions{{1, 4000}, {-5, 40000}};
  const std::string stream = write(tree, sessions);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{100}, stream.size()}) {
    CAPTURE(piece);
    DataTree read(kOptions);
    SessionTimeouts read_sessions;
    SnapshotReader reader(read, read_sessions);
    for (size_t at = 0; at < stream.size(); at += piece) {
      REQUIRE(reader.feed(as_bytes(std::string_view(stream).substr(at, piece))).has_value());
    }
    REQUIRE(reader.finish().has_value());
    std::string why;
    CHECK_MESSAGE(tree.equals(read, &why), why);
    CHECK(read.digest() == tree.digest());
    CHECK(read.digest() == read.recompute_digest());
    CHECK(read_sessions == sessions);
    CHECK(read.ephemerals_of(1) == tree.ephemerals_of(1));
    CHECK(read.container_candidates(INT64_MAX / 2, 1, 1000) == tree.container_candidates(INT64_MAX / 2, 1, 1000));
    REQUIRE(reader.digest().has_value());
    CHECK(reader.digest()->zxid == tree.last_zxid());
    CHECK(static_cast<uint64_t>(reader.digest()->digest) == tree.digest());
  }
}

TEST_CASE("the learner form has no header and no seals, and leaves what follows") {
  DataTree tree(kOptions);
  grow(tree, 3, 100);
  const std::string stream = write(tree, {{9, 1000}}, SnapshotWriter::Form::kLearner) + "BenWasHere";
  DataTree read(kOptions);
  SessionTimeouts sessions;
  SnapshotReader reader(read, sessions, SnapshotWriter::Form::kLearner);
  REQUIRE(reader.feed(as_bytes(stream)).has_value());
  CHECK(reader.complete());
  CHECK(as_text(reader.surplus()) == "BenWasHere");
  CHECK(tree.equals(read));
}

TEST_CASE("a file of 3.5 ends after the first seal") {
  DataTree tree({false, true, false});  // digests off writes the same form
  grow(tree, 4, 50);
  const std::string stream = write(tree, {});
  DataTree read(kOptions);
  SessionTimeouts sessions;
  SnapshotReader reader(read, sessions);
  REQUIRE(reader.feed(as_bytes(stream)).has_value());
  CHECK(reader.complete());
  CHECK_FALSE(reader.digest().has_value());
}

TEST_CASE("every truncation and every flipped byte is noticed") {
  DataTree tree(kOptions);
  grow(tree, 11, 12);
  const std::string stream = write(tree, {{1, 2}});
  const size_t first_seal = stream.size() - 13 - 20;  // a 3.5 file is a legal prefix
  for (size_t size = 0; size < stream.size(); ++size) {
    DataTree read(kOptions);
    SessionTimeouts sessions;
    SnapshotReader reader(read, sessions);
    const Status fed = reader.feed(as_bytes(std::string_view(stream).substr(0, size)));
    if (size == first_seal) continue;
    CAPTURE(size);
    CHECK_FALSE((fed.has_value() && reader.finish().has_value()));
  }
  for (size_t at = 0; at < stream.size(); ++at) {
    std::string damaged = stream;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x11);
    DataTree read(kOptions);
    SessionTimeouts sessions;
    SnapshotReader reader(read, sessions);
    const Status fed = reader.feed(as_bytes(damaged));
    const bool accepted = fed.has_value() && reader.finish().has_value();
    CAPTURE(at);
    // The header's version and dbid are not looked at, but the seals cover them.
    CHECK_FALSE(accepted);
  }
}

TEST_CASE("a fuzzy snapshot plus the log is the tree, wherever it was cut") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Rng rng(seed * 977);
    RandomTxns random(seed);
    Database live(kOptions);
    std::vector<Txn> log;
    const auto step = [&] {
      Txn txn = random.next(live.tree);
      live.apply(txn);
      txn.digest = TxnDigest{2, static_cast<int64_t>(live.tree.digest())};
      log.push_back(std::move(txn));
    };
    for (uint64_t i = rng.below(120); i > 0; --i) step();
    // The snapshot takes a few bytes at a time; random transactions come in between.
    SnapshotWriter writer(live.tree, live.sessions);
    Buffer out;
    while (writer.step(out, 1 + rng.below(300))) {
      for (uint64_t i = rng.below(12); i > 0; --i) step();
    }
    for (uint64_t i = rng.below(30); i > 0; --i) step();

    Database recovered(kOptions);
    SnapshotReader reader(recovered.tree, recovered.sessions);
    REQUIRE(reader.feed(out.bytes()).has_value());
    REQUIRE(reader.finish().has_value());
    recovered.loaded(writer.zxid(), reader.digest());
    for (const Txn& txn : log) REQUIRE(recovered.replay(encode_txn(txn)).has_value());
    std::string why;
    CHECK_MESSAGE(live.tree.equals(recovered.tree, &why), why);
    CHECK(recovered.tree.digest() == recovered.tree.recompute_digest());
    CHECK(recovered.digest_mismatches == 0);
    CHECK(recovered.tree.ephemeral_count() == live.tree.ephemeral_count());
    CHECK(recovered.tree.acls().size() == live.tree.acls().size());
  }
}

TEST_CASE("nodes without parents, twice, or with absurd lengths are corrupt, not fatal") {
  const auto read = [](auto fill) {
    Buffer out;
    jute::write(out, FileHeader{kSnapshotMagic, 2, -1});
    out.i32(0);
    out.i32(0);
    fill(out);
    DataTree tree;
    SessionTimeouts sessions;
    SnapshotReader reader(tree, sessions);
    return reader.feed(out.bytes());
  };
  const auto node = [](Buffer& out, std::string_view path) {
    jute::write(out, path);
    out.i32(0);
    out.i64(-1);
    jute::write(out, StatPersisted{});
  };
  const auto code = [](const Status& status) { return status ? Errc::kInternal : status.error().code; };
  CHECK(code(read([&](Buffer& out) { node(out, "/a/b"); })) == Errc::kCorrupt);
  CHECK(code(read([&](Buffer& out) {
          node(out, "");
          node(out, "/a/b");
        })) == Errc::kCorrupt);
  CHECK(code(read([&](Buffer& out) {
          node(out, "");
          node(out, "/a");
          node(out, "/a");
        })) == Errc::kCorrupt);
  CHECK(code(read([&](Buffer& out) { out.i32(0x7fffffff); })) == Errc::kCorrupt);
  CHECK(code(read([&](Buffer& out) { out.i32(-7); })) == Errc::kCorrupt);
  CHECK(code(read([&](Buffer& out) { jute::write(out, std::string_view("/")); })) == Errc::kCorrupt);  // no root
}
