// Snapshot files: names, the cheap validity test, compression, damage at any byte.
#include "storage/zk/snapshot.h"

#include <doctest/doctest.h>

#include "storage/zk/epoch_files.h"
#include "storage/zk/purge.h"
#include "tests/sim/lib/sim_disk.h"
#include "tests/unit/storage/zk_workload.h"

using namespace kz;
using namespace kz::storage;
using namespace kz::storage::zk;
using sim::SimDisk;

namespace {

const std::string kDir = "/v2";

void prepare(SimDisk& disk) {
  disk.put(kDir + "/x", "");
  REQUIRE(disk.remove(kDir + "/x").has_value());
}

Status load(FileSystem& fs, const std::string& path, kz::zk::Database& into) {
  std::optional<kz::zk::SnapshotDigest> tail;
  KZ_CHECK(read_snapshot(fs, path, into.tree, into.sessions, &tail));
  if (!tail) return fail(Errc::kNotFound, "digest tail");
  into.loaded(tail->zxid, tail);
  return {};
}

}  // namespace

TEST_CASE("snapshot: names and compression methods") {
  CHECK(snapshot_name(0x1a, Compression::kNone) == "snapshot.1a");
  CHECK(snapshot_name(0x100000002, Compression::kGzip) == "snapshot.100000002.gz");
  CHECK(snapshot_name(0, Compression::kSnappy) == "snapshot.0.snappy");
  CHECK(compression_of("GZ") == Compression::kGzip);
  CHECK(compression_of("Snappy") == Compression::kSnappy);
  CHECK(compression_of("lzo") == Compression::kNone);
  CHECK(compression_of_name("/a.gz/snapshot.5") == Compression::kNone);
  CHECK(compression_of_name("snapshot.5.gz") == Compression::kGzip);
}

TEST_CASE("snapshot: written and read back under every compression") {
  test::ZkWorkload work(3);
  for (int i = 0; i < 3000; ++i) work.next();
  for (const Compression c : {Compression::kNone, Compression::kGzip, Compression::kSnappy}) {
    SimDisk disk(1);
    prepare(disk);
    const auto path = write_snapshot(disk, kDir, work.model().tree, work.model().sessions, c);
    REQUIRE(path.has_value());
    CHECK(*path == kDir + "/" + snapshot_name(3000, c));
    disk.power_loss();
    CHECK(*looks_complete(disk, *path));
    kz::zk::Database back;
    REQUIRE(load(disk, *path, back).has_value());
    std::string difference;
    CHECK_MESSAGE(back.tree.equals(work.model().tree, &difference), difference);
    CHECK(back.sessions == work.model().sessions);
    CHECK(back.tree.digest() == work.model().tree.digest());
    CHECK(back.digest_mismatches == 0);
  }
}

TEST_CASE("snapshot: a cut at any byte and a flipped bit in any byte are noticed") {
  test::ZkWorkload work(4);
  for (int i = 0; i < 30; ++i) work.next();
  for (const Compression c : {Compression::kNone, Compression::kGzip, Compression::kSnappy}) {
    SimDisk disk(1);
    prepare(disk);
    const std::string path = *write_snapshot(disk, kDir, work.model().tree, work.model().sessions, c);
    const std::string bytes = disk.contents(path);
    // The digest tail with its seal is optional: a cut exactly before it leaves a whole snapshot of 3.5.
    constexpr size_t kTail = 8 + 4 + 8 + 8 + 5;
    for (size_t size = 0; size < bytes.size(); ++size) {
      disk.put(path, bytes.substr(0, size));
      kz::zk::Database back;
      const Status read = read_snapshot(disk, path, back.tree, back.sessions);
      if (c == Compression::kNone && size == bytes.size() - kTail)
        CHECK(read.has_value());
      else
        CHECK_FALSE(read.has_value());
    }
    for (size_t at = 0; at < bytes.size(); ++at) {
      CAPTURE(at);
      disk.put(path, bytes);
      disk.flip_bit(path, static_cast<int64_t>(at), static_cast<int>(at % 8));
      kz::zk::Database back;
      std::optional<kz::zk::SnapshotDigest> tail;
      const Status read = read_snapshot(disk, path, back.tree, back.sessions, &tail);
      // gzip's own header has bytes that mean nothing (time, operating system); the content is sealed in any case.
      if (read) {
        CHECK(c != Compression::kNone);
        CHECK(back.tree.digest() == work.model().tree.digest());
      }
    }
  }
}

