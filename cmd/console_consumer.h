// kz console-consumer: records of topics on standard output. Source of behaviour: ConsoleConsumer.scala @ 3.4.0.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {
extern const Command kConsoleConsumerCommand;
}  // namespace kz::cmd
