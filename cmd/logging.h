// Where log lines go and how they look. Servers log through an asynchronous sink that counts what it drops, so that no
// reactor waits for a disk or a terminal; tools write to stderr at once.
#pragma once
#include <string>

#include "core/base/log.h"

namespace kz::cmd {

enum class LogLayout : uint8_t {
  kKafka,      // [2023-02-07 12:00:00,000] INFO [Component id=1] message (logger.name)
  kKafkaTool,  // the same without INFO and below, on stderr (tools-log4j.properties)
  kZooKeeper,  // 2023-02-07 12:00:00,000 [myid:1] - INFO  [main:Class@0] - message
};

// Starts logging for a server: lines go to `file` ("" = stdout). myid is shown by the ZooKeeper layout. After a fork
// only.
void start_server_logging(LogLayout layout, log::Level level, const std::string& file = {},
                          const std::string& myid = {});
// Starts logging for a broker as config/log4j.properties of Kafka does: standard output and server.log in `directory`,
// the controller's and other lines in controller.log, state-change.log and log-cleaner.log there, each set aside under
// its hour (server.log.2023-02-07-12). "" = standard output alone, all lines. False: a file cannot be written; all
// lines go to standard output then.
bool start_broker_logging(log::Level level, const std::string& directory);
// Starts logging for a tool: WARN and above on stderr.
void start_tool_logging(LogLayout layout = LogLayout::kKafkaTool, log::Level level = log::Level::kWarn);
// Writes out what is queued. Called before exit.
void stop_logging();
// "[2023-02-07 12:00:00,000]"-style local time of now, without brackets.
std::string log_timestamp();

}  // namespace kz::cmd
