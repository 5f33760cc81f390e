// Leader epochs of one log: which epoch began at which offset (KIP-101, KIP-279), and the text that keeps them.
// Source: LeaderEpochFileCache.scala @ 3.4.0. Text (leader-epoch-checkpoint): "0\n<count>\n" then "epoch offset\n".
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/ports_log.h"

namespace kz::log_state {

struct EpochEntry {
  LeaderEpoch epoch = 0;
  Offset start_offset = 0;
  friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

// Entries ascend in epoch and in offset. Not thread-safe: guarded by its log.
class EpochCache {
 public:
  // True when something changed (then the file is to be written). Entries that the new one contradicts go.
  bool assign(LeaderEpoch epoch, Offset start_offset);
  std::optional<EpochEntry> latest() const;
  std::optional<EpochEntry> earliest() const;
  // The largest known epoch <= the asked one and where it ends; -1/-1 when unknown. For the latest epoch: the log end.
  EpochEnd end_offset_for(LeaderEpoch epoch, Offset log_end_offset) const;
  // The epoch of the record at `offset`; -1 when none is known.
  LeaderEpoch epoch_for(Offset offset) const;
  // Both true when something changed.
  bool truncate_from_end(Offset end_offset);      // entries that start at or beyond it go
  bool truncate_from_start(Offset start_offset);  // the epoch in force there starts there now
  bool clear();
  bool empty() const { return entries_.empty(); }
  const std::vector<EpochEntry>& entries() const { return entries_; }

  std::string to_text() const;
  static Result<EpochCache> parse(std::string_view text);

 private:
  std::vector<EpochEntry> entries_;
};

}  // namespace kz::log_state
