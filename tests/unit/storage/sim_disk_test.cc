// SimDisk's faults: what a power loss may and may not take.
#include "tests/sim/lib/sim_disk.h"

#include <doctest/doctest.h>

#include <set>

using namespace kz;
using namespace kz::storage;
using sim::SimDisk;

TEST_CASE("power loss: synced bytes and names stay, unsynced ones stay, go or tear") {
  std::set<std::string> seen;
  int names_lost = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SimDisk disk(seed);
    REQUIRE(disk.create_directories("/d").has_value());
    REQUIRE(disk.sync_directory("/").has_value());
    auto file = *disk.open("/d/a", OpenMode::kCreate);
    REQUIRE(file->pwrite(as_bytes("synced"), 0).has_value());
    REQUIRE(file->sync().has_value());
    REQUIRE(disk.sync_directory("/d").has_value());
    REQUIRE(file->pwrite(as_bytes("12345"), 6).has_value());
    auto lost = *disk.open("/d/b", OpenMode::kCreate);
    REQUIRE(lost->pwrite(as_bytes("x"), 0).has_value());
    REQUIRE(lost->sync().has_value());
    disk.power_loss();
    CHECK_FALSE(file->pwrite(as_bytes("x"), 0).has_value());
    const std::string now = disk.contents("/d/a");
    CHECK(now.starts_with("synced"));
    seen.insert(now.substr(6));
    if (!disk.present("/d/b")) ++names_lost;
  }
  CHECK(seen.contains(""));
  CHECK(seen.contains("12345"));
  CHECK(seen.size() >= 5);
  CHECK(names_lost > 50);
  CHECK(names_lost < 200);
}

TEST_CASE("power loss: a later write may survive an earlier one") {
  bool reordered = false;
  for (uint64_t seed = 1; seed <= 200 && !reordered; ++seed) {
    SimDisk disk(seed);
    disk.put("/a", "..");
    auto file = *disk.open("/a", OpenMode::kReadWrite);
    REQUIRE(file->pwrite(as_bytes("1"), 0).has_value());
    REQUIRE(file->pwrite(as_bytes("2"), 1).has_value());
    disk.power_loss();
    reordered = disk.contents("/a") == ".2";
  }
  CHECK(reordered);
}

TEST_CASE("power loss: a rename is whole or not at all, and removal of a directory can come undone") {
  bool renamed = false, kept = false, undone = false;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SimDisk disk(seed);
    disk.put("/d/old", "old");
    disk.put("/d/new.tmp", "new");
    disk.put("/t/x/y", "deep");
    REQUIRE(disk.rename("/d/new.tmp", "/d/old").has_value());
    REQUIRE(disk.remove_tree("/t").has_value());
    disk.power_loss();
    const std::string text = disk.contents("/d/old");
    CHECK((text == "new" || (text == "old" && disk.present("/d/new.tmp"))));
    CHECK(!(text == "new" && disk.present("/d/new.tmp")));
    renamed |= text == "new";
    kept |= text == "old";
    if (disk.present("/t/x/y")) {
      undone = true;
      CHECK(disk.contents("/t/x/y") == "deep");
    }
  }
  CHECK(renamed);
  CHECK(kept);
  CHECK(undone);
}

TEST_CASE("the n-th operation fails once; cut power fails everything until it is back") {
  SimDisk disk(1);
  disk.fail_nth_operation(2);
  auto file = disk.open("/a", OpenMode::kCreate);
  REQUIRE(file.has_value());
  CHECK((*file)->sync().error().code == Errc::kIo);
  CHECK((*file)->sync().has_value());
  disk.cut_power_at(1);
  CHECK_FALSE(disk.sync_directory("/").has_value());
  CHECK_FALSE(disk.sync_directory("/").has_value());
  CHECK_FALSE(disk.stat("/a").has_value());
  disk.power_loss();
  CHECK(disk.sync_directory("/").has_value());
}

TEST_CASE("a full disk refuses, keeps part of the write, and holes are free") {
  SimDisk disk(1, 3 * 4096);
  auto file = *disk.open("/a", OpenMode::kCreate);
  const std::string block(4096, 'x');
  REQUIRE(file->pwrite(as_bytes(block), 0).has_value());
  REQUIRE(file->pwrite(as_bytes("\1"), 64 << 20).has_value());
  CHECK(disk.used_bytes() == 2 * 4096);
  const auto status = file->pwrite(as_bytes(block + block), 4096);
  CHECK(status.error().code == Errc::kDiskFull);
  CHECK(disk.contents("/a").substr(0, 4096) == block);
  REQUIRE(disk.remove("/a").has_value());
  CHECK(disk.used_bytes() == 0);
}

TEST_CASE("a failed sync leaves some writes that no later sync saves") {
  bool lost = false;
  for (uint64_t seed = 1; seed <= 50 && !lost; ++seed) {
    SimDisk disk(seed);
    disk.put("/a", "");
    auto file = *disk.open("/a", OpenMode::kReadWrite);
    REQUIRE(file->pwrite(as_bytes("x"), 0).has_value());
    disk.fail_nth_operation(1);
    REQUIRE_FALSE(file->sync().has_value());
    REQUIRE(file->sync().has_value());
    disk.power_loss();
    lost = disk.contents("/a").empty();
  }
  CHECK(lost);
}

TEST_CASE("bit flips, failing paths, slow operations") {
  SimDisk disk(1);
  disk.put("/a", "A");
  disk.flip_bit("/a", 0, 1);
  CHECK(disk.contents("/a") == "C");
  disk.power_loss();
  CHECK(disk.contents("/a") == "C");
  disk.fail_paths("/a", Errc::kDiskFull);
  CHECK(disk.open("/a", OpenMode::kRead).error().code == Errc::kDiskFull);
  CHECK(disk.open("/b", OpenMode::kCreate).has_value());
  disk.fail_paths("");
  disk.set_slow(1, ms(5));
  CHECK(disk.open("/a", OpenMode::kRead).has_value());
  CHECK(disk.slow_operations() == 1);
  CHECK(disk.take_delay() == ms(5));
  CHECK(disk.take_delay() == ms(0));
}
