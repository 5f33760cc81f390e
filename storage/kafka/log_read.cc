// Log: reading and searching. Source: LocalLog.read, UnifiedLog.fetchOffsetByTimestamp @ 3.4.0. Unlike Kafka's, an
// answer ends at a batch boundary: no byte is sent that the client would throw away.
#include <algorithm>

#include "storage/kafka/log.h"

namespace kz::storage {

std::optional<int64_t> Log::spot(Offset offset, Offset segment) const {
  for (const Spot& s : spots_)
    if (s.offset == offset && s.segment == segment) return s.position;
  return std::nullopt;
}

void Log::note_spot(Spot spot) {
  for (const Spot& s : spots_)
    if (s.offset == spot.offset && s.segment == spot.segment) return;
  spots_[next_spot_++ % spots_.size()] = spot;
}

void Log::forget_spots() { spots_.fill({}); }

Result<LogReadInfo> Log::read(Offset from, int64_t max_bytes, Offset upper_bound, bool at_least_one) {
  LogReadInfo out;
  for (Offset seek = from;;) {
    std::shared_ptr<Segment> segment;
    std::optional<int64_t> start;
    std::optional<int64_t> limit;
    bool last = false;
    Offset next_base = INT64_MAX;
    Offset upper = upper_bound;
    int64_t size = 0;
    {
      std::lock_guard lock(mutex_);
      if (offline()) return fail(Errc::kIo, "log directory is offline");
      if (from < log_start_ || from > log_end_) return fail(Errc::kOutOfRange, "fetch offset", from);
      out.next_offset = log_end_;
      upper = std::min<Offset>(upper, log_end_);
      if (from >= upper) return out;
      auto it = segments_.upper_bound(seek);
      if (it == segments_.begin()) return fail(Errc::kOutOfRange, "fetch offset", from);
      if (it != segments_.end()) next_base = it->first;
      last = it == segments_.end();
      segment = std::prev(it)->second;
      // Bytes behind active_size_ are being written and not below the log end yet.
      size = last ? active_size_ : segment->size();
      if (upper >= next_base || upper == log_end_)
        limit = size;
      else
        limit = spot(upper, segment->base());
      start = spot(seek, segment->base());
    }
    if (!limit) {
      KZ_TRY(const auto bound, segment->find(upper, size));
      limit = bound ? bound->position : size;
    }
    int64_t first_size = -1;
    if (!start) {
      KZ_TRY(const auto first, segment->find(seek, *limit));
      if (first) {
        start = first->position;
        first_size = first->size;
      }
    }
    if (!start || *start >= *limit) {
      if (last || next_base >= upper) return out;
      seek = next_base;
      continue;
    }
    OffsetPosition end{upper >= next_base ? next_base : upper, *limit};
    if (*limit - *start > max_bytes) {
      KZ_TRY(end, segment->last_boundary(*start, *start + std::max<int64_t>(max_bytes, 0)));
      if (end.position == *start) {
        if (!at_least_one) return out;
        if (first_size < 0) {
          HeaderScan scan(segment->file(), *start, *limit);
          KZ_TRY(const auto first, scan.next());
          if (!first) return fail(Errc::kCorrupt, "batch header", *start);
          first_size = first->size;
        }
        end = {-1, *start + first_size};
      }
    }
    KZ_TRY(out.records, segment->slice(*start, end.position - *start));
    if (end.offset >= 0 && end.offset < next_base) {
      std::lock_guard lock(mutex_);
      note_spot({end.offset, segment->base(), end.position});
    }
    return out;
  }
}

Result<TimestampOffset> Log::find_by_timestamp(int64_t timestamp) {
  if (offline()) return fail(Errc::kIo, "log directory is offline");
  const auto segments = segment_list();
  for (const auto& segment : segments) {
    if (segment->largest_timestamp() < timestamp) continue;
    KZ_TRY(const auto found, segment->find_by_timestamp(timestamp, log_start_offset(), segment->size()));
    return found.value_or(TimestampOffset{});
  }
  return TimestampOffset{};
}

Result<TimestampOffset> Log::find_max_timestamp() {
  if (offline()) return fail(Errc::kIo, "log directory is offline");
  TimestampOffset best;
  for (const auto& segment : segment_list()) {
    const TimeEntry t = segment->max_timestamp();
    if (t.timestamp > best.timestamp) best = {t.timestamp, t.offset, -1};
  }
  if (best.timestamp >= 0) best.leader_epoch = latest_epoch();
  return best;
}

std::vector<AbortedTxn> Log::aborted_transactions(Offset from, Offset upper_bound) {
  std::vector<std::shared_ptr<Segment>> segments;
  {
    std::lock_guard lock(mutex_);
    auto it = segments_.upper_bound(from);
    if (it != segments_.begin()) --it;
    for (; it != segments_.end(); ++it) segments.push_back(it->second);
  }
  std::vector<AbortedEntry> found;
  for (const auto& segment : segments)
    if (segment->txn_index().collect(from, upper_bound, found)) break;
  std::vector<AbortedTxn> out;
  out.reserve(found.size());
  for (const auto& e : found) out.push_back({e.producer_id, e.first_offset});
  return out;
}

}  // namespace kz::storage
