#include "storage/kafka/txn_index.h"

#include <array>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace kz::storage {

Status TxnIndex::open(Offset base) {
  std::lock_guard lock(mutex_);
  entries_.clear();
  auto text = fs_.read_file(path_);
  if (!text) return text.error().code == Errc::kNotFound ? Status{} : std::unexpected(text.error());
  Reader r(as_bytes(*text));
  while (r.remaining() >= kEntrySize) {
    if (const int16_t version = r.i16(); version != 0)
      return fail(Errc::kCorrupt, "transaction index version", version);
    AbortedEntry e;
    e.producer_id = r.i64();
    e.first_offset = r.i64();
    e.last_offset = r.i64();
    e.last_stable_offset = r.i64();
    if (e.last_offset < base) return fail(Errc::kCorrupt, "transaction index offset", e.last_offset);
    entries_.push_back(e);
  }
  return {};
}

Status TxnIndex::append(const AbortedEntry& e) {
  std::lock_guard lock(mutex_);
  if (!entries_.empty() && entries_.back().last_offset >= e.last_offset)
    return fail(Errc::kInvalidArgument, "transaction index order", e.last_offset);
  if (!file_) {
    KZ_TRY(file_, fs_.open(path_, OpenMode::kCreate));
  }
  std::array<std::byte, kEntrySize> bytes;
  Writer w{MutableBytes(bytes)};
  w.i16(0);
  w.i64(e.producer_id);
  w.i64(e.first_offset);
  w.i64(e.last_offset);
  w.i64(e.last_stable_offset);
  KZ_CHECK(file_->pwrite(bytes, static_cast<int64_t>(entries_.size() * kEntrySize)));
  entries_.push_back(e);
  unsynced_ = true;
  return {};
}

bool TxnIndex::collect(Offset from, Offset upper_bound, std::vector<AbortedEntry>& out) const {
  std::lock_guard lock(mutex_);
  for (const auto& e : entries_) {
    if (e.last_offset >= from && e.first_offset < upper_bound) out.push_back(e);
    if (e.last_stable_offset >= upper_bound) return true;
  }
  return false;
}

Status TxnIndex::truncate_to(Offset offset) {
  std::lock_guard lock(mutex_);
  size_t keep = 0;
  while (keep < entries_.size() && entries_[keep].last_offset < offset) ++keep;
  if (keep == entries_.size() && (keep > 0 || !fs_.exists(path_))) return {};
  if (!file_) {
    KZ_TRY(file_, fs_.open(path_, OpenMode::kReadWrite));
  }
  KZ_CHECK(file_->truncate(static_cast<int64_t>(keep * kEntrySize)));
  entries_.resize(keep);
  unsynced_ = true;
  return {};
}

Status TxnIndex::sync() {
  std::lock_guard lock(mutex_);
  if (!unsynced_ || !file_) return {};
  KZ_CHECK(file_->sync());
  unsynced_ = false;
  return {};
}

std::vector<AbortedEntry> TxnIndex::entries() const {
  std::lock_guard lock(mutex_);
  return entries_;
}

}  // namespace kz::storage
