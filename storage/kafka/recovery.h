// Opening a partition's directory: clean starts trust what is there, unclean ones scan every segment from the one that
// contains the recovery point on, cut at the first bad byte and rebuild indexes, epochs and producers.
// Source: LogLoader.scala, LogSegment.recover @ 3.4.0.
#pragma once
#include <string>

#include "storage/kafka/log.h"

namespace kz::storage {

struct LoadOptions {
  bool clean_shutdown = false;
  Offset log_start_checkpoint = 0;
  Offset recovery_point = 0;
  LogConfig config;
  int64_t now_ms = 0;
  int64_t producer_expiration_ms = 86'400'000;
};

// The log in an existing directory; an empty directory gives an empty log. Storage errors are the caller's directory
// failure; damaged content never fails.
Result<LogState> load_log(FileSystem& fs, const std::string& dir, const TopicPartition& tp, const LoadOptions& options);

// A new, empty log; creates the directory.
Result<LogState> create_log(FileSystem& fs, const std::string& dir, const TopicPartition& tp, int64_t now_ms,
                            int64_t producer_expiration_ms, int64_t preallocate_bytes = 0);

// Scans one segment, cuts it at the first batch that is not whole and right, and rebuilds its indexes. `producers`
// stands at the segment's base before and at its end afterwards. Returns the bytes cut off.
Result<int64_t> recover_segment(Segment& segment, const LoadOptions& options, log_state::EpochCache& epochs,
                                log_state::ProducerStateTable& producers);

}  // namespace kz::storage
