#include "storage/kafka/offset_index.h"

#include <array>

#include "core/kafka/record/batch.h"

namespace kz::storage {

using kafka::detail::load_be;
using kafka::detail::store_be;

namespace {
using Entry = std::array<std::byte, OffsetIndex::kEntrySize>;
int64_t offset_key(const std::byte* p) { return load_be<int32_t>(p); }
int64_t position_key(const std::byte* p) { return load_be<int32_t>(p + 4); }
}  // namespace

Status OffsetIndex::open() {
  KZ_CHECK(file_.open());
  KZ_CHECK(reload_last());
  if (count() > 0 && last_offset_ < base_) return fail(Errc::kCorrupt, "offset index", last_offset_);
  return {};
}

Status OffsetIndex::create(bool fresh) {
  KZ_CHECK(file_.create(fresh));
  last_offset_ = base_;
  return {};
}

Status OffsetIndex::reload_last() {
  last_offset_ = base_;
  if (count() == 0) return {};
  Entry e;
  KZ_CHECK(file_.read(count() - 1, e));
  last_offset_ = base_ + offset_key(e.data());
  return {};
}

Status OffsetIndex::append(Offset offset, int64_t position) {
  if (count() > 0 && offset <= last_offset_) return fail(Errc::kInvalidArgument, "offset index order", offset);
  Entry e;
  store_be<int32_t>(e.data(), static_cast<int32_t>(offset - base_));
  store_be<int32_t>(e.data() + 4, static_cast<int32_t>(position));
  file_.append(e);
  last_offset_ = offset;
  return file_.write_behind();
}

OffsetPosition OffsetIndex::lookup(Offset target) const {
  Entry e;
  if (file_.floor(offset_key, target - base_, e) < 0) return {base_, 0};
  return {base_ + offset_key(e.data()), position_key(e.data())};
}

OffsetPosition OffsetIndex::lookup_position(int64_t position) const {
  Entry e;
  if (file_.floor(position_key, position, e) < 0) return {base_, 0};
  return {base_ + offset_key(e.data()), position_key(e.data())};
}

Status OffsetIndex::truncate_to(Offset offset) {
  Entry e;
  const int64_t slot = file_.floor(offset_key, offset - base_ - 1, e);
  KZ_CHECK(file_.truncate(static_cast<size_t>(slot + 1)));
  return reload_last();
}

}  // namespace kz::storage
