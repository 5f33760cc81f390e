// SimDisk's open files.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/sim/lib/sim_inode.h"

namespace kz::sim {

using storage::File;

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<SimInode> inode, std::string path, bool writable)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), writable_(writable), boot_(disk.boot_) {}

  Result<size_t> pread(MutableBytes into, int64_t position) override {
    const std::lock_guard lock(disk_.mutex_);
    KZ_CHECK(alive());
    KZ_CHECK(disk_.charge(path_));
    if (position >= std::ssize(inode_->data)) return size_t{0};
    const size_t count = std::min(into.size(), inode_->data.size() - static_cast<size_t>(position));
    std::copy_n(as_bytes(inode_->data).begin() + position, count, into.begin());
    return count;
  }

  Status pwritev(std::span<const Bytes> pieces, int64_t position) override {
    const std::lock_guard lock(disk_.mutex_);
    KZ_CHECK(alive());
    std::string bytes;
    for (const auto& piece : pieces) bytes += as_text(piece);
    Status verdict = disk_.charge(path_);
    if (verdict && !writable_) return fail(Errc::kInvalidArgument, "pwritev", EBADF);
    if (verdict) verdict = disk_.grow(*inode_, position, position + std::ssize(bytes));
    // A failed write may have left a part of itself.
    if (!verdict && !disk_.interrupted_ && verdict.error().code != Errc::kDiskFull) return verdict;
    if (!verdict) bytes.resize(disk_.rng_.below(bytes.size() + 1));
    overlay(inode_->data, position, bytes);
    inode_->edits.push_back({position, std::move(bytes), std::nullopt});
    ++inode_->mtime_ms;
    return verdict;
  }

  Status sync() override {
    const std::lock_guard lock(disk_.mutex_);
    KZ_CHECK(alive());
    const Status verdict = disk_.charge(path_);
    for (auto& edit : inode_->edits) {
      // After a failed fdatasync Linux counts the pages as clean: what is not on the disk now never will be.
      if (!verdict && disk_.rng_.chance(0.5)) continue;
      if (edit.size)
        inode_->durable_data.resize(static_cast<size_t>(*edit.size), '\0');
      else
        overlay(inode_->durable_data, edit.position, edit.bytes);
    }
    inode_->edits.clear();
    if (verdict) ++disk_.syncs_;
    return verdict;
  }

  Status truncate(int64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    KZ_CHECK(alive());
    KZ_CHECK(disk_.charge(path_));
    inode_->data.resize(static_cast<size_t>(size), '\0');
    inode_->edits.push_back({0, {}, size});
    ++inode_->mtime_ms;
    return {};
  }

  Result<int64_t> size() override {
    const std::lock_guard lock(disk_.mutex_);
    KZ_CHECK(alive());
    return std::ssize(inode_->data);
  }

  int fd() const override { return -1; }
  const std::string& path() const override { return path_; }

 private:
  Status alive() const {
    if (disk_.dark_ || boot_ != disk_.boot_) return fail(Errc::kIo, "power is off", EIO);
    return {};
  }

  SimDisk& disk_;
  std::shared_ptr<SimInode> inode_;
  std::string path_;
  bool writable_;
  uint64_t boot_;
};

std::unique_ptr<File> make_sim_file(SimDisk& disk, std::shared_ptr<SimInode> inode, std::string path, bool writable) {
  return std::make_unique<SimFile>(disk, std::move(inode), std::move(path), writable);
}

}  // namespace kz::sim
