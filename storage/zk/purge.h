// Which snapshots and logs may go: all but the newest n snapshots and the logs that they need for replay.
// Source: PurgeTxnLog @ 3.8.0.
#pragma once
#include <functional>
#include <string>

#include "core/base/result.h"
#include "storage/fs.h"

namespace kz::storage::zk {

inline constexpr int kSnapshotsKeptMin = 3;

// Called before each removal, and with an error when one failed.
using PurgeReport = std::function<void(const std::string& path, const FileInfo& info, const Status& removed)>;

// log_dir, snapshot_dir: the version-2 directories. keep >= kSnapshotsKeptMin (kInvalidArgument). The number removed.
Result<int> purge(FileSystem& fs, const std::string& log_dir, const std::string& snapshot_dir, int keep,
                  const PurgeReport& report);

}  // namespace kz::storage::zk
