// Kafka's text checkpoints: recovery-point, log-start, replication and cleaner offsets of a log directory.
// Source: CheckpointFile.java, OffsetCheckpointFile.scala @ 3.4.0.
//   "0\n" version, "<count>\n", then one "topic partition offset\n" per entry
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ports_log.h"

namespace kz::log_state {

using OffsetCheckpoint = std::map<TopicPartition, Offset>;

std::string offset_checkpoint_text(const OffsetCheckpoint& entries);
// kMalformed (detail: line) for any deviation: a checkpoint is trusted whole or not at all.
Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text);

// The lines after version and count, for all text checkpoints. kMalformed, kUnsupportedVersion.
Result<std::vector<std::string_view>> checkpoint_lines(std::string_view text);

}  // namespace kz::log_state
