// Recovery of a server's data directory: whatever was acknowledged is there, whatever is wrong is named.
#include "storage/zk/data_dir.h"

#include <doctest/doctest.h>

#include <mutex>

#include "storage/zk/file_names.h"
#include "storage/zk/purge.h"
#include "tests/sim/lib/sim_disk.h"
#include "tests/unit/storage/zk_workload.h"

using namespace kz;
using namespace kz::storage;
using namespace kz::storage::zk;
using sim::SimDisk;

namespace {

const std::string kV2 = "/data/version-2";

DataDirOptions options() {
  DataDirOptions o;
  o.data_dir = "/data";
  o.log.preallocate_bytes = 8192;
  return o;
}

struct Opened {
  std::unique_ptr<DataDir> dir;
  kz::zk::Database database;
  DataDir::Recovery recovery;
};

std::expected<std::unique_ptr<Opened>, DataDirFailure> open(FileSystem& fs, DataDirOptions o = options()) {
  auto opened = std::make_unique<Opened>();
  KZ_TRY(opened->dir, DataDir::open(fs, std::move(o)));
  KZ_TRY(opened->recovery, opened->dir->recover(opened->database));
  return opened;
}

Status commit(DataDir& dir, const LogRecord& record) {
  KZ_CHECK(dir.log().append({&record, 1}));
  return dir.log().sync();
}

void check_equal(const Opened& opened, const test::ZkWorkload& work) {
  std::string difference;
  CHECK_MESSAGE(opened.database.tree.equals(work.model().tree, &difference), difference);
  CHECK(opened.database.sessions == work.model().sessions);
  CHECK(opened.database.digest_mismatches == 0);
  CHECK(opened.recovery.last_zxid == work.model().last_zxid());
}

}  // namespace

TEST_CASE("data dir: an empty server writes snapshot.0, and all of it is durable") {
  SimDisk disk(1);
  {
    auto first = open(disk);
    REQUIRE(first.has_value());
    CHECK((*first)->recovery.snapshot_zxid == -1);
    CHECK((*first)->recovery.last_zxid == 0);
  }
  disk.power_loss();
  CHECK(disk.present(kV2 + "/snapshot.0"));
  auto second = open(disk);
  REQUIRE(second.has_value());
  CHECK((*second)->recovery.snapshot_zxid == 0);
}

TEST_CASE("data dir: one server at a time") {
  SimDisk disk(1);
  auto first = open(disk);
  REQUIRE(first.has_value());
  auto second = open(disk);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().error.code == Errc::kLocked);
  CHECK(second.error().message == "Data directory /data is in use by another server");
  CHECK(second.error().directory);
  first->reset();
  CHECK(open(disk).has_value());
}

