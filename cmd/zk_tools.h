// Offline tools for a ZooKeeper server's data directory.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {

extern const Command kZkCleanupCommand;           // zk-cleanup = zkCleanup.sh
extern const Command kZkServerInitializeCommand;  // zk-server-initialize = zkServer-initialize.sh
extern const Command kZkSnapshotComparerCommand;  // zk-snapshot-comparer = zkSnapshotComparer.sh
extern const Command kZkSnapshotToolkitCommand;   // zk-snapshot-toolkit = zkSnapShotToolkit.sh
extern const Command kZkTxnLogToolkitCommand;     // zk-txn-log-toolkit = zkTxnLogToolkit.sh

}  // namespace kz::cmd
