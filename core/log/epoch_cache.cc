#include "core/log/epoch_cache.h"

#include <algorithm>
#include <charconv>

#include "core/log/checkpoint_text.h"

namespace kz::log_state {

bool EpochCache::assign(LeaderEpoch epoch, Offset start_offset) {
  KZ_ASSERT(epoch >= 0 && start_offset >= 0);
  if (!entries_.empty() && entries_.back().epoch == epoch && entries_.back().start_offset <= start_offset) return false;
  while (!entries_.empty() && (entries_.back().epoch >= epoch || entries_.back().start_offset >= start_offset))
    entries_.pop_back();
  entries_.push_back({epoch, start_offset});
  return true;
}

std::optional<EpochEntry> EpochCache::latest() const {
  return entries_.empty() ? std::nullopt : std::optional(entries_.back());
}

std::optional<EpochEntry> EpochCache::earliest() const {
  return entries_.empty() ? std::nullopt : std::optional(entries_.front());
}

EpochEnd EpochCache::end_offset_for(LeaderEpoch epoch, Offset log_end_offset) const {
  if (epoch < 0 || entries_.empty()) return {};
  if (entries_.back().epoch == epoch) return {epoch, log_end_offset};
  const auto higher = std::upper_bound(entries_.begin(), entries_.end(), epoch,
                                       [](LeaderEpoch e, const EpochEntry& entry) { return e < entry.epoch; });
  if (higher == entries_.end()) return {};
  if (higher == entries_.begin()) return {epoch, higher->start_offset};
  return {std::prev(higher)->epoch, higher->start_offset};
}

LeaderEpoch EpochCache::epoch_for(Offset offset) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), offset,
                                      [](Offset o, const EpochEntry& entry) { return o < entry.start_offset; });
  return after == entries_.begin() ? -1 : std::prev(after)->epoch;
}

bool EpochCache::truncate_from_end(Offset end_offset) {
  const size_t before = entries_.size();
  while (!entries_.empty() && entries_.back().start_offset >= end_offset) entries_.pop_back();
  return entries_.size() != before;
}

bool EpochCache::truncate_from_start(Offset start_offset) {
  const auto keep = std::find_if(entries_.begin(), entries_.end(),
                                 [&](const EpochEntry& e) { return e.start_offset > start_offset; });
  if (keep == entries_.begin()) return false;
  const EpochEntry in_force{std::prev(keep)->epoch, start_offset};
  if (keep == entries_.begin() + 1 && entries_.front() == in_force) return false;
  entries_.erase(entries_.begin(), keep);
  entries_.insert(entries_.begin(), in_force);
  return true;
}

bool EpochCache::clear() {
  const bool had = !entries_.empty();
  entries_.clear();
  return had;
}

std::string EpochCache::to_text() const {
  std::string out = "0\n" + std::to_string(entries_.size()) + "\n";
  for (const auto& e : entries_) out += std::to_string(e.epoch) + " " + std::to_string(e.start_offset) + "\n";
  return out;
}

Result<EpochCache> EpochCache::parse(std::string_view text) {
  KZ_TRY(const auto lines, checkpoint_lines(text));
  EpochCache out;
  int64_t line_number = 2;
  for (const auto line : lines) {
    ++line_number;
    EpochEntry e;
    const char* end = line.data() + line.size();
    const auto first = std::from_chars(line.data(), end, e.epoch);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ' ')
      return fail(Errc::kMalformed, "leader epoch line", line_number);
    const auto second = std::from_chars(first.ptr + 1, end, e.start_offset);
    if (second.ec != std::errc{} || second.ptr != end || e.epoch < 0 || e.start_offset < 0)
      return fail(Errc::kMalformed, "leader epoch line", line_number);
    out.assign(e.epoch, e.start_offset);
  }
  return out;
}

}  // namespace kz::log_state
