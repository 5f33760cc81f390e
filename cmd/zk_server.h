// The commands that run and control ZooKeeper servers.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {

extern const Command kZkServerCommand;              // zk-server = zkServer.sh
extern const Command kZooKeeperServerStartCommand;  // zookeeper-server-start.sh of Kafka
extern const Command kZooKeeperServerStopCommand;   // zookeeper-server-stop.sh of Kafka

}  // namespace kz::cmd
