// SimDisk: an in-memory FileSystem that forgets. Bytes are durable only after File::sync, names (create, rename,
// remove, mkdir) only after sync_directory of the directory that holds them; power_loss() drops or tears the rest.
// Stricter than any real file system on purpose: unsynced writes may survive in any order.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/rng.h"
#include "core/base/time.h"
#include "storage/fs.h"

namespace kz::sim {

struct SimInode;

// Thread-safe. The root "/" exists; relative paths are below it. fd() of its files is -1.
class SimDisk final : public storage::FileSystem {
 public:
  explicit SimDisk(uint64_t seed, int64_t capacity_bytes = INT64_MAX);
  ~SimDisk() override;

  Result<std::unique_ptr<storage::File>> open(const std::string& path, storage::OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_tree(const std::string& path) override;
  Status create_directories(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<storage::FileInfo> stat(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<std::unique_ptr<storage::FileLock>> lock(const std::string& path) override;
  Result<std::pair<int64_t, int64_t>> space(const std::string& path) override;

  // ---- faults ----

  // The machine loses power and comes back: each unsynced write is kept, lost or torn (at a sector or at any byte),
  // each directory keeps a prefix of its unsynced changes. Open files and locks of before are dead (kIo).
  void power_loss();
  // Everything so far becomes durable (a clean unmount).
  void sync_all();
  // The n-th operation from now (1 = the next) fails with kIo, once; 0 = never.
  void fail_nth_operation(int64_t n);
  // Power goes during the n-th operation from now: it and all later ones fail with kIo until power_loss().
  void cut_power_at(int64_t n);
  // Operations on paths containing `part` fail with `code` until cleared with an empty part.
  void fail_paths(std::string part, Errc code = Errc::kIo);
  void set_capacity(int64_t bytes);
  // Each operation is slow with this chance; take_delay() gives the time they took since it was last asked.
  void set_slow(double chance, Duration each);
  Duration take_delay();
  // Flips one bit, durably too. The byte must exist.
  void flip_bit(const std::string& path, int64_t position, int bit);

  // ---- inspection ----

  // Calls of open, pread, pwritev, sync, truncate, rename, remove, mkdir, list, sync_directory, lock so far.
  int64_t operations() const;
  int64_t slow_operations() const;
  int64_t syncs() const;  // File::sync calls that succeeded
  int64_t used_bytes() const;
  // Contents as the program sees them; KZ_ASSERTs that the file is there.
  std::string contents(const std::string& path) const;
  // Replaces a file, durably, creating directories (durably) as needed. Not counted as operations.
  void put(const std::string& path, std::string_view bytes);
  bool present(const std::string& path) const;

 private:
  friend class SimFile;
  friend class SimLock;
  using Inode = std::shared_ptr<SimInode>;
  struct Place {
    Inode directory;
    std::string name;
  };

  Status charge(const std::string& path);  // counts one operation and applies the faults
  Inode find(const std::string& path) const;
  Result<Place> place(const std::string& path) const;
  void link(const Inode& directory, const std::string& name, Inode target);
  void release(SimInode& inode);
  void release_tree(SimInode& inode);
  void revive(SimInode& inode);
  void settle(SimInode& inode);
  Status grow(SimInode& inode, int64_t from, int64_t to);
  void apply_torn(std::string& data, int64_t position, std::string_view bytes);

  mutable std::recursive_mutex mutex_;
  Rng rng_;
  Inode root_;
  int64_t capacity_;
  int64_t used_ = 0;
  int64_t operations_ = 0;
  int64_t slow_operations_ = 0;
  int64_t syncs_ = 0;
  int64_t fail_at_ = 0;
  int64_t cut_at_ = 0;
  bool dark_ = false;         // power is off
  bool interrupted_ = false;  // the operation being charged is the one that failed: it may leave half of its effect
  uint64_t boot_ = 0;         // handles of an earlier boot are dead
  std::string fail_part_;
  Errc fail_code_ = Errc::kIo;
  double slow_chance_ = 0;
  Duration slow_each_{};
  Duration delay_{};
  std::map<std::string, uint64_t> locks_;
};

}  // namespace kz::sim
