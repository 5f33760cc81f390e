// The option table of kz console-consumer, and what its command line and properties mean.
#include <algorithm>
#include <charconv>

#include "cmd/console_consumer.h"

namespace kz::cmd {
namespace {

constexpr Option kOptions[] = {
    {.name = "bootstrap-server",
     .kind = ArgKind::kString,
     .metavar = "String: server to connect to",
     .help = "REQUIRED: the brokers to start from, host:port, several separated by commas."},
    {.name = "consumer-property",
     .kind = ArgKind::kString,
     .metavar = "String: consumer_prop",
     .help = "A property of the consumer, key=value.",
     .repeatable = true},
    {.name = "consumer.config",
     .kind = ArgKind::kString,
     .metavar = "String: config file",
     .help = "A file of properties of the consumer; --consumer-property goes before it."},
    {.name = "enable-systest-events", .help = "Print shutdown_complete at the end."},
    {.name = "formatter",
     .kind = ArgKind::kString,
     .metavar = "String: class",
     .help = "kafka.tools.DefaultMessageFormatter, LoggingMessageFormatter or NoOpMessageFormatter.",
     .default_value = "kafka.tools.DefaultMessageFormatter"},
    {.name = "formatter-config",
     .kind = ArgKind::kString,
     .metavar = "String: config file",
     .help = "A file of properties of the formatter; --property goes before it."},
    {.name = "from-beginning", .help = "Start with the earliest record where the group has no offset yet."},
    {.name = "group",
     .kind = ArgKind::kString,
     .metavar = "String: consumer group id",
     .help = "The consumer group to be a member of."},
    {.name = "include",
     .kind = ArgKind::kString,
     .metavar = "String: Java regex (String)",
     .help = "Read every topic whose whole name matches the regular expression."},
    {.name = "isolation-level",
     .kind = ArgKind::kString,
     .metavar = "String",
     .help = "read_committed leaves records of open and aborted transactions out.",
     .default_value = "read_uncommitted"},
    {.name = "key-deserializer",
     .kind = ArgKind::kString,
     .metavar = "String: deserializer for key",
     .help = "A class of org.apache.kafka.common.serialization."},
    {.name = "max-messages",
     .kind = ArgKind::kInt,
     .metavar = "Integer: num_messages",
     .help = "Exit after so many records."},
    {.name = "offset",
     .kind = ArgKind::kString,
     .metavar = "String: consume offset",
     .help = "Where to start in the partition: an offset, earliest or latest.",
     .default_value = "latest"},
    {.name = "partition",
     .kind = ArgKind::kInt,
     .metavar = "Integer: partition",
     .help = "Read this partition alone, from its end unless --offset says otherwise."},
    {.name = "property",
     .kind = ArgKind::kString,
     .metavar = "String: prop",
     .help = "A property of the formatter, key=value: print.timestamp, print.key, print.offset, print.partition, "
             "print.headers (false), print.value (true), key.separator=TAB, line.separator=NEWLINE, "
             "headers.separator=',', null.literal=null, key.deserializer, value.deserializer, headers.deserializer.",
     .repeatable = true},
    {.name = "skip-message-on-error", .help = "Go on after a record that cannot be printed."},
    {.name = "timeout-ms",
     .kind = ArgKind::kInt,
     .metavar = "Integer: timeout_ms",
     .help = "Exit when no record came for so long."},
    {.name = "topic", .kind = ArgKind::kString, .metavar = "String: topic", .help = "The topic to read."},
    {.name = "value-deserializer",
     .kind = ArgKind::kString,
     .metavar = "String: deserializer for values",
     .help = "A class of org.apache.kafka.common.serialization."},
    {.name = "whitelist",
     .kind = ArgKind::kString,
     .metavar = "String: Java regex (String)",
     .help = "The older name of --include.",
     .deprecated = "--include"},
};

}  // namespace

std::span<const Option> console_consumer_options() { return kOptions; }

std::string read_consume_plan(const Parsed& parsed, ConsumePlan& plan) {
  plan.topic = parsed.maybe("topic");
  plan.include = parsed.has("include") ? parsed.maybe("include") : parsed.maybe("whitelist");
  if (plan.topic.has_value() == plan.include.has_value()) {
    return std::string("Exactly one of --include/--topic is required. ") +
           (parsed.has("whitelist") ? "--whitelist is DEPRECATED use --include instead; ignored if --include specified."
                                    : "");
  }
  const bool beginning = parsed.has("from-beginning");
  if (parsed.has("partition")) {
    if (!plan.topic) return "The topic is required when partition is specified.";
    if (beginning && parsed.has("offset")) return "Options from-beginning and offset cannot be specified together.";
    plan.partition = static_cast<int32_t>(parsed.number("partition"));
  } else if (parsed.has("offset")) {
    return "The partition is required when offset is specified.";
  }
  plan.start = beginning ? -2 : -1;
  if (parsed.has("offset")) {
    const std::string given = parsed.get("offset");
    std::string text = given;
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    if (text == "earliest" || text == "latest") {
      plan.start = text == "earliest" ? -2 : -1;
    } else {
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), plan.start);
      if (ec != std::errc{} || end != text.data() + text.size() || plan.start < 0) {
        return "The provided offset value '" + text +
               "' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.";
      }
    }
  }
  if (parsed.get("bootstrap-server").empty()) return "Missing required argument \"[bootstrap-server]\"";
  if (parsed.has("max-messages")) plan.max_messages = parsed.number("max-messages");
  if (parsed.has("timeout-ms")) plan.timeout_ms = parsed.number("timeout-ms");
  plan.skip_on_error = parsed.has("skip-message-on-error");
  plan.systest = parsed.has("enable-systest-events");
  return {};
}