TEST_CASE("data dir: everything logged comes back, with and without snapshots in between") {
  for (const bool separate : {false, true}) {
    SimDisk disk(2);
    DataDirOptions o = options();
    if (separate) o.data_log_dir = "/log/x";
    test::ZkWorkload work(5);
    for (int round = 0; round < 6; ++round) {
      auto opened = open(disk, o);
      REQUIRE(opened.has_value());
      check_equal(**opened, work);
      for (int i = 0; i < 50; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
      if (round % 2 == 0) {
        REQUIRE(write_snapshot(disk, kV2, work.model().tree, work.model().sessions, Compression::kNone).has_value());
        (*opened)->dir->log().roll();
      }
      for (int i = 0; i < 10; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
      if (round == 3) REQUIRE((*opened)->dir->log().close().has_value());
      if (round == 4) {
        const auto& dir = *(*opened)->dir;
        const auto quiet = [](const std::string&, const FileInfo&, const Status&) {};
        REQUIRE(purge(disk, dir.log_dir(), dir.snapshot_dir(), 3, quiet).has_value());
      }
      disk.power_loss();
    }
    auto opened = open(disk, o);
    REQUIRE(opened.has_value());
    check_equal(**opened, work);
  }
}

TEST_CASE("data dir: a damaged newest snapshot costs only time") {
  SimDisk disk(2);
  test::ZkWorkload work(6);
  {
    auto opened = open(disk);
    for (int i = 0; i < 20; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
    REQUIRE(write_snapshot(disk, kV2, work.model().tree, work.model().sessions, Compression::kNone).has_value());
  }
  disk.flip_bit(kV2 + "/snapshot.14", 100, 1);
  disk.put(kV2 + "/snapshot.13", "torn");
  disk.put(kV2 + "/snapshot.99.tmp", "unfinished");
  {
    auto opened = open(disk);
    REQUIRE(opened.has_value());
    CHECK((*opened)->recovery.snapshot_zxid == 0);
    CHECK((*opened)->recovery.txns == 20);
    check_equal(**opened, work);
    CHECK_FALSE(disk.present(kV2 + "/snapshot.99.tmp"));
  }
  disk.flip_bit(kV2 + "/snapshot.0", 100, 1);
  const auto failed = open(disk);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message.find("Not able to find valid snapshots in /data/version-2") != std::string::npos);
  CHECK_FALSE(failed.error().directory);
}

TEST_CASE("data dir: logs without a snapshot are refused unless trusted") {
  SimDisk disk(2);
  test::ZkWorkload work(6);
  {
    auto opened = open(disk);
    for (int i = 0; i < 20; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
  }
  REQUIRE(disk.remove(kV2 + "/snapshot.0").has_value());
  const auto refused = open(disk);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("No snapshot found") != std::string::npos);
  DataDirOptions o = options();
  o.trust_empty_snapshot = true;
  auto trusted = open(disk, o);
  REQUIRE(trusted.has_value());
  check_equal(**trusted, work);
}

TEST_CASE("data dir: a wrong checksum is refused with file, position and remedy") {
  SimDisk disk(2);
  test::ZkWorkload work(6);
  {
    auto opened = open(disk);
    for (int i = 0; i < 5; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
  }
  disk.flip_bit(kV2 + "/log.1", 16 + 12 + 5, 0);
  auto failed = open(disk);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().error.code == Errc::kChecksum);
  CHECK(failed.error().message.find("/data/version-2/log.1 is damaged at byte 16") != std::string::npos);
  CHECK(failed.error().message.ends_with("move the file and later ones away"));
  disk.flip_bit(kV2 + "/log.1", 16 + 12 + 5, 0);
  const int64_t second = 16 + 13 + std::ssize(work.history()[0].payload.bytes());
  disk.flip_bit(kV2 + "/log.1", second + 12 + 5, 0);
  failed = open(disk);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message.find("damaged at byte " + std::to_string(second)) != std::string::npos);
  CHECK(failed.error().message.find("zkTxnLogToolkit.sh -c -z 0x1 /data/version-2/log.1") != std::string::npos);
}

TEST_CASE("data dir: empty and short-headed last logs do not stop the start") {
  for (const std::string_view left : {std::string_view(""), std::string_view("ZKLG\0", 5),
                                      std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23)}) {
    SimDisk disk(2);
    test::ZkWorkload work(6);
    {
      auto opened = open(disk);
      for (int i = 0; i < 5; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
    }
    disk.put(kV2 + "/log.6", left);
    auto opened = open(disk);
    REQUIRE(opened.has_value());
    check_equal(**opened, work);
    CHECK_FALSE(disk.present(kV2 + "/log.6"));
    REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
    opened->reset();
    auto again = open(disk);
    check_equal(**again, work);
  }
}

TEST_CASE("data dir: mixed-up directories are refused by name") {
  SimDisk disk(2);
  test::ZkWorkload work(6);
  {
    auto opened = open(disk);
    REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
  }
  DataDirOptions o = options();
  o.data_log_dir = "/log";
  auto failed = open(disk, o);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message ==
        "Snapshot directory /data/version-2 has log files. Check if dataLogDir and dataDir configuration is correct.");
  o.data_dir = "/other";
  o.data_log_dir = "/data";
  failed = open(disk, o);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message ==
        "Log directory /data/version-2 has snapshot files. Check if dataLogDir and dataDir configuration is correct.");
}

TEST_CASE("data dir: missing directories and databases when making them is off") {
  SimDisk disk(2);
  DataDirOptions o = options();
  o.create_directories = false;
  const auto refused = open(disk, o);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().directory);
  CHECK(refused.error().message.find("Missing data directory /data/version-2") != std::string::npos);
  o.create_directories = true;
  o.create_database = false;
  {
    auto opened = open(disk, o);
    REQUIRE(opened.has_value());
    CHECK((*opened)->recovery.last_zxid == -1);
    CHECK_FALSE(disk.present(kV2 + "/snapshot.0"));
  }
  disk.put("/data/initialize", "");
  auto opened = open(disk, o);
  REQUIRE(opened.has_value());
  CHECK((*opened)->recovery.last_zxid == 0);
  CHECK_FALSE(disk.present("/data/initialize"));
}

TEST_CASE("data dir: power loss at every operation loses nothing that was acknowledged") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    bool untouched = false;
    for (int64_t n = 1; !untouched; ++n) {
      CAPTURE(seed);
      CAPTURE(n);
      SimDisk disk(seed * 10000 + static_cast<uint64_t>(n));
      test::ZkWorkload work(seed);
      Zxid acknowledged = 0;
      untouched = true;
      disk.cut_power_at(n);
      // Three lives, so that the cut also falls into recovery and its mending.
      for (int life = 0; life < 3; ++life) {
        auto opened = open(disk);
        bool dark = !opened.has_value();
        if (opened) {
          const Zxid last = (*opened)->recovery.last_zxid;
          REQUIRE(last >= acknowledged);
          REQUIRE(last <= std::ssize(work.history()));
          work.forget_after(last);
          check_equal(**opened, work);
          acknowledged = last;
          DataDir& dir = *(*opened)->dir;
          for (int i = 0; i < 8 && !dark; ++i) {
            std::vector<LogRecord> batch{work.next(), work.next()};
            dark = !dir.log().append(batch) || !dir.log().sync();
            if (!dark) acknowledged = batch.back().zxid;
            if (i == 4 && !dark) {
              (void)write_snapshot(disk, kV2, work.model().tree, work.model().sessions, Compression::kNone);
              dir.log().roll();
            }
          }
        }
        untouched = untouched && !dark;
        // A process that merely ends leaves everything to the next one.
        if (dark) disk.power_loss();
      }
      disk.cut_power_at(0);
      auto opened = open(disk);
      if (!opened) FAIL(opened.error().message);
      CHECK((*opened)->recovery.last_zxid >= acknowledged);
      work.forget_after((*opened)->recovery.last_zxid);
      check_equal(**opened, work);
    }
  }
}

