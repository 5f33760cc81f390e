// The list of commands. A new command: declare it in its header, add one line here, then `make docs`.
#include <string>

#include "cmd/command.h"
#include "cmd/console_consumer.h"
#include "cmd/console_producer.h"
#include "cmd/dev.h"
#include "cmd/kafka_server.h"
#include "cmd/topics.h"
#include "cmd/zk_cli.h"
#include "cmd/zk_server.h"
#include "cmd/zk_tools.h"

namespace kz::cmd {
namespace {

// In the order of `kz help`.
constexpr const Command* kCommands[] = {&kTopicsCommand,
                                        &kConsoleProducerCommand,
                                        &kConsoleConsumerCommand,
                                        &kDevCommand,
                                        &kKafkaServerStartCommand,
                                        &kKafkaServerStopCommand,
                                        &kZkServerCommand,
                                        &kZkCliCommand,
                                        &kZkCleanupCommand,
                                        &kZkServerInitializeCommand,
                                        &kZkSnapshotComparerCommand,
                                        &kZkSnapshotToolkitCommand,
                                        &kZkTxnLogToolkitCommand,
                                        &kZooKeeperServerStartCommand,
                                        &kZooKeeperServerStopCommand,
                                        &kZooKeeperShellCommand,
                                        nullptr};

}  // namespace

std::span<const Command* const> commands() { return std::span(kCommands).first(std::size(kCommands) - 1); }

const Command* find_command(std::string_view name) {
  if (name.ends_with(".sh")) name.remove_suffix(3);
  for (const Command* c : commands()) {
    if (name == c->name) return c;
    for (std::string_view alias : c->aliases) {
      if (alias.ends_with(".sh")) alias.remove_suffix(3);
      if (name == alias) return c;
    }
  }
  return nullptr;
}

}  // namespace kz::cmd