TEST_CASE("snapshot: bytes as snappy-java frames them") {
  const auto codec = compressor(Compression::kSnappy);
  std::string out;
  REQUIRE(codec->feed(as_bytes(std::string(40000, 'x')), out).has_value());
  REQUIRE(codec->finish(out).has_value());
  CHECK(out.substr(0, 16) == std::string("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16));
  std::string back;
  const auto reader = decompressor(Compression::kSnappy);
  for (const char c : out) REQUIRE(reader->feed(as_bytes(std::string_view(&c, 1)), back).has_value());
  REQUIRE(reader->finish(back).has_value());
  CHECK(back == std::string(40000, 'x'));
}

TEST_CASE("snapshot: the cheap test") {
  SimDisk disk(1);
  disk.put("/snapshot.1", std::string("0123456789\0\0\0\1/", 15));
  disk.put("/snapshot.2", std::string("0123456789\0\0\0\1x", 15));
  disk.put("/snapshot.3", std::string("012\0\0\0\1/", 8));
  disk.put("/snapshot.4.gz", "\x1f\x8b");
  disk.put("/snapshot.5.gz", "\x1f");
  CHECK(*looks_complete(disk, "/snapshot.1"));
  CHECK_FALSE(*looks_complete(disk, "/snapshot.2"));
  CHECK_FALSE(*looks_complete(disk, "/snapshot.3"));
  CHECK(*looks_complete(disk, "/snapshot.4.gz"));
  CHECK_FALSE(*looks_complete(disk, "/snapshot.5.gz"));
}

TEST_CASE("snapshot: an abandoned file leaves nothing, a failed one neither") {
  SimDisk disk(1);
  prepare(disk);
  {
    auto file = SnapshotFile::create(disk, kDir, 5, Compression::kNone);
    REQUIRE((*file)->append(as_bytes("abc")).has_value());
    CHECK(disk.present(kDir + "/snapshot.5.tmp"));
  }
  CHECK(disk.list(kDir)->empty());
  test::ZkWorkload work(1);
  work.next();
  for (int64_t n = 1;; ++n) {
    disk.fail_nth_operation(n);
    const auto path = write_snapshot(disk, kDir, work.model().tree, work.model().sessions, Compression::kNone);
    disk.fail_nth_operation(0);
    if (path) break;
    // Either nothing, or (when only the directory's sync failed) the whole file.
    const auto names = *disk.list(kDir);
    for (const auto& name : names) {
      kz::zk::Database back;
      CHECK(load(disk, kDir + "/" + name, back).has_value());
      REQUIRE(disk.remove(kDir + "/" + name).has_value());
    }
  }
}

TEST_CASE("purge keeps the newest whole snapshots and the logs that they need") {
  SimDisk disk(1);
  const std::string whole("0123456789\0\0\0\1/", 15);
  for (const char* name : {"snapshot.0", "snapshot.10", "snapshot.20", "snapshot.30", "snapshot.40"})
    disk.put(kDir + "/" + name, whole);
  disk.put(kDir + "/snapshot.50", "torn");
  for (const char* name : {"log.1", "log.11", "log.1f", "log.21", "log.31", "log.41"})
    disk.put(kDir + "/" + name, "log");
  disk.put(kDir + "/acceptedEpoch", "1");
  std::vector<std::string> removed;
  const auto report = [&](const std::string& path, const FileInfo&, const Status&) { removed.push_back(path); };
  CHECK(purge(disk, kDir, kDir, 2, report).error().code == Errc::kInvalidArgument);
  CHECK(*purge(disk, kDir, kDir, 3, report) == 4);
  std::sort(removed.begin(), removed.end());
  CHECK(removed ==
        std::vector<std::string>{kDir + "/log.1", kDir + "/log.11", kDir + "/snapshot.0", kDir + "/snapshot.10"});
  CHECK(disk.present(kDir + "/log.1f"));
  CHECK(*purge(disk, kDir, kDir, 3, report) == 0);
  CHECK(*purge(disk, kDir, kDir, 10, report) == 0);
}

TEST_CASE("epoch files") {
  SimDisk disk(1);
  prepare(disk);
  REQUIRE(disk.sync_directory("/").has_value());
  CHECK_FALSE(read_epoch(disk, kDir, kCurrentEpoch)->has_value());
  REQUIRE(write_epoch(disk, kDir, kCurrentEpoch, 7).has_value());
  disk.power_loss();
  CHECK(**read_epoch(disk, kDir, kCurrentEpoch) == 7);
  CHECK(disk.contents(kDir + "/currentEpoch") == "7");
  for (int64_t n = 1; n <= 5; ++n) {
    SimDisk other(static_cast<uint64_t>(n));
    other.put(kDir + "/currentEpoch", "7");
    other.cut_power_at(n);
    const bool done = write_epoch(other, kDir, kCurrentEpoch, 8).has_value();
    other.power_loss();
    const int64_t epoch = **read_epoch(other, kDir, kCurrentEpoch);
    CHECK((epoch == 8 || (epoch == 7 && !done)));
  }
  disk.put(kDir + "/acceptedEpoch", "12\n");
  CHECK(**read_epoch(disk, kDir, kAcceptedEpoch) == 12);
  disk.put(kDir + "/acceptedEpoch", "");
  CHECK(read_epoch(disk, kDir, kAcceptedEpoch).error().code == Errc::kMalformed);
}
