// kz zk-cli = zkCli.sh: one command, commands from a pipe, or a shell with line editing.
// Source: ZooKeeperMain.java, cli/*.java @ release-3.8.0.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {

extern const Command kZkCliCommand;
extern const Command kZooKeeperShellCommand;  // zookeeper-shell = Kafka's zookeeper-shell.sh

}  // namespace kz::cmd
