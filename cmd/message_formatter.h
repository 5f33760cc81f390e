// How console-consumer prints a record. Source: DefaultMessageFormatter in ConsoleConsumer.scala @ 3.4.0.
#pragma once
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/client_config.h"
#include "core/client/record_reader.h"

namespace kz::cmd {

class MessageFormatter {
 public:
  virtual ~MessageFormatter() = default;
  // Appends the record's text. The error is Java's exception; out may hold a part of the line then.
  virtual std::expected<void, Uncaught> write(const std::string& topic, int32_t partition,
                                              const client::ConsumedRecord& record, std::string& out) = 0;
};

// By Java's class name. unknown: properties that the formatter does not read.
std::expected<std::unique_ptr<MessageFormatter>, Uncaught> make_formatter(
    const std::string& class_name, const std::map<std::string, std::string>& properties,
    std::vector<std::string>& unknown);

// Java's Double.toString and Float.toString.
std::string java_double(double value);
std::string java_float(float value);

}  // namespace kz::cmd
