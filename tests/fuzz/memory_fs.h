// The least FileSystem that a reader needs: one directory of files in memory, read-only. For fuzz entries.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "storage/fs.h"

namespace kz::fuzz {

class MemoryFs final : public storage::FileSystem {
 public:
  explicit MemoryFs(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  Result<std::unique_ptr<storage::File>> open(const std::string& path, storage::OpenMode) override {
    const auto it = files_.find(path);
    if (it == files_.end()) return fail(Errc::kNotFound);
    return std::make_unique<MemoryFile>(it->first, it->second);
  }
  Result<storage::FileInfo> stat(const std::string& path) override {
    const auto it = files_.find(path);
    if (it == files_.end()) return fail(Errc::kNotFound);
    return storage::FileInfo{std::ssize(it->second), 0, false};
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files_) names.push_back(path.substr(directory.size() + 1));
    return names;
  }
  Status rename(const std::string&, const std::string&) override { return refused(); }
  Status remove(const std::string&) override { return refused(); }
  Status remove_tree(const std::string&) override { return refused(); }
  Status create_directories(const std::string&) override { return refused(); }
  Status sync_directory(const std::string&) override { return refused(); }
  Result<std::unique_ptr<storage::FileLock>> lock(const std::string&) override { return fail(Errc::kPermission); }
  Result<std::pair<int64_t, int64_t>> space(const std::string&) override { return std::pair<int64_t, int64_t>{0, 0}; }

 private:
  static Status refused() { return fail(Errc::kPermission); }
  class MemoryFile final : public storage::File {
   public:
    MemoryFile(const std::string& path, const std::string& bytes) : path_(path), bytes_(bytes) {}
    Result<size_t> pread(MutableBytes into, int64_t position) override {
      if (position >= std::ssize(bytes_)) return size_t{0};
      const size_t n = std::min(into.size(), bytes_.size() - static_cast<size_t>(position));
      std::copy_n(as_bytes(bytes_).begin() + position, n, into.begin());
      return n;
    }
    Status pwritev(std::span<const Bytes>, int64_t) override { return refused(); }
    Status sync() override { return {}; }
    Status truncate(int64_t) override { return refused(); }
    Result<int64_t> size() override { return std::ssize(bytes_); }
    int fd() const override { return -1; }
    const std::string& path() const override { return path_; }

   private:
    const std::string& path_;
    const std::string& bytes_;
  };
  std::map<std::string, std::string> files_;
};

}  // namespace kz::fuzz
