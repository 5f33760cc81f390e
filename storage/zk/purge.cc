#include "storage/zk/purge.h"

#include <algorithm>

#include "storage/zk/file_names.h"
#include "storage/zk/snapshot.h"

namespace kz::storage::zk {

Result<int> purge(FileSystem& fs, const std::string& log_dir, const std::string& snapshot_dir, int keep,
                  const PurgeReport& report) {
  if (keep < kSnapshotsKeptMin) return fail(Errc::kInvalidArgument, "count should be greater than or equal to 3", keep);
  KZ_TRY(const auto snapshots, list_by_zxid(fs, snapshot_dir, kSnapshotPrefix));
  Zxid oldest = -1;
  int found = 0;
  for (auto it = snapshots.rbegin(); it != snapshots.rend() && found < keep; ++it) {
    if (!looks_complete(fs, snapshot_dir + "/" + it->name).value_or(false)) continue;
    oldest = it->zxid;
    ++found;
  }
  if (found == 0) return 0;
  KZ_TRY(const auto logs, list_by_zxid(fs, log_dir, kLogPrefix));
  const auto needed = logs_from(logs, oldest);
  std::vector<std::string> doomed;
  for (const auto& log : logs) {
    if (needed.empty() || log.zxid < needed.front().zxid) doomed.push_back(log_dir + "/" + log.name);
  }
  for (const auto& snapshot : snapshots) {
    if (snapshot.zxid < oldest) doomed.push_back(snapshot_dir + "/" + snapshot.name);
  }
  int removed = 0;
  for (const auto& path : doomed) {
    KZ_TRY(const FileInfo info, fs.stat(path));
    const Status gone = fs.remove(path);
    report(path, info, gone);
    if (gone) ++removed;
  }
  return removed;
}

}  // namespace kz::storage::zk