std::expected<client::ConsumerConfig, Uncaught> consumer_config(const ClientConfig& c) {
  client::ConsumerConfig out;
  out.group.group_id = c.text("group.id");
  if (const std::string id = c.text("group.instance.id"); !id.empty()) out.group.instance_id = id;
  out.group.session_timeout_ms = c.number32("session.timeout.ms");
  out.group.heartbeat_interval_ms = c.number32("heartbeat.interval.ms");
  out.group.rebalance_timeout_ms = c.number32("max.poll.interval.ms");
  out.group.retry_backoff_ms = c.number32("retry.backoff.ms");
  out.group.strategies.clear();
  for (const auto& name : c.list("partition.assignment.strategy")) {
    const auto strategy = client::strategy_from_class(name);
    if (!strategy) {
      return std::unexpected(Uncaught{"java.lang.ClassNotFoundException",
                                      name,
                                      {},
                                      "strategies: RangeAssignor, RoundRobinAssignor, StickyAssignor, "
                                      "CooperativeStickyAssignor"});
    }
    out.group.strategies.push_back(*strategy);
  }
  if (out.group.strategies.empty()) {
    return std::unexpected(
        Uncaught{"org.apache.kafka.common.config.ConfigException", "partition.assignment.strategy is empty", {}, {}});
  }
  if (out.group.heartbeat_interval_ms >= out.group.session_timeout_ms) {
    return std::unexpected(
        Uncaught{"java.lang.IllegalArgumentException", "Heartbeat must be set lower than the session timeout", {}, {}});
  }
  const std::string reset = c.text("auto.offset.reset");
  out.reset = reset == "earliest" ? client::OffsetReset::kEarliest
              : reset == "none"   ? client::OffsetReset::kNone
                                  : client::OffsetReset::kLatest;
  out.auto_commit = c.boolean("enable.auto.commit");
  out.auto_commit_interval_ms = c.number32("auto.commit.interval.ms");
  out.read_committed = c.text("isolation.level") == "read_committed";
  out.max_partition_fetch_bytes = c.number32("max.partition.fetch.bytes");
  out.fetch_min_bytes = c.number32("fetch.min.bytes");
  out.fetch_max_bytes = c.number32("fetch.max.bytes");
  out.fetch_max_wait_ms = c.number32("fetch.max.wait.ms");
  out.retry_backoff_ms = c.number32("retry.backoff.ms");
  out.rack = c.text("client.rack");
  return out;
}

}  // namespace kz::cmd
