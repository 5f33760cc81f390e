// Deleting a log while it is being flushed: the rename waits for the flush, and whoever still holds the log afterwards
// does no harm to the directory.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "storage/kafka/log_manager.h"
#include "tests/unit/storage/kafka_log_fixture.h"

using namespace kz;
using namespace kz::test;
using namespace kz::storage;

namespace {

// Passes everything on; tells of syncs before they happen and of renames after.
class WatchedFs final : public FileSystem {
 public:
  explicit WatchedFs(FileSystem& to) : to_(to) {}
  std::function<void()> before_sync = [] {};
  std::function<void()> after_rename = [] {};

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    KZ_TRY(auto file, to_.open(path, mode));
    return std::make_unique<WatchedFile>(*this, std::move(file));
  }
  Status rename(const std::string& from, const std::string& to) override {
    const Status done = to_.rename(from, to);
    after_rename();
    return done;
  }
  Status remove(const std::string& path) override { return to_.remove(path); }
  Status remove_tree(const std::string& path) override { return to_.remove_tree(path); }
  Status create_directories(const std::string& path) override { return to_.create_directories(path); }
  Status sync_directory(const std::string& path) override { return to_.sync_directory(path); }
  Result<FileInfo> stat(const std::string& path) override { return to_.stat(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return to_.list(directory); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override { return to_.lock(path); }
  Result<std::pair<int64_t, int64_t>> space(const std::string& path) override { return to_.space(path); }

 private:
  class WatchedFile final : public File {
   public:
    WatchedFile(WatchedFs& fs, std::unique_ptr<File> file) : fs_(fs), file_(std::move(file)) {}
    Result<size_t> pread(MutableBytes into, int64_t position) override { return file_->pread(into, position); }
    Status pwritev(std::span<const Bytes> pieces, int64_t position) override {
      return file_->pwritev(pieces, position);
    }
    Status sync() override {
      fs_.before_sync();
      return file_->sync();
    }
    Status truncate(int64_t size) override { return file_->truncate(size); }
    Result<int64_t> size() override { return file_->size(); }
    int fd() const override { return file_->fd(); }
    const std::string& path() const override { return file_->path(); }

   private:
    WatchedFs& fs_;
    std::unique_ptr<File> file_;
  };
  FileSystem& to_;
};

struct Deletion {
  Deletion() {
    LogManagerOptions options;
    options.dirs = {"/a"};
    options.wall_ms = [] { return kTime; };
    options.background = false;
    m = std::make_unique<LogManager>(fs, options);
    m->on_directory_failed = [this](const std::string& dir, const std::string&) { failed.push_back(dir); };
    REQUIRE(m->open());
    REQUIRE(m->load());
    REQUIRE(m->get_or_create(tp, {}, {}, true));
    log = m->find_log(tp);
    REQUIRE(append(*log, batch_of(3)));
  }
  sim::SimDisk disk{3};
  WatchedFs fs{disk};
  const TopicPartition tp{"t", 0};
  std::vector<std::string> failed;
  std::unique_ptr<LogManager> m;
  std::shared_ptr<Log> log;
};

}  // namespace

TEST_CASE("the rename for deletion waits for a flush that is under way") {
  Deletion d;
  std::mutex mutex;
  std::condition_variable changed;
  bool renamed = false;
  bool renamed_during_sync = false;
  std::thread remover;
  d.fs.after_rename = [&] {
    std::lock_guard lock(mutex);
    renamed = true;
    changed.notify_all();
  };
  d.fs.before_sync = [&] {
    if (remover.joinable()) return;
    remover = std::thread([&] { CHECK(d.m->remove(d.tp)); });
    // As long as another thread needs to come to the rename, if nothing stops it.
    std::unique_lock lock(mutex);
    renamed_during_sync = changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return renamed; });
  };
  CHECK(d.log->flush());
  REQUIRE(remover.joinable());
  remover.join();
  CHECK_FALSE(renamed_during_sync);
  CHECK(renamed);
  CHECK(d.failed.empty());
}

TEST_CASE("a flush of a log that is gone fails neither the caller nor the directory") {
  Deletion d;
  d.log->begin_leader_epoch(5);  // the epochs' file waits for the next flush
  REQUIRE(d.m->remove(d.tp));
  CHECK(d.log->flush());
  d.m->remove_due(kTime + 3'600'000);
  CHECK(d.log->flush());
  CHECK(d.failed.empty());
  // The directory serves on.
  REQUIRE(d.m->get_or_create({"u", 0}, {}, {}, true));
  CHECK(append(*d.m->find_log({"u", 0}), batch_of(1)));
}
