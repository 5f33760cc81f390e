#include "core/kafka/record/walk.h"

#include <algorithm>

namespace kz::kafka {

bool StreamWalk::fill(size_t need) {
  const auto have = static_cast<size_t>(end_ - p_);
  if (have >= need) return true;
  std::memmove(window_.data(), p_, have);
  p_ = window_.data();
  end_ = p_ + have;
  auto got = source_.read(MutableBytes(end_, window_.data() + window_.size()));
  if (!got) {
    failed_ = true;
    return false;
  }
  end_ += *got;
  return static_cast<size_t>(end_ - p_) >= need;
}

const char* StreamWalk::next(WalkedRecord& out) {
  constexpr size_t kVarintMax = 5;
  fill(kVarintMax);
  const std::byte* p = p_;
  int32_t size = 0;
  if (!detail::read_varint(p, end_, size)) return broken();
  if (size < 0) return "Invalid record size";
  p_ += p - p_;
  if (static_cast<size_t>(size) > kWindow) return next_large(size, out);
  if (!fill(static_cast<size_t>(size))) return broken();
  if (!detail::walk_body(p_, p_ + size, out)) return "Found invalid record structure";
  p_ += size;
  return nullptr;
}

bool StreamWalk::varint(int64_t& left, int32_t& out) {
  fill(static_cast<size_t>(std::min<int64_t>(left, 10)));
  const std::byte* p = p_;
  const std::byte* limit = p_ + std::min<int64_t>(left, end_ - p_);
  if (!detail::read_varint(p, limit, out)) return false;
  left -= p - p_;
  p_ += p - p_;
  return true;
}

bool StreamWalk::skip(int64_t& left, int64_t count) {
  if (count <= 0) return true;
  if (count > left) return false;
  left -= count;
  while (count > 0) {
    if (!fill(1)) return false;
    const auto n = std::min<int64_t>(count, end_ - p_);
    p_ += n;
    count -= n;
  }
  return true;
}

// A record that does not fit the window: its head is parsed and the rest skipped piece by piece.
const char* StreamWalk::next_large(int64_t size, WalkedRecord& out) {
  constexpr const char* kStructure = "Found invalid record structure";
  constexpr size_t kHeadMax = 32;
  if (!fill(kHeadMax)) return broken();
  const std::byte* p = p_ + 1;  // attributes
  if (!detail::read_varlong(p, end_, out.timestamp_delta) || !detail::read_varint(p, end_, out.offset_delta))
    return kStructure;
  int64_t left = size - (p - p_);
  p_ += p - p_;
  int32_t n = 0;
  if (!varint(left, n)) return kStructure;
  out.has_key = n >= 0;
  if (!skip(left, n)) return failed_ ? broken() : kStructure;
  if (!varint(left, n) || !skip(left, n)) return failed_ ? broken() : kStructure;
  int32_t headers = 0;
  if (!varint(left, headers) || headers < 0 || headers > left) return failed_ ? broken() : kStructure;
  for (; headers > 0; --headers) {
    if (!varint(left, n) || n < 0 || !skip(left, n)) return failed_ ? broken() : kStructure;
    if (!varint(left, n) || !skip(left, n)) return failed_ ? broken() : kStructure;
  }
  return left == 0 ? nullptr : kStructure;
}

const char* StreamWalk::finish() {
  if (fill(1)) return "Incorrect declared batch size, records still remaining in file";
  return failed_ ? broken() : nullptr;
}

}  // namespace kz::kafka
