// Producer snapshot files (%020d.snapshot) and how a log's producer state is rebuilt from them and its batches.
// Source: UnifiedLog.rebuildProducerState, ProducerStateManager.truncateAndReload @ 3.4.0. The bytes themselves:
// core/log/producer_state.h.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/log/producer_state.h"
#include "storage/kafka/segment.h"

namespace kz::storage {

using SegmentMap = std::map<Offset, std::shared_ptr<Segment>>;

// Offsets of the snapshot files in a directory, ascending.
Result<std::vector<Offset>> list_snapshots(FileSystem& fs, const std::string& dir);
Status write_snapshot(FileSystem& fs, const std::string& dir, Offset offset, std::string_view bytes, bool sync);
Status remove_snapshot(FileSystem& fs, const std::string& dir, Offset offset);

// Brings `table` to the state just before `end`: newest usable snapshot in (log_start, end], then every batch behind
// it. Snapshots outside that range and broken ones are removed. Returns the offset of the snapshot that was used
// (log_start when none). Index entries are not written.
Result<Offset> rebuild_producers(FileSystem& fs, const std::string& dir, const SegmentMap& segments, Offset log_start,
                                 Offset end, int64_t now_ms, log_state::ProducerStateTable& table);

// Applies one whole batch of the log to the table, as replication does. Transactions it ended are completed there and,
// when aborted, returned for the index.
Result<std::optional<AbortedEntry>> replay_batch(const BatchInfo& info, Bytes batch,
                                                 log_state::ProducerStateTable& table);

}  // namespace kz::storage
