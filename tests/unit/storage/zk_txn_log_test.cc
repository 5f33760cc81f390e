// The transaction log: exact bytes, rolling, end-of-file rules, corruption, power loss.
#include "storage/zk/txn_log.h"

#include <doctest/doctest.h>

#include <set>

#include "core/bytes/checksum.h"
#include "storage/zk/txn_log_reader.h"
#include "tests/sim/lib/sim_disk.h"

using namespace kz;
using namespace kz::storage;
using namespace kz::storage::zk;
using sim::SimDisk;

namespace {

const std::string kDir = "/v2";

// A payload that looks like an error transaction: header, int err, then filler that is never zero.
LogRecord record(Zxid zxid, size_t filler = 0) {
  Buffer b;
  b.i64(0x1122334455667788);
  b.i32(7);
  b.i64(zxid);
  b.i64(0x0102030405060708);
  b.i32(-1);
  b.i32(-101);
  for (size_t i = 0; i < filler; ++i) b.u8(static_cast<uint8_t>(i % 255 + 1));
  return {zxid, b.to_slice()};
}

void prepare(SimDisk& disk) {
  disk.put(kDir + "/x", "");
  REQUIRE(disk.remove(kDir + "/x").has_value());
}

void write(SimDisk& disk, Zxid first, Zxid last, TxnLogOptions options = {.preallocate_bytes = 0}, size_t filler = 0) {
  TxnLog log(disk, kDir, options);
  for (Zxid z = first; z <= last; ++z) {
    const auto r = record(z, filler);
    REQUIRE(log.append({&r, 1}).has_value());
  }
  REQUIRE(log.sync().has_value());
}

struct ReadBack {
  std::vector<Zxid> zxids;
  std::optional<Error> error;
  TxnLogReader::Tail tail;
};

ReadBack read(FileSystem& fs, Zxid from = 1) {
  ReadBack out;
  auto reader = TxnLogReader::open(fs, kDir, from);
  if (!reader) {
    out.error = reader.error();
    return out;
  }
  while (true) {
    auto next = reader->next();
    if (!next) {
      out.error = next.error();
      return out;
    }
    if (!*next) break;
    out.zxids.push_back((*next)->zxid);
  }
  out.tail = reader->tail();
  return out;
}

std::vector<Zxid> range(Zxid first, Zxid last) {
  std::vector<Zxid> out;
  for (Zxid z = first; z <= last; ++z) out.push_back(z);
  return out;
}

}  // namespace

TEST_CASE("txn log: the bytes of a file") {
  SimDisk disk(1);
  prepare(disk);
  const auto r = record(0x12345);
  TxnLog log(disk, kDir, {.preallocate_bytes = 65536});
  REQUIRE(log.append({&r, 1}).has_value());
  REQUIRE(log.sync().has_value());
  const std::string file = disk.contents(kDir + "/log.12345");
  CHECK(file.size() == 16 + 65536);  // FilePadding: the header's size plus preAllocSize
  Buffer expected;
  expected.raw(std::string_view("ZKLG\0\0\0\2\0\0\0\0\0\0\0\0", 16));
  expected.u64(adler32(r.payload));
  expected.i32(36);
  expected.raw(r.payload);
  expected.raw("B");
  CHECK(file.substr(0, expected.size()) == as_text(expected.bytes()));
  CHECK(file.find_first_not_of('\0', expected.size()) == std::string::npos);
  REQUIRE(log.close().has_value());
  CHECK(disk.contents(kDir + "/log.12345").size() == expected.size());
}

TEST_CASE("txn log: preallocation stays ahead, also of entries larger than its step") {
  SimDisk disk(1);
  prepare(disk);
  TxnLog log(disk, kDir, {.preallocate_bytes = 10000});
  for (Zxid z = 1; z <= 20; ++z) {
    const auto r = record(z, z == 10 ? 50000 : 3000);
    REQUIRE(log.append({&r, 1}).has_value());
    CHECK(std::ssize(disk.contents(kDir + "/log.1")) > log.file_bytes());
  }
  CHECK(read(disk).zxids == range(1, 20));
}

