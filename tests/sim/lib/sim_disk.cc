#include "tests/sim/lib/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/sim/lib/sim_inode.h"

namespace kz::sim {

using storage::File;
using storage::FileInfo;
using storage::FileLock;
using storage::OpenMode;

namespace {

constexpr int64_t kBlock = 4096;
constexpr size_t kSector = 512;

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (from <= path.size()) {
    const size_t to = std::min(path.find('/', from), path.size());
    const std::string part = path.substr(from, to - from);
    if (!part.empty() && part != ".") parts.push_back(part);
    from = to + 1;
  }
  return parts;
}

}  // namespace

class SimLock final : public FileLock {
 public:
  SimLock(SimDisk& disk, std::string path) : disk_(disk), path_(std::move(path)), boot_(disk.boot_) {}
  ~SimLock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (boot_ == disk_.boot_) disk_.locks_.erase(path_);
  }

 private:
  SimDisk& disk_;
  std::string path_;
  uint64_t boot_;
};

SimDisk::SimDisk(uint64_t seed, int64_t capacity_bytes)
    : rng_(seed), root_(std::make_shared<SimInode>()), capacity_(capacity_bytes) {
  root_->directory = true;
}

SimDisk::~SimDisk() = default;

Status SimDisk::charge(const std::string& path) {
  interrupted_ = false;
  if (dark_) return fail(Errc::kIo, "power is off", EIO);
  ++operations_;
  if (slow_chance_ > 0 && rng_.chance(slow_chance_)) {
    ++slow_operations_;
    delay_ += slow_each_;
  }
  if (fail_at_ == operations_ || cut_at_ == operations_) {
    dark_ = cut_at_ == operations_;
    interrupted_ = true;
    return fail(Errc::kIo, "injected", EIO);
  }
  if (!fail_part_.empty() && path.find(fail_part_) != std::string::npos) {
    interrupted_ = true;
    return fail(fail_code_, "injected", fail_code_ == Errc::kDiskFull ? ENOSPC : EIO);
  }
  return {};
}

SimDisk::Inode SimDisk::find(const std::string& path) const {
  Inode at = root_;
  for (const auto& part : split(path)) {
    const auto it = at->entries.find(part);
    if (it == at->entries.end()) return nullptr;
    at = it->second;
  }
  return at;
}

Result<SimDisk::Place> SimDisk::place(const std::string& path) const {
  auto parts = split(path);
  if (parts.empty()) return fail(Errc::kInvalidArgument, "the root", EINVAL);
  Place out{root_, parts.back()};
  parts.pop_back();
  for (const auto& part : parts) {
    const auto it = out.directory->entries.find(part);
    if (it == out.directory->entries.end() || !it->second->directory) return fail(Errc::kNotFound, "path", ENOENT);
    out.directory = it->second;
  }
  return out;
}

void SimDisk::link(const Inode& directory, const std::string& name, Inode target) {
  directory->changes.push_back({name, target, false});
  if (target)
    directory->entries[name] = std::move(target);
  else
    directory->entries.erase(name);
}

void SimDisk::release(SimInode& inode) {
  used_ -= std::count(inode.blocks.begin(), inode.blocks.end(), true) * kBlock;
  inode.blocks.clear();
}

void SimDisk::release_tree(SimInode& inode) {
  release(inode);
  for (auto& [name, child] : inode.entries) release_tree(*child);
}

Status SimDisk::grow(SimInode& inode, int64_t from, int64_t to) {
  int64_t wanted = 0;
  const auto last = static_cast<size_t>((to + kBlock - 1) / kBlock);
  if (inode.blocks.size() < last) inode.blocks.resize(last);
  for (auto i = static_cast<size_t>(from / kBlock); i < last; ++i) wanted += inode.blocks[i] ? 0 : kBlock;
  if (wanted > capacity_ - used_) return fail(Errc::kDiskFull, "pwritev", ENOSPC);
  for (auto i = static_cast<size_t>(from / kBlock); i < last; ++i) inode.blocks[i] = true;
  used_ += wanted;
  return {};
}

Result<std::unique_ptr<File>> SimDisk::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  KZ_CHECK(charge(path));
  Inode inode = find(path);
  if (inode && inode->directory) return fail(Errc::kInvalidArgument, "open", EISDIR);
  if (inode && mode == OpenMode::kCreateNew) return fail(Errc::kExists, "open", EEXIST);
  if (!inode) {
    if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) return fail(Errc::kNotFound, "open", ENOENT);
    KZ_TRY(const Place at, place(path));
    inode = std::make_shared<SimInode>();
    link(at.directory, at.name, inode);
  } else if (mode == OpenMode::kTruncate) {
    release(*inode);
    inode->data.clear();
    inode->edits.push_back({0, {}, 0});
  }
  return make_sim_file(*this, std::move(inode), path, mode != OpenMode::kRead);
}

