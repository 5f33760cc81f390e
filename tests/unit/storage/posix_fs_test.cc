// The FileSystem contract, the same checks on the real file system and on SimDisk.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "storage/fs.h"
#include "tests/sim/lib/sim_disk.h"

using namespace kz;
using namespace kz::storage;

namespace {

// A scratch directory on the real disk, removed at the end.
struct TempDir {
  TempDir() {
    char name[] = "/tmp/kz_fs_test.XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempDir() { (void)posix_fs().remove_tree(path); }
  std::string path;
};

std::string read_all(FileSystem& fs, const std::string& path) {
  auto text = fs.read_file(path);
  REQUIRE(text.has_value());
  return *text;
}

void contract(FileSystem& fs, const std::string& root) {
  SUBCASE("pieces are written in order, beyond any vector limit, empty ones included") {
    auto file = fs.open(root + "/a", OpenMode::kCreate);
    REQUIRE(file.has_value());
    std::vector<std::string> texts;
    std::string all;
    for (int i = 0; i < 1500; ++i) {
      texts.push_back(i % 7 == 0 ? "" : std::to_string(i) + ";");
      all += texts.back();
    }
    std::vector<Bytes> pieces;
    for (const auto& t : texts) pieces.push_back(as_bytes(t));
    REQUIRE((*file)->pwritev(pieces, 3).has_value());
    CHECK((*file)->sync().has_value());
    CHECK(*(*file)->size() == std::ssize(all) + 3);
    CHECK(read_all(fs, root + "/a") == std::string(3, '\0') + all);
  }
  SUBCASE("pread gives less only at the end") {
    auto file = fs.open(root + "/a", OpenMode::kCreate);
    REQUIRE(file.has_value());
    REQUIRE((*file)->pwrite(as_bytes("hello"), 0).has_value());
    std::array<std::byte, 8> into;
    CHECK(*(*file)->pread(into, 1) == 4);
    CHECK(as_text(Bytes(into).first(4)) == "ello");
    CHECK(*(*file)->pread(into, 5) == 0);
    CHECK(*(*file)->pread(into, 500) == 0);
  }
  SUBCASE("truncate cuts and extends with zeros") {
    auto file = fs.open(root + "/a", OpenMode::kCreate);
    REQUIRE((*file)->pwrite(as_bytes("hello"), 0).has_value());
    REQUIRE((*file)->truncate(2).has_value());
    REQUIRE((*file)->truncate(4).has_value());
    CHECK(read_all(fs, root + "/a") == std::string("he\0\0", 4));
  }
  SUBCASE("open modes") {
    CHECK(fs.open(root + "/none", OpenMode::kRead).error().code == Errc::kNotFound);
    CHECK(fs.open(root + "/none", OpenMode::kReadWrite).error().code == Errc::kNotFound);
    CHECK(fs.open(root + "/no/such/dir", OpenMode::kCreate).error().code == Errc::kNotFound);
    REQUIRE(fs.open(root + "/a", OpenMode::kCreateNew).has_value());
    const auto again = fs.open(root + "/a", OpenMode::kCreateNew);
    CHECK(again.error().code == Errc::kExists);
    CHECK(again.error().detail == EEXIST);
    auto reader = fs.open(root + "/a", OpenMode::kRead);
    CHECK_FALSE((*reader)->pwrite(as_bytes("x"), 0).has_value());
    REQUIRE((*fs.open(root + "/a", OpenMode::kReadWrite))->pwrite(as_bytes("xyz"), 0).has_value());
    CHECK(read_all(fs, root + "/a") == "xyz");
    REQUIRE(fs.open(root + "/a", OpenMode::kTruncate).has_value());
    CHECK(read_all(fs, root + "/a").empty());
    CHECK_FALSE(fs.open(root, OpenMode::kCreate).has_value());
  }
  SUBCASE("directories, rename, remove") {
    REQUIRE(fs.create_directories(root + "/x/y/z").has_value());
    REQUIRE(fs.create_directories(root + "/x/y/z").has_value());
    REQUIRE(fs.write_atomically(root + "/x/y/f", "one").has_value());
    CHECK(fs.create_directories(root + "/x/y/f").error().code == Errc::kExists);
    CHECK_FALSE(fs.exists(root + "/x/y/f.tmp"));
    auto names = *fs.list(root + "/x/y");
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"f", "z"});
    CHECK(fs.stat(root + "/x/y")->directory);
    CHECK(fs.stat(root + "/x/y/f")->size == 3);
    CHECK(fs.remove(root + "/x/y").error().code == Errc::kExists);
    REQUIRE(fs.rename(root + "/x", root + "/w").has_value());
    CHECK(read_all(fs, root + "/w/y/f") == "one");
    REQUIRE(fs.write_atomically(root + "/w/y/g", "two").has_value());
    REQUIRE(fs.rename(root + "/w/y/g", root + "/w/y/f").has_value());
    CHECK(read_all(fs, root + "/w/y/f") == "two");
    CHECK(fs.rename(root + "/w/y/g", root + "/w/y/h").error().code == Errc::kNotFound);
    REQUIRE(fs.remove(root + "/w/y/f").has_value());
    CHECK(fs.remove(root + "/w/y/f").error().code == Errc::kNotFound);
    REQUIRE(fs.remove_tree(root + "/w").has_value());
    CHECK_FALSE(fs.exists(root + "/w"));
    CHECK(fs.list(root + "/w").error().code == Errc::kNotFound);
    CHECK(fs.sync_directory(root).has_value());
    CHECK_FALSE(fs.sync_directory(root + "/w").has_value());
  }
  SUBCASE("a lock excludes until it is dropped") {
    auto first = fs.lock(root + "/.lock");
    REQUIRE(first.has_value());
    CHECK(fs.lock(root + "/.lock").error().code == Errc::kLocked);
    first->reset();
    CHECK(fs.lock(root + "/.lock").has_value());
  }
  SUBCASE("an open file survives its removal") {
    auto file = fs.open(root + "/a", OpenMode::kCreate);
    REQUIRE((*file)->pwrite(as_bytes("hello"), 0).has_value());
    REQUIRE(fs.remove(root + "/a").has_value());
    std::array<std::byte, 5> into;
    CHECK(*(*file)->pread(into, 0) == 5);
  }
  SUBCASE("space") {
    const auto space = fs.space(root);
    REQUIRE(space.has_value());
    CHECK(space->first >= space->second);
    CHECK(space->second > 0);
  }
}

}  // namespace

TEST_CASE("file system contract: posix") {
  TempDir dir;
  contract(posix_fs(), dir.path);
}

TEST_CASE("file system contract: simulated") {
  sim::SimDisk disk(1, 1 << 30);
  REQUIRE(disk.create_directories("/data").has_value());
  contract(disk, "/data");
}

TEST_CASE("posix: errors keep their errno") {
  CHECK(posix_fs().open("/proc/self/mem/x", OpenMode::kRead).error().detail == ENOTDIR);
  auto full = posix_fs().open("/dev/full", OpenMode::kReadWrite);
  REQUIRE(full.has_value());
  const auto status = (*full)->pwrite(as_bytes("x"), 0);
  CHECK(status.error().code == Errc::kDiskFull);
  CHECK(status.error().detail == ENOSPC);
}

TEST_CASE("parent_directory") {
  CHECK(parent_directory("/a/b") == "/a");
  CHECK(parent_directory("/a") == "/");
  CHECK(parent_directory("a") == ".");
}
