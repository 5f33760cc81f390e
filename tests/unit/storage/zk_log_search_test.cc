// Where a learner stands in the logs on disk: found, cut back, too far, too much, over a gap.
#include "storage/zk/log_search.h"

#include <doctest/doctest.h>

#include "storage/zk/txn_log.h"
#include "tests/sim/lib/sim_disk.h"

using namespace kz;
using namespace kz::storage;
using namespace kz::storage::zk;
using sim::SimDisk;

namespace {

const std::string kDir = "/v2";

void write(SimDisk& disk, Zxid first, Zxid last) {
  TxnLog log(disk, kDir, {});
  for (Zxid z = first; z <= last; ++z) {
    Buffer b;
    b.i64(1);
    b.i32(7);
    b.i64(z);
    b.i64(2);
    b.i32(-1);
    b.i32(-101);
    const LogRecord record{z, b.to_slice()};
    REQUIRE(log.append({&record, 1}).has_value());
  }
  REQUIRE(log.sync().has_value());
}

}  // namespace

TEST_CASE("a learner's place in the logs on disk") {
  SimDisk disk(1);
  disk.put(kDir + "/x", "");
  REQUIRE(disk.remove(kDir + "/x").has_value());
  write(disk, 0x100000005, 0x100000014);
  write(disk, 0x100000015, 0x100000020);
  write(disk, 0x200000001, 0x200000010);
  write(disk, 0x200000020, 0x200000030);  // a snapshot covered what lies between
  const auto found = [&](Zxid peer, Zxid until, Zxid base, int64_t bytes = 1 << 20) {
    const auto result = find_in_log(disk, kDir, {peer, until, base, bytes});
    REQUIRE(result.has_value());
    return result->value_or(-1);
  };
  CHECK(found(0x100000010, 0x100000020, 0) == 0x100000010);
  CHECK(found(0x100000005, 0x100000020, 0) == 0x100000005);
  CHECK(found(0x100000004, 0x100000020, 0) == -1);  // before the logs begin
  CHECK(found(0x100000010, 0x200000010, 0) == 0x100000010);
  CHECK(found(0x100000025, 0x200000010, 0x100000001) == 0x100000020);  // what the learner has beyond is its own
  CHECK(found(0x200000002, 0x200000030, 0x200000020) == -1);           // the gap
  CHECK(found(0x200000025, 0x200000030, 0x200000020) == 0x200000025);
  CHECK(found(0x100000010, 0x200000010, 0x200000001) == -1);  // an epoch's end cannot be checked before the base
  CHECK(found(0x100000010, 0x100000018, 0, 7 * 36) == 0x100000010);
  CHECK(found(0x100000010, 0x100000018, 0, 6 * 36) == -1);
  CHECK(found(0x200000025, 0x200000040, 0) == -1);  // not logged yet

  const auto last = [&](Zxid zxid) { return last_logged(disk, kDir, zxid)->value_or(-1); };
  CHECK(last(0x100000010) == 0x100000010);
  CHECK(last(0x100000014) == 0x100000014);
  CHECK(last(0x200000015) == 0x200000010);
  CHECK(last(0x100000004) == -1);
  CHECK(last(0x300000000) == 0x200000030);
}