TEST_CASE("data dir: the n-th operation fails, the process restarts, nothing acknowledged is lost") {
  bool untouched = false;
  for (int64_t n = 1; !untouched; ++n) {
    CAPTURE(n);
    SimDisk disk(static_cast<uint64_t>(n));
    test::ZkWorkload work(9);
    Zxid acknowledged = 0;
    disk.fail_nth_operation(n);
    bool failed = false;
    if (auto opened = open(disk)) {
      for (int i = 0; i < 6 && !failed; ++i) {
        const LogRecord record = work.next();
        failed = !commit(*(*opened)->dir, record).has_value();
        if (!failed) acknowledged = record.zxid;
      }
    } else {
      failed = true;
    }
    untouched = !failed;
    disk.fail_nth_operation(0);
    auto opened = open(disk);
    if (!opened) FAIL(opened.error().message);
    CHECK((*opened)->recovery.last_zxid >= acknowledged);
    work.forget_after((*opened)->recovery.last_zxid);
    check_equal(**opened, work);
  }
}

TEST_CASE("data dir: a full disk refuses and what was acknowledged stays") {
  SimDisk disk(3, 64 * 1024);
  test::ZkWorkload work(11);
  Zxid acknowledged = 0;
  {
    auto opened = open(disk);
    REQUIRE(opened.has_value());
    Status done;
    for (int i = 0; i < 5000 && done; ++i) {
      const LogRecord record = work.next();
      done = commit(*(*opened)->dir, record);
      if (done) acknowledged = record.zxid;
    }
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code == Errc::kDiskFull);
    CHECK(acknowledged > 50);
  }
  disk.power_loss();
  disk.set_capacity(1 << 30);
  auto opened = open(disk);
  REQUIRE(opened.has_value());
  CHECK((*opened)->recovery.last_zxid >= acknowledged);
  work.forget_after((*opened)->recovery.last_zxid);
  check_equal(**opened, work);
}

TEST_CASE(
    "data dir: a tail that a killed process left unsynced is history from recovery on, also when the power goes") {
  // The process dies between write and sync (SIGKILL): the page cache keeps the tail, and recovery counts it. A server
  // that votes with it must not lose it afterwards.
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimDisk disk(seed);
    test::ZkWorkload work(6);
    {
      auto opened = open(disk);
      REQUIRE(opened.has_value());
      for (int i = 0; i < 5; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
      for (int i = 0; i < 3; ++i) {
        const LogRecord record = work.next();
        REQUIRE((*opened)->dir->log().append({&record, 1}).has_value());
      }
    }
    {
      auto opened = open(disk);
      REQUIRE(opened.has_value());
      check_equal(**opened, work);
    }
    disk.power_loss();
    auto opened = open(disk);
    REQUIRE(opened.has_value());
    CAPTURE(seed);
    check_equal(**opened, work);
  }
}

TEST_CASE("data dir: what a failed sync left in the page cache is written again before it counts") {
  // Linux takes the pages of a failed fdatasync for written: a later sync alone would not bring them to the disk.
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimDisk disk(seed);
    test::ZkWorkload work(6);
    {
      auto opened = open(disk);
      REQUIRE(opened.has_value());
      for (int i = 0; i < 5; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
      const LogRecord record = work.next();
      REQUIRE((*opened)->dir->log().append({&record, 1}).has_value());
      disk.fail_paths("log.");
      REQUIRE_FALSE((*opened)->dir->log().sync().has_value());
      disk.fail_paths("");
    }
    {
      auto opened = open(disk);
      REQUIRE(opened.has_value());
      check_equal(**opened, work);
    }
    disk.power_loss();
    auto opened = open(disk);
    REQUIRE(opened.has_value());
    CAPTURE(seed);
    check_equal(**opened, work);
  }
}

TEST_CASE("data dir: an older snapshot does not stand in for one that a leader sent") {
  SimDisk disk(2);
  test::ZkWorkload work(6);
  {
    auto opened = open(disk);
    for (int i = 0; i < 10; ++i) work.next();  // received, not logged
    REQUIRE(write_snapshot(disk, kV2, work.model().tree, work.model().sessions, Compression::kNone).has_value());
    for (int i = 0; i < 10; ++i) REQUIRE(commit(*(*opened)->dir, work.next()).has_value());
  }
  {
    auto opened = open(disk);
    REQUIRE(opened.has_value());
    check_equal(**opened, work);
  }
  disk.flip_bit(kV2 + "/snapshot.a", 100, 1);
  const auto refused = open(disk);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("snapshot.a cannot be read, and the log does not have what it held") !=
        std::string::npos);
}
