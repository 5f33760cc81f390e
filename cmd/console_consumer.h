// kz console-consumer: records of topics on standard output. Source of behaviour: ConsoleConsumer.scala @ 3.4.0.
#pragma once
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "cmd/client_config.h"
#include "cmd/command.h"
#include "cmd/java_regex.h"
#include "core/client/consumer.h"

namespace kz::cmd {

extern const Command kConsoleConsumerCommand;

// Of console_consumer_options.cc.
std::span<const Option> console_consumer_options();
// What is read, from the command line.
struct ConsumePlan {
  std::optional<std::string> topic;
  std::optional<std::string> include;
  std::optional<JavaRegex> regex;  // of include; set when that is checked
  std::optional<int32_t> partition;
  int64_t start = -1;  // offset, -1 = the end, -2 = the beginning
  int64_t max_messages = -1;
  int64_t timeout_ms = -1;
  bool skip_on_error = false;
  bool systest = false;
};
// The rules of the original's ConsumerConfig in its order; the text of a usage error, or empty.
std::string read_consume_plan(const Parsed& parsed, ConsumePlan& plan);
std::expected<client::ConsumerConfig, Uncaught> consumer_config(const ClientConfig& config);

}  // namespace kz::cmd
