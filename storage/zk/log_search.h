// Where a learner stands in the transaction logs on disk. Source: ZKDatabase.getProposalsFromTxnLog,
// LearnerHandler.queueCommittedProposals @ 3.8.0. Reads files only; any thread, also while the log is being written.
#pragma once
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "storage/fs.h"

namespace kz::storage::zk {

// The last logged transaction at or before `zxid`, when the logs reach back to one. kChecksum, kIo.
Result<std::optional<Zxid>> last_logged(FileSystem& fs, const std::string& dir, Zxid zxid);

struct LogSearch {
  Zxid peer_last = 0;     // of the learner
  Zxid until = 0;         // logged and durable: the search ends there
  Zxid base = 0;          // from here on the log is known to have no gap (the database was recovered from it)
  int64_t bytes_max = 0;  // of what the learner lacks; more is not worth it
};
// The last logged transaction at or before peer_last, when everything after it up to `until` is there without a gap
// and within bytes_max. A server that was once brought up by a snapshot has a gap in its logs before it.
Result<std::optional<Zxid>> find_in_log(FileSystem& fs, const std::string& dir, const LogSearch& search);

}  // namespace kz::storage::zk