TEST_CASE("txn log: rolls on demand and at the size limit; reading goes over files and starts anywhere") {
  SimDisk disk(1);
  prepare(disk);
  TxnLog log(disk, kDir, {.preallocate_bytes = 0, .size_limit_bytes = 500});
  for (Zxid z = 1; z <= 40; ++z) {
    if (z == 3) log.roll();
    const auto r = record(z);
    REQUIRE(log.append({&r, 1}).has_value());
    REQUIRE(log.sync().has_value());
  }
  const auto files = *list_by_zxid(disk, kDir, kLogPrefix);
  REQUIRE(files.size() >= 5);
  CHECK(files[0].zxid == 1);
  CHECK(files[1].zxid == 3);
  for (const auto& file : files) CHECK(disk.stat(kDir + "/" + file.name)->size <= 600);
  for (Zxid from = 1; from <= 41; ++from) CHECK(read(disk, from).zxids == range(from, 40));
}

TEST_CASE("txn log: a batch is one write and one sync, and forceSync=no syncs never") {
  SimDisk disk(1);
  prepare(disk);
  std::vector<LogRecord> batch;
  for (Zxid z = 1; z <= 100; ++z) batch.push_back(record(z));
  TxnLog log(disk, kDir, {.preallocate_bytes = 1 << 20});
  REQUIRE(log.append(batch).has_value());
  REQUIRE(log.sync().has_value());
  const int64_t operations = disk.operations();
  for (auto& r : batch) r = record(r.zxid + 100);
  REQUIRE(log.append(batch).has_value());
  REQUIRE(log.sync().has_value());
  CHECK(disk.operations() == operations + 2);
  const int64_t syncs = disk.syncs();
  SimDisk other(1);
  prepare(other);
  write(other, 1, 5, {.force_sync = false});
  CHECK(other.syncs() == 0);
  CHECK(syncs == 2);
}

TEST_CASE("txn log: a tail torn at any byte loses only the entry that it tears") {
  SimDisk whole(1);
  prepare(whole);
  write(whole, 1, 3);
  const std::string bytes = whole.contents(kDir + "/log.1");
  const size_t entry = (bytes.size() - 16) / 3;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    for (const bool padded : {false, true}) {
      CAPTURE(size);
      SimDisk disk(1);
      disk.put(kDir + "/log.1", bytes.substr(0, size) + std::string(padded ? 5000 : 0, '\0'));
      const auto got = read(disk);
      REQUIRE_FALSE(got.error.has_value());
      CHECK(got.zxids == range(1, size < 16 ? 0 : static_cast<Zxid>((size - 16) / entry)));
      // The header's last eight bytes are zeros anyhow.
      if (size < (padded ? 8 : 16))
        CHECK(got.tail.unwritten == std::vector<std::string>{kDir + "/log.1"});
      else
        CHECK(got.tail.unwritten.empty());
      // A cut inside the high half of a checksum leaves zeros, which no one can tell from padding.
      const size_t into = size < 16 ? 0 : (size - 16) % entry;
      if (into > 4) CHECK(got.tail.torn == kDir + "/log.1");
      if (into > 4) CHECK(got.tail.torn_at == static_cast<int64_t>(size - into));
      if (size >= 16 && into == 0) CHECK(got.tail.torn.empty());
    }
  }
}

TEST_CASE("txn log: a flipped bit is found, named by position, or ends the file as in Java") {
  SimDisk whole(1);
  prepare(whole);
  write(whole, 1, 3, {.preallocate_bytes = 0}, 40);
  const std::string bytes = whole.contents(kDir + "/log.1");
  const auto entry = static_cast<int64_t>((bytes.size() - 16) / 3);
  for (int64_t at = 0; at < std::ssize(bytes); ++at) {
    CAPTURE(at);
    SimDisk disk(1);
    disk.put(kDir + "/log.1", bytes);
    disk.flip_bit(kDir + "/log.1", at, 3);
    const auto got = read(disk);
    if (at < 16) {
      // The dbid is not checked, as in Java.
      CHECK(got.error.has_value() == (at < 8));
      continue;
    }
    const Zxid before = (at - 16) / entry;
    const int64_t into = (at - 16) % entry;
    if (into < 8 || (into >= 12 && into < entry - 1)) {
      REQUIRE(got.error.has_value());
      CHECK(got.error->code == Errc::kChecksum);
      CHECK(got.error->detail == 16 + before * entry);
    } else if (!got.error) {  // the length or the trailer
      CHECK(got.zxids == range(1, before));
      CHECK(got.tail.torn_at == 16 + before * entry);
    }
    CHECK(got.zxids.size() <= 3);
  }
}

