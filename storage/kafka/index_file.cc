#include "storage/kafka/index_file.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kz::storage {

Status IndexFile::open() {
  std::lock_guard lock(mutex_);
  KZ_TRY(const auto info, fs_.stat(path_));
  if (info.size % static_cast<int64_t>(entry_size_) != 0) return fail(Errc::kCorrupt, "index size", info.size);
  in_file_ = static_cast<size_t>(info.size) / entry_size_;
  tail_.clear();
  block_.clear();
  return {};
}

Status IndexFile::create(bool fresh) {
  std::lock_guard lock(mutex_);
  KZ_TRY(auto opened, fs_.open(path_, OpenMode::kTruncate));
  file_ = std::move(opened);
  in_file_ = 0;
  tail_.clear();
  block_.clear();
  unsynced_ = !fresh;
  return {};
}

Result<File*> IndexFile::file() const {
  if (!file_) {
    KZ_TRY(auto opened, fs_.open(path_, OpenMode::kCreate));
    file_ = std::move(opened);
  }
  return file_.get();
}

size_t IndexFile::count() const {
  std::lock_guard lock(mutex_);
  return in_file_ + tail_.size() / entry_size_;
}

void IndexFile::append(Bytes entry) {
  std::lock_guard lock(mutex_);
  tail_.insert(tail_.end(), entry.begin(), entry.end());
}

Status IndexFile::read(size_t index, MutableBytes entry) const {
  std::lock_guard lock(mutex_);
  if (index >= in_file_) {
    const size_t at = (index - in_file_) * entry_size_;
    if (at + entry_size_ > tail_.size()) return fail(Errc::kOutOfRange, "index entry", static_cast<int64_t>(index));
    std::memcpy(entry.data(), tail_.data() + at, entry_size_);
    return {};
  }
  KZ_TRY(File * f, file());
  KZ_TRY(const size_t got, f->pread(entry.first(entry_size_), static_cast<int64_t>(index * entry_size_)));
  return got == entry_size_ ? Status{} : fail(Errc::kTruncated, "index entry", static_cast<int64_t>(index));
}

int64_t IndexFile::floor(Key key, int64_t target, MutableBytes entry) const {
  std::shared_ptr<File> f;
  size_t high = 0;  // entries in the file to search: [0, high)
  {
    std::lock_guard lock(mutex_);
    const size_t tail_count = tail_.size() / entry_size_;
    if (tail_count > 0 && key(tail_.data()) <= target) {
      size_t lo = 0;
      size_t hi = tail_count;  // key(lo) <= target < key(hi)
      while (hi - lo > 1) {
        const size_t mid = (lo + hi) / 2;
        (key(tail_.data() + mid * entry_size_) <= target ? lo : hi) = mid;
      }
      std::memcpy(entry.data(), tail_.data() + lo * entry_size_, entry_size_);
      return static_cast<int64_t>(in_file_ + lo);
    }
    if (in_file_ == 0) return -1;
    if (const int64_t hit = floor_in_block(key, target, entry); hit >= 0) return hit;
    if (!file()) return -1;
    f = file_;
    high = in_file_;
  }
  // Halve by single entries until one block holds the rest, then look at that block in memory.
  const size_t per_block = kBlockBytes / entry_size_;
  size_t low = 0;
  std::array<std::byte, kBlockBytes> block;
  while (high - low > per_block) {
    const size_t mid = (low + high) / 2;
    const auto got = f->pread(MutableBytes(block).first(entry_size_), static_cast<int64_t>(mid * entry_size_));
    if (!got || *got != entry_size_) return -1;
    (key(block.data()) <= target ? low : high) = mid;
  }
  const size_t bytes = (high - low) * entry_size_;
  const auto got = f->pread(MutableBytes(block).first(bytes), static_cast<int64_t>(low * entry_size_));
  if (!got || *got != bytes) return -1;
  int64_t found = -1;
  for (size_t i = 0; i < high - low && key(block.data() + i * entry_size_) <= target; ++i)
    found = static_cast<int64_t>(low + i);
  if (found < 0) return -1;
  std::memcpy(entry.data(), block.data() + (static_cast<size_t>(found) - low) * entry_size_, entry_size_);
  std::lock_guard lock(mutex_);
  if (high <= in_file_) {  // not truncated meanwhile
    block_.assign(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(bytes));
    block_first_ = low;
  }
  return found;
}

// Only a block that holds the entry and the one behind it can answer.
int64_t IndexFile::floor_in_block(Key key, int64_t target, MutableBytes entry) const {
  const size_t count = block_.size() / entry_size_;
  if (count < 2 || key(block_.data()) > target || key(block_.data() + (count - 1) * entry_size_) <= target) return -1;
  size_t lo = 0;
  size_t hi = count - 1;  // key(lo) <= target < key(hi)
  while (hi - lo > 1) {
    const size_t mid = (lo + hi) / 2;
    (key(block_.data() + mid * entry_size_) <= target ? lo : hi) = mid;
  }
  std::memcpy(entry.data(), block_.data() + lo * entry_size_, entry_size_);
  return static_cast<int64_t>(block_first_ + lo);
}

Status IndexFile::truncate(size_t count) {
  std::lock_guard lock(mutex_);
  if (count >= in_file_) {
    tail_.resize(std::min(tail_.size(), (count - in_file_) * entry_size_));
    return {};
  }
  tail_.clear();
  block_.clear();
  KZ_TRY(File * f, file());
  KZ_CHECK(f->truncate(static_cast<int64_t>(count * entry_size_)));
  in_file_ = count;
  unsynced_ = true;
  return {};
}

bool IndexFile::dirty() const {
  std::lock_guard lock(mutex_);
  return unsynced_ || !tail_.empty();
}

Status IndexFile::write_behind() {
  std::lock_guard lock(mutex_);
  return tail_.size() < kBlockBytes ? Status{} : flush_locked(false);
}

Status IndexFile::flush(bool sync) {
  std::lock_guard lock(mutex_);
  return flush_locked(sync);
}

Status IndexFile::flush_locked(bool sync) {
  if (!tail_.empty()) {
    KZ_TRY(File * f, file());
    KZ_CHECK(f->pwrite(tail_, static_cast<int64_t>(in_file_ * entry_size_)));
    in_file_ += tail_.size() / entry_size_;
    tail_.clear();
    unsynced_ = true;
  }
  if (sync && unsynced_) {
    KZ_TRY(File * f, file());
    KZ_CHECK(f->sync());
    unsynced_ = false;
  }
  return {};
}

void IndexFile::drop_memory() {
  std::lock_guard lock(mutex_);
  if (!tail_.empty()) return;
  tail_.shrink_to_fit();
  file_.reset();
}

void IndexFile::moved(std::string path) {
  std::lock_guard lock(mutex_);
  path_ = std::move(path);
}

}  // namespace kz::storage