Status SimDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  KZ_CHECK(charge(from));
  KZ_TRY(const Place source, place(from));
  KZ_TRY(const Place target, place(to));
  const auto it = source.directory->entries.find(source.name);
  if (it == source.directory->entries.end()) return fail(Errc::kNotFound, "rename", ENOENT);
  const Inode inode = it->second;
  if (const Inode old = find(to); old && old != inode) {
    if (old->directory && !old->entries.empty()) return fail(Errc::kExists, "rename", ENOTEMPTY);
    release(*old);
  }
  link(target.directory, target.name, inode);
  target.directory->changes.back().with_next = target.directory == source.directory;
  link(source.directory, source.name, nullptr);
  return {};
}

Status SimDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  KZ_CHECK(charge(path));
  KZ_TRY(const Place at, place(path));
  const auto it = at.directory->entries.find(at.name);
  if (it == at.directory->entries.end()) return fail(Errc::kNotFound, "remove", ENOENT);
  if (it->second->directory && !it->second->entries.empty()) return fail(Errc::kExists, "remove", ENOTEMPTY);
  release(*it->second);
  link(at.directory, at.name, nullptr);
  return {};
}

Status SimDisk::remove_tree(const std::string& path) {
  const std::lock_guard lock(mutex_);
  KZ_CHECK(charge(path));
  KZ_TRY(const Place at, place(path));
  const auto it = at.directory->entries.find(at.name);
  if (it == at.directory->entries.end()) return fail(Errc::kNotFound, "remove_tree", ENOENT);
  release_tree(*it->second);
  link(at.directory, at.name, nullptr);
  return {};
}

Status SimDisk::create_directories(const std::string& path) {
  const std::lock_guard lock(mutex_);
  KZ_CHECK(charge(path));
  Inode at = root_;
  for (const auto& part : split(path)) {
    auto it = at->entries.find(part);
    if (it == at->entries.end()) {
      auto made = std::make_shared<SimInode>();
      made->directory = true;
      link(at, part, made);
      it = at->entries.find(part);
    }
    if (!it->second->directory) return fail(Errc::kExists, "mkdir", ENOTDIR);
    at = it->second;
  }
  return {};
}

Status SimDisk::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  KZ_CHECK(charge(path));
  const Inode inode = find(path);
  if (!inode || !inode->directory) return fail(Errc::kNotFound, "sync_directory", ENOENT);
  inode->durable_entries = inode->entries;
  inode->changes.clear();
  return {};
}

Result<FileInfo> SimDisk::stat(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (dark_) return fail(Errc::kIo, "power is off", EIO);
  const Inode inode = find(path);
  if (!inode) return fail(Errc::kNotFound, "stat", ENOENT);
  return FileInfo{std::ssize(inode->data), inode->mtime_ms, inode->directory};
}

Result<std::vector<std::string>> SimDisk::list(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  KZ_CHECK(charge(directory));
  const Inode inode = find(directory);
  if (!inode || !inode->directory) return fail(Errc::kNotFound, "list", ENOENT);
  std::vector<std::string> names;
  for (const auto& [name, child] : inode->entries) names.push_back(name);
  // readdir promises no order.
  for (size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[rng_.below(i)]);
  return names;
}

Result<std::unique_ptr<FileLock>> SimDisk::lock(const std::string& path) {
  const std::lock_guard guard(mutex_);
  KZ_TRY(auto file, open(path, OpenMode::kCreate));
  if (!locks_.emplace(path, boot_).second) return fail(Errc::kLocked, "lock file", EWOULDBLOCK);
  return std::make_unique<SimLock>(*this, path);
}

Result<std::pair<int64_t, int64_t>> SimDisk::space(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!find(path)) return fail(Errc::kNotFound, "space", ENOENT);
  return std::pair{capacity_, capacity_ - used_};
}

void SimDisk::apply_torn(std::string& data, int64_t position, std::string_view bytes) {
  switch (rng_.below(4)) {
    case 0:
      return;
    case 1:
      overlay(data, position, bytes);
      return;
    case 2:
      overlay(data, position, bytes.substr(0, rng_.below(bytes.size() + 1)));
      return;
    default:  // some sectors of it, in any pattern
      for (size_t at = 0; at < bytes.size();) {
        const size_t absolute = static_cast<size_t>(position) + at;
        const size_t count = std::min(kSector - absolute % kSector, bytes.size() - at);
        if (rng_.chance(0.5)) overlay(data, static_cast<int64_t>(absolute), bytes.substr(at, count));
        at += count;
      }
  }
}

