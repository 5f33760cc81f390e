// kafka-server-start and kafka-server-stop.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {
extern const Command kKafkaServerStartCommand;
extern const Command kKafkaServerStopCommand;
}  // namespace kz::cmd
