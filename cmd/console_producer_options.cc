// The option table of kz console-producer, and the producer's settings. Source: ProducerConfig.postProcessParsedConfig,
// KafkaProducer.configureDeliveryTimeout @ 3.4.0.
#include <algorithm>
#include <cstdlib>

#include "cmd/console_producer.h"

namespace kz::cmd {
namespace {

constexpr Option kOptions[] = {
    {.name = "batch-size",
     .kind = ArgKind::kInt,
     .metavar = "Integer: size",
     .help = "Bytes of a batch of records (batch.size).",
     .default_value = "16384"},
    {.name = "bootstrap-server",
     .kind = ArgKind::kString,
     .metavar = "String: server to connect to",
     .help = "REQUIRED: the brokers to start from, host:port, several separated by commas."},
    {.name = "broker-list",
     .kind = ArgKind::kString,
     .metavar = "String: broker-list",
     .help = "The older name of --bootstrap-server.",
     .deprecated = "--bootstrap-server"},
    {.name = "compression-codec",
     .kind = ArgKind::kOptional,
     .metavar = "String: compression-codec",
     .help = "none, gzip, snappy, lz4 or zstd; gzip when given without a value."},
    {.name = "line-reader",
     .kind = ArgKind::kString,
     .metavar = "String: reader_class",
     .help = "Only the default reader exists here.",
     .default_value = "kafka.tools.ConsoleProducer$LineMessageReader"},
    {.name = "max-block-ms",
     .kind = ArgKind::kLong,
     .metavar = "Long: max block on send",
     .help = "How long a record waits for its topic to be known.",
     .default_value = "60000"},
    {.name = "max-memory-bytes",
     .kind = ArgKind::kLong,
     .metavar = "Long: total memory in bytes",
     .help = "Bytes of records kept while they are not delivered (buffer.memory).",
     .default_value = "33554432"},
    {.name = "max-partition-memory-bytes",
     .kind = ArgKind::kInt,
     .metavar = "Integer: memory in bytes per partition",
     .help = "Another name of --batch-size; goes before it.",
     .default_value = "16384"},
    {.name = "message-send-max-retries",
     .kind = ArgKind::kInt,
     .metavar = "Integer",
     .help = "How often a batch is sent again (retries).",
     .default_value = "3"},
    {.name = "metadata-expiry-ms",
     .kind = ArgKind::kLong,
     .metavar = "Long: metadata expiration interval",
     .help = "After how long metadata is asked for again (metadata.max.age.ms).",
     .default_value = "300000"},
    {.name = "producer-property",
     .kind = ArgKind::kString,
     .metavar = "String: producer_prop",
     .help = "A property of the producer, key=value.",
     .repeatable = true},
    {.name = "producer.config",
     .kind = ArgKind::kString,
     .metavar = "String: config file",
     .help = "A file of properties of the producer; --producer-property goes before it."},
    {.name = "property",
     .kind = ArgKind::kString,
     .metavar = "String: prop",
     .help = "A property of the reader, key=value: parse.key=false, key.separator=TAB, parse.headers=false, "
             "headers.delimiter=TAB, headers.separator=',', headers.key.separator=':', null.marker, "
             "ignore.error=false. A line is [headers, delimiter] [key, separator] value.",
     .repeatable = true},
    {.name = "reader-config",
     .kind = ArgKind::kString,
     .metavar = "String: config file",
     .help = "A file of properties of the reader; --property goes before it."},
    {.name = "request-required-acks",
     .kind = ArgKind::kString,
     .metavar = "String: request required acks",
     .help = "Who must have a batch before it counts as delivered: 0 nobody, 1 the leader, -1 or all the in-sync "
             "replicas (acks).",
     .default_value = "-1"},
    {.name = "request-timeout-ms",
     .kind = ArgKind::kInt,
     .metavar = "Integer: request timeout ms",
     .help = "How long to wait for an answer (request.timeout.ms).",
     .default_value = "1500"},
    {.name = "retry-backoff-ms",
     .kind = ArgKind::kLong,
     .metavar = "Long",
     .help = "The pause before a batch is sent again (retry.backoff.ms).",
     .default_value = "100"},
    {.name = "socket-buffer-size",
     .kind = ArgKind::kInt,
     .metavar = "Integer: size",
     .help = "Bytes of the socket's send buffer (send.buffer.bytes).",
     .default_value = "102400"},
    {.name = "sync", .help = "Wait for the delivery of each record before reading the next."},
    {.name = "timeout",
     .kind = ArgKind::kLong,
     .metavar = "Long: timeout_ms",
     .help = "How long a record waits for others to share its batch (linger.ms).",
     .default_value = "1000"},
    {.name = "topic", .kind = ArgKind::kString, .metavar = "String: topic", .help = "REQUIRED: the topic to write to."},
};

}  // namespace

std::span<const Option> console_producer_options() { return kOptions; }

std::expected<client::ProducerConfig, Uncaught> producer_config(const ClientConfig& c) {
  client::ProducerConfig p;
  const std::string acks = c.text("acks");
  p.acks = acks == "all" ? int16_t{-1} : static_cast<int16_t>(std::strtol(acks.c_str(), nullptr, 10));
  p.codec = kafka::codec_from_name(c.text("compression.type")).value_or(kafka::Codec::kNone);
  p.batch_size = c.number32("batch.size");
  p.linger_ms = static_cast<int32_t>(std::min<int64_t>(c.number("linger.ms"), INT32_MAX));
  p.max_in_flight = c.number32("max.in.flight.requests.per.connection");
  p.retries = c.number32("retries");
  p.retry_backoff_ms = c.number32("retry.backoff.ms");
  p.request_timeout_ms = c.number32("request.timeout.ms");
  p.delivery_timeout_ms = c.number32("delivery.timeout.ms");
  p.max_block_ms = static_cast<int32_t>(std::min<int64_t>(c.number("max.block.ms"), INT32_MAX));
  p.max_request_size = c.number32("max.request.size");
  p.ignore_keys = c.boolean("partitioner.ignore.keys");
  p.idempotence = c.boolean("enable.idempotence");
  const auto refuse = [](std::string message) {
    return std::unexpected(Uncaught{"org.apache.kafka.common.config.ConfigException", std::move(message), {}, {}});
  };
  const int64_t least = int64_t{p.linger_ms} + p.request_timeout_ms;
  if (p.delivery_timeout_ms < least) {
    if (c.has("delivery.timeout.ms")) {
      return refuse("delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms");
    }
    p.delivery_timeout_ms = static_cast<int32_t>(std::min<int64_t>(least, INT32_MAX));
  }
  if (p.idempotence) {
    const char* against = p.acks != -1     ? "Must set acks to all in order to use the idempotent producer. Otherwise "
                                             "we cannot guarantee idempotence."
                          : p.retries == 0 ? "Must set retries to non-zero when using the idempotent producer."
                          : p.max_in_flight > 5 ? "Must set max.in.flight.requests.per.connection to at most 5 to use "
                                                  "the idempotent producer."
                                                : nullptr;
    if (against != nullptr) {
      if (c.has("enable.idempotence")) return refuse(against);
      p.idempotence = false;
    }
  }
  return p;
}

}  // namespace kz::cmd
