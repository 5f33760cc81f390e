// kz console-producer: lines of standard input as records. Source of behaviour: ConsoleProducer.scala @ 3.4.0.
#pragma once
#include <expected>
#include <span>

#include "cmd/client_config.h"
#include "cmd/command.h"
#include "core/client/producer.h"

namespace kz::cmd {

extern const Command kConsoleProducerCommand;

// Of console_producer_options.cc.
std::span<const Option> console_producer_options();
// What the properties mean; refuses what contradicts itself, as KafkaProducer's constructor does.
std::expected<client::ProducerConfig, Uncaught> producer_config(const ClientConfig& config);

}  // namespace kz::cmd
