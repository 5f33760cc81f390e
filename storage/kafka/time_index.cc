#include "storage/kafka/time_index.h"

#include <array>

#include "core/kafka/record/batch.h"

namespace kz::storage {

using kafka::detail::load_be;
using kafka::detail::store_be;

namespace {
using Entry = std::array<std::byte, TimeIndex::kEntrySize>;
int64_t timestamp_key(const std::byte* p) { return load_be<int64_t>(p); }
int64_t offset_key(const std::byte* p) { return load_be<int32_t>(p + 8); }
}  // namespace

Status TimeIndex::open() {
  KZ_CHECK(file_.open());
  KZ_CHECK(reload_last());
  if (count() == 0) return {};
  Entry first;
  KZ_CHECK(file_.read(0, first));
  if (last_.timestamp < timestamp_key(first.data()) || last_.offset < base_)
    return fail(Errc::kCorrupt, "time index", last_.offset);
  return {};
}

Status TimeIndex::create(bool fresh) {
  KZ_CHECK(file_.create(fresh));
  last_ = {-1, base_};
  return {};
}

Status TimeIndex::reload_last() {
  last_ = {-1, base_};
  if (count() == 0) return {};
  Entry e;
  KZ_CHECK(file_.read(count() - 1, e));
  last_ = {timestamp_key(e.data()), base_ + offset_key(e.data())};
  return {};
}

Status TimeIndex::maybe_append(int64_t timestamp, Offset offset) {
  if (timestamp <= last_.timestamp) return {};
  Entry e;
  store_be<int64_t>(e.data(), timestamp);
  store_be<int32_t>(e.data() + 8, static_cast<int32_t>(offset - base_));
  file_.append(e);
  last_ = {timestamp, offset};
  return file_.write_behind();
}

TimeEntry TimeIndex::lookup(int64_t timestamp) const {
  Entry e;
  if (file_.floor(timestamp_key, timestamp, e) < 0) return {-1, base_};
  return {timestamp_key(e.data()), base_ + offset_key(e.data())};
}

Status TimeIndex::truncate_to(Offset offset) {
  Entry e;
  const int64_t slot = file_.floor(offset_key, offset - base_ - 1, e);
  KZ_CHECK(file_.truncate(static_cast<size_t>(slot + 1)));
  return reload_last();
}

}  // namespace kz::storage
