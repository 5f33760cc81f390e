// kz console-producer: lines of standard input as records. Source of behaviour: ConsoleProducer.scala @ 3.4.0.
#pragma once
#include "cmd/command.h"

namespace kz::cmd {
extern const Command kConsoleProducerCommand;
}  // namespace kz::cmd
