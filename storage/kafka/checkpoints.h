// The three offset checkpoints of a log directory. Text: core/log/checkpoint_text.h. Source:
// OffsetCheckpointFile.scala, LogManager.scala @ 3.4.0.
#pragma once
#include <string>

#include "core/log/checkpoint_text.h"
#include "storage/fs.h"

namespace kz::storage {

inline constexpr const char* kRecoveryPointCheckpoint = "recovery-point-offset-checkpoint";
inline constexpr const char* kLogStartCheckpoint = "log-start-offset-checkpoint";
inline constexpr const char* kHighWatermarkCheckpoint = "replication-offset-checkpoint";

// Empty when there is no file. A damaged one is empty too, with a warning: everything is scanned then.
Result<log_state::OffsetCheckpoint> read_checkpoint(FileSystem& fs, const std::string& dir, const char* name);
// Atomic; the directory is not synced.
Status write_checkpoint(FileSystem& fs, const std::string& dir, const char* name,
                        const log_state::OffsetCheckpoint& entries);

}  // namespace kz::storage
