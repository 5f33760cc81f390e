// kz dev: a ZooKeeper server and a broker in one process, for a machine of one's own.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {
extern const Command kDevCommand;
}  // namespace kz::cmd