void SimDisk::revive(SimInode& inode) {
  if (inode.directory) {
    auto entries = inode.durable_entries;
    size_t kept = rng_.chance(0.5) ? 0 : rng_.below(inode.changes.size() + 1);
    if (kept > 0 && inode.changes[kept - 1].with_next) ++kept;
    for (size_t i = 0; i < kept; ++i) {
      const auto& change = inode.changes[i];
      if (change.target)
        entries[change.name] = change.target;
      else
        entries.erase(change.name);
    }
    inode.entries = inode.durable_entries = std::move(entries);
    inode.changes.clear();
    for (auto& [name, child] : inode.entries) revive(*child);
    return;
  }
  const bool lose_all = rng_.chance(0.3);
  for (const auto& edit : inode.edits) {
    if (lose_all) break;
    if (!edit.size)
      apply_torn(inode.durable_data, edit.position, edit.bytes);
    else if (rng_.chance(0.5))
      inode.durable_data.resize(static_cast<size_t>(*edit.size), '\0');
  }
  inode.edits.clear();
  inode.data = inode.durable_data;
  inode.blocks.assign((inode.data.size() + kBlock - 1) / kBlock, true);
  used_ += std::ssize(inode.blocks) * kBlock;
}

void SimDisk::power_loss() {
  const std::lock_guard lock(mutex_);
  ++boot_;
  dark_ = false;
  cut_at_ = fail_at_ = 0;
  locks_.clear();
  used_ = 0;
  revive(*root_);
}

void SimDisk::settle(SimInode& inode) {
  inode.durable_entries = inode.entries;
  inode.changes.clear();
  inode.durable_data = inode.data;
  inode.edits.clear();
  for (auto& [name, child] : inode.entries) settle(*child);
}

void SimDisk::sync_all() {
  const std::lock_guard lock(mutex_);
  settle(*root_);
}

void SimDisk::fail_nth_operation(int64_t n) {
  const std::lock_guard lock(mutex_);
  fail_at_ = n == 0 ? 0 : operations_ + n;
}

void SimDisk::cut_power_at(int64_t n) {
  const std::lock_guard lock(mutex_);
  cut_at_ = n == 0 ? 0 : operations_ + n;
}

void SimDisk::fail_paths(std::string part, Errc code) {
  const std::lock_guard lock(mutex_);
  fail_part_ = std::move(part);
  fail_code_ = code;
}

void SimDisk::set_capacity(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

void SimDisk::set_slow(double chance, Duration each) {
  const std::lock_guard lock(mutex_);
  slow_chance_ = chance;
  slow_each_ = each;
}

Duration SimDisk::take_delay() {
  const std::lock_guard lock(mutex_);
  return std::exchange(delay_, Duration{});
}

void SimDisk::flip_bit(const std::string& path, int64_t position, int bit) {
  const std::lock_guard lock(mutex_);
  const Inode inode = find(path);
  KZ_ASSERT(inode && position < std::ssize(inode->data));
  const auto at = static_cast<size_t>(position);
  inode->data[at] = static_cast<char>(inode->data[at] ^ (1 << bit));
  if (at < inode->durable_data.size()) inode->durable_data[at] = inode->data[at];
}

int64_t SimDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

int64_t SimDisk::slow_operations() const {
  const std::lock_guard lock(mutex_);
  return slow_operations_;
}

int64_t SimDisk::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

int64_t SimDisk::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

std::string SimDisk::contents(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const Inode inode = find(path);
  KZ_ASSERT_MSG(inode && !inode->directory, path.c_str());
  return inode->data;
}

void SimDisk::put(const std::string& path, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  auto parts = split(path);
  KZ_ASSERT(!parts.empty());
  Inode at = root_;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    Inode& child = at->entries[parts[i]];
    if (!child) {
      child = std::make_shared<SimInode>();
      child->directory = !last;
    }
    at->durable_entries[parts[i]] = child;
    std::erase_if(at->changes, [&](const auto& change) { return change.name == parts[i]; });
    at = child;
  }
  release(*at);
  at->data = at->durable_data = bytes;
  at->edits.clear();
  at->blocks.assign((bytes.size() + kBlock - 1) / kBlock, true);
  used_ += std::ssize(at->blocks) * kBlock;
}

bool SimDisk::present(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return find(path) != nullptr;
}

}  // namespace kz::sim
