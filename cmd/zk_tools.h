// Offline tools for a ZooKeeper server's data directory.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {

extern const Command kZkCleanupCommand;        // zk-cleanup = zkCleanup.sh
extern const Command kZkTxnLogToolkitCommand;  // zk-txn-log-toolkit = zkTxnLogToolkit.sh

}  // namespace kz::cmd