TEST_CASE("txn log: an incomplete entry in an earlier file ends that file only; a lost sector there is corruption") {
  SimDisk disk(1);
  prepare(disk);
  write(disk, 1, 3);
  const std::string first = disk.contents(kDir + "/log.1");
  write(disk, 3, 5);
  disk.put(kDir + "/log.1", first.substr(0, first.size() - 10));
  auto got = read(disk);
  CHECK(got.zxids == range(1, 5));
  CHECK(got.tail.torn.empty());

  std::string holed = first + std::string(1000, '\0');
  write(disk, 9, 9, {.preallocate_bytes = 0}, 2000);
  std::string wide = disk.contents(kDir + "/log.9");
  std::fill_n(wide.begin() + 512, 512, '\0');
  disk.put(kDir + "/log.9", wide);
  got = read(disk);
  CHECK(got.zxids == range(1, 5));  // the last file: an interrupted write
  CHECK(got.tail.torn == kDir + "/log.9");
  write(disk, 10, 10);
  got = read(disk);
  REQUIRE(got.error.has_value());
  CHECK(got.error->code == Errc::kChecksum);
  CHECK(got.error->detail == 16);
}

TEST_CASE("txn log: files that are not logs are refused or overlooked") {
  SimDisk disk(1);
  prepare(disk);
  write(disk, 1, 2);
  disk.put(kDir + "/log.zz", "not a log");
  disk.put(kDir + "/logs.1", "not a log");
  disk.put(kDir + "/log.3.tmp", "not a log");
  CHECK(read(disk).zxids == range(1, 2));
  disk.put(kDir + "/log.3", "this is no transaction log, but it is long enough");
  CHECK(read(disk).error->code == Errc::kCorrupt);
  disk.put(kDir + "/log.3", std::string_view("ZKLG\0\0\0\3\0\0\0\0\0\0\0\0", 16));
  CHECK(read(disk).error->code == Errc::kUnsupportedVersion);
}

TEST_CASE("txn log: truncation to a zxid") {
  for (Zxid cut = 0; cut <= 12; ++cut) {
    CAPTURE(cut);
    SimDisk disk(1);
    prepare(disk);
    write(disk, 1, 4);
    write(disk, 5, 8, {.preallocate_bytes = 8192});
    write(disk, 9, 10);
    REQUIRE(truncate_logs(disk, kDir, cut).has_value());
    CHECK(read(disk).zxids == range(1, std::min<Zxid>(cut, 10)));
    disk.power_loss();
    CHECK(read(disk).zxids == range(1, std::min<Zxid>(cut, 10)));
  }
  SimDisk empty(1);
  prepare(empty);
  CHECK(truncate_logs(empty, kDir, 1).error().code == Errc::kNotFound);
}

TEST_CASE("txn log: after a failure nothing is taken any more") {
  for (int64_t n = 1;; ++n) {
    SimDisk disk(7);
    prepare(disk);
    TxnLog log(disk, kDir, {.preallocate_bytes = 4096});
    disk.fail_nth_operation(n);
    Zxid acknowledged = 0;
    bool failed = false;
    for (Zxid z = 1; z <= 12; ++z) {
      if (z % 4 == 0) log.roll();
      const auto r = record(z, 700);
      Status done = log.append({&r, 1});
      if (done) done = log.sync();
      if (failed) CHECK_FALSE(done.has_value());
      failed |= !done;
      if (done) acknowledged = z;
    }
    disk.fail_nth_operation(0);
    const auto got = read(disk);
    REQUIRE_FALSE(got.error.has_value());
    CHECK(std::ssize(got.zxids) >= acknowledged);
    if (!failed) {
      CHECK(acknowledged == 12);
      break;
    }
  }
}

TEST_CASE("txn log: power loss at every operation keeps what was acknowledged, with nothing foreign or out of order") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    for (int64_t n = 1;; ++n) {
      CAPTURE(seed);
      CAPTURE(n);
      SimDisk disk(seed * 1000 + static_cast<uint64_t>(n));
      prepare(disk);
      TxnLog log(disk, kDir, {.preallocate_bytes = 4096});
      disk.cut_power_at(n);
      Zxid acknowledged = 0;
      bool failed = false;
      for (Zxid z = 1; z <= 12 && !failed; z += 3) {
        if (z == 7) log.roll();
        std::vector<LogRecord> batch{record(z, 90), record(z + 1, 1500), record(z + 2)};
        failed = !log.append(batch) || !log.sync();
        if (!failed) acknowledged = z + 2;
      }
      disk.power_loss();
      const auto got = read(disk);
      REQUIRE_FALSE(got.error.has_value());
      CHECK(std::ssize(got.zxids) >= acknowledged);
      CHECK(got.zxids == range(1, std::ssize(got.zxids)));
      if (!failed) break;
    }
  }
}
