// Goal: be indistinguishable from Apache ZooKeeper 3.8.0. Method: tests/golden/zk/record.py recorded what a client
// sent, what the Java server answered and what it logged; the same requests, at the same times, must give the same
// bytes here: every reply, every watch event, every close, every logged transaction with its tree digest.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

struct Line {
  char kind;
  int conn;
  std::string bytes;
};

struct Trace {
  std::vector<Line> lines;
  std::vector<Slice> log;
  Zxid snapshot_zxid = 0;
  std::string snapshot;
};

Trace load(const std::string& name) {
  std::ifstream in(std::string(KZ_SOURCE_DIR) + "/tests/golden/zk/" + name);
  REQUIRE(in.good());
  Trace trace;
  for (std::string text; std::getline(in, text);) {
    std::istringstream fields(text);
    Line line{};
    std::string data;
    fields >> line.kind;
    if (line.kind == 'S') {
      std::string file;
      fields >> file >> data;
      trace.snapshot_zxid = std::stoll(file.substr(file.find('.') + 1), nullptr, 16);
      trace.snapshot = unhex(data);
      continue;
    }
    if (line.kind != 'L') fields >> line.conn;
    fields >> data;
    line.bytes = unhex(data);
    if (line.kind == 'L') {
      trace.log.push_back(Slice::copy_of(line.bytes));
    } else {
      trace.lines.push_back(std::move(line));
    }
  }
  REQUIRE(trace.lines.size() > 100);
  REQUIRE(trace.log.size() > 50);
  return trace;
}

constexpr const char* kConfig = "extendedTypesEnabled=true\n";

}  // namespace

TEST_CASE("a recorded run of Apache 3.8.0 gives the same replies, events and log, byte for byte") {
  const Trace trace = load("apache-3.8.0.trace");
  std::vector<Txn> expected;
  for (const Slice& payload : trace.log) {
    auto txn = decode_txn(payload);
    REQUIRE(txn.has_value());
    CHECK(encode_txn(*txn).text() == payload.text());
    expected.push_back(std::move(*txn));
  }
  Server server(kConfig + std::string("DigestAuthenticationProvider.superDigest=") +
                "super:" + Authenticator::digest_id("super:secret").substr(6) + "\n");
  // Session ids come from the clock: start at the recorded one.
  server.now.wall_ms = (expected.front().header.client_id & 0xffffffffffffff) >> 16;
  server.pipeline = std::make_unique<Pipeline>(server.config, 0, std::make_unique<Database>(server.tree_options()),
                                               server.broadcast, server.now);
  size_t logged = 0;
  for (size_t i = 0; i < trace.lines.size(); ++i) {
    const Line& line = trace.lines[i];
    CAPTURE(i + 1);
    CAPTURE(line.conn);
    CAPTURE(hex(line.bytes));
    const auto conn = static_cast<ConnId>(line.conn);
    if (line.kind == '>') {
      while (server.last_conn < conn) server.open();
      if (logged < expected.size()) server.now.wall_ms = expected[logged].header.time_ms;
      server.frame(conn, line.bytes);
      for (; logged < server.log.size(); ++logged) {
        REQUIRE(logged < expected.size());
        const auto mine = decode_txn(server.log[logged]);
        REQUIRE(mine.has_value());
        REQUIRE(print_txn(*mine) == print_txn(expected[logged]));
        REQUIRE(hex(server.log[logged].text()) == hex(trace.log[logged].text()));
      }
    } else if (line.kind == '<') {
      REQUIRE(hex(server.next(conn)) == hex(line.bytes));
    } else {
      CHECK(server.inbox[conn].frames.empty());
      CHECK(server.inbox[conn].closed);
    }
  }
  CHECK(logged == expected.size());
  CHECK(server.pipeline->database().digest_mismatches == 0);
}

TEST_CASE("the recorded log replays with Java's digest after every transaction") {
  const Trace trace = load("apache-3.8.0.trace");
  Database database({true, true, false});
  for (const Slice& payload : trace.log) REQUIRE(database.replay(payload).has_value());
  CHECK(database.digest_mismatches == 0);
  CHECK(database.tree.digest() == database.tree.recompute_digest());
  // Replaying a second time changes nothing: everything is at or below the last zxid.
  const uint64_t digest = database.tree.digest();
  for (const Slice& payload : trace.log) REQUIRE(database.replay(payload).has_value());
  CHECK(database.tree.digest() == digest);
}

TEST_CASE("the snapshot that Apache wrote of that log is the same tree, and ours of it is as long") {
  const Trace trace = load("apache-3.8.0.trace");
  Database replayed({true, true, false});
  for (const Slice& payload : trace.log) REQUIRE(replayed.replay(payload).has_value());
  Database read({true, true, false});
  SnapshotReader reader(read.tree, read.sessions);
  REQUIRE(reader.feed(as_bytes(trace.snapshot)).has_value());
  REQUIRE(reader.finish().has_value());
  read.loaded(trace.snapshot_zxid, reader.digest());
  CHECK(read.digest_mismatches == 0);
  REQUIRE(reader.digest().has_value());
  CHECK(reader.digest()->zxid == trace.snapshot_zxid);
  std::string why;
  CHECK_MESSAGE(replayed.tree.equals(read.tree, &why), why);
  CHECK(replayed.sessions == read.sessions);
  CHECK(read.last_zxid() == replayed.last_zxid());
  // Java stores the open list in its cache too when a client sent it, we store it as -1: the rest has the same size.
  Buffer mine;
  SnapshotWriter writer(read.tree, read.sessions);
  while (writer.step(mine, 1 << 16)) {
  }
  CHECK(mine.size() <= trace.snapshot.size());
  CHECK(mine.size() + 200 > trace.snapshot.size());
}
