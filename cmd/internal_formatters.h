// How console-consumer prints records of Kafka's internal topics. Source: OffsetsMessageFormatter and
// GroupMetadataMessageFormatter in GroupMetadataManager.scala, TransactionLogMessageFormatter in TransactionLog.scala
// @ 3.4.0. Collections are printed in the order in which Scala 2.13's hash tables hold them.
#pragma once
#include <memory>
#include <string>

#include "cmd/message_formatter.h"

namespace kz::cmd {

// Null: not the name of one of them.
std::unique_ptr<MessageFormatter> make_internal_formatter(const std::string& class_name);

}  // namespace kz::cmd
