#include "cmd/console_producer.h"

#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "cmd/client_support.h"
#include "cmd/command_line.h"
#include "cmd/line_reader.h"
#include "cmd/logging.h"
#include "core/base/log.h"
#include "core/base/properties.h"
#include "core/client/producer.h"
#include "storage/fs.h"

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

constexpr size_t kReadBytes = 256 * 1024;

volatile std::sig_atomic_t g_signal = 0;
void on_signal(int number) { g_signal = number; }

// Records on their way from the reading thread to the reactor: one copy of their bytes, cut into fields.
struct Chunk {
  struct Field {
    size_t at = 0;
    int64_t size = -1;  // -1 = null
  };
  struct Record {
    Field key, value;
    std::vector<std::pair<Field, Field>> headers;
  };
  std::string bytes;
  std::vector<Record> records;

  Field add(std::optional<std::string_view> text) {
    if (!text) return {};
    const Field f{bytes.size(), static_cast<int64_t>(text->size())};
    bytes += *text;
    return f;
  }
  std::optional<Bytes> get(Field f) const {
    if (f.size < 0) return std::nullopt;
    return as_bytes(std::string_view(bytes).substr(f.at, static_cast<size_t>(f.size)));
  }
};

// The producer on its reactor, fed by the reading thread, which waits while too much is under way.
class Feed {
 public:
  Feed(ToolRuntime& runtime, std::string topic, int64_t memory)
      : runtime_(runtime), topic_(std::move(topic)), memory_(memory) {}

  void start(const client::KafkaClientConfig& client, const client::ProducerConfig& producer) {
    runtime_.on_reactor([&] {
      kafka_ = std::make_unique<client::KafkaClient>(client, runtime_.connector(), runtime_.executor(), runtime_.rng());
      runtime_.watch_peers(*kafka_);
      producer_ = std::make_unique<client::Producer>(*kafka_, producer);
      producer_->set_listener([this](const client::Delivery& d) { on_delivery(d); });
      producer_->set_drain_listener([this] { publish(); });
    });
  }
  ~Feed() {
    runtime_.on_reactor([&] {
      producer_.reset();
      kafka_.reset();
    });
  }

  // Waits while the memory is used up; false when a signal came meanwhile.
  bool push(Chunk chunk) {
    const auto size = static_cast<int64_t>(chunk.bytes.size() + chunk.records.size() * sizeof(Chunk::Record));
    {
      std::unique_lock lock(mutex_);
      while (posted_ + buffered_ > memory_ && g_signal == 0) room_.wait_for(lock, std::chrono::milliseconds(200));
      posted_ += size;
    }
    runtime_.executor().post([this, chunk = std::move(chunk), size] {
      accept(chunk);
      std::lock_guard lock(mutex_);
      posted_ -= size;
      buffered_ = static_cast<int64_t>(producer_->buffered_bytes());
    });
    return g_signal == 0;
  }
  // Until everything is delivered or has failed.
  void flush() {
    runtime_.wait<bool>([this](auto done) { producer_->flush([done] { done(true); }); });
  }
  bool failed() const { return failed_; }
  const std::string& last_error() const { return last_error_; }
  void quiet() { quiet_ = true; }  // sync mode prints the error itself

 private:
  void accept(const Chunk& chunk) {
    client::ProducerRecord record;
    record.topic = topic_;
    record.timestamp_ms = runtime_.executor().now().wall_ms;
    std::vector<kafka::HeaderField> headers;
    for (const auto& r : chunk.records) {
      record.key = chunk.get(r.key);
      record.value = chunk.get(r.value);
      headers.clear();
      for (const auto& [key, value] : r.headers) headers.push_back({as_text(*chunk.get(key)), chunk.get(value)});
      record.headers = headers;
      producer_->send(record);
    }
  }
  void publish() {
    std::lock_guard lock(mutex_);
    const bool was_full = posted_ + buffered_ > memory_;
    buffered_ = static_cast<int64_t>(producer_->buffered_bytes());
    if (was_full && posted_ + buffered_ <= memory_) room_.notify_one();
  }
  void on_delivery(const client::Delivery& d) {
    if (d.ok()) return;
    failed_ = true;
    last_error_ = d.exception + ": " + d.message;
    if (quiet_) return;
    static const log::Logger logger("org.apache.kafka.clients.producer.internals.ErrorLoggingCallback");
    const auto bytes = [](int32_t n) { return n < 0 ? std::string("null") : std::to_string(n) + " bytes"; };
    for (const auto& r : d.records) {
      logger.error("Error when sending message to topic {} with key: {}, value: {} with error:", d.topic,
                   bytes(r.key_bytes), bytes(r.value_bytes));
      std::fprintf(stderr, "%s\n", last_error_.c_str());
    }
  }

  ToolRuntime& runtime_;
  std::string topic_;
  std::unique_ptr<client::KafkaClient> kafka_;
  std::unique_ptr<client::Producer> producer_;
  std::mutex mutex_;
  std::condition_variable room_;
  int64_t memory_;
  int64_t posted_ = 0;
  int64_t buffered_ = 0;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> quiet_ = false;
  std::string last_error_;
};

std::map<std::string, std::string> key_values(const std::vector<std::string>& items) {
  std::map<std::string, std::string> out;
  for (const std::string& item : items) {
    const size_t eq = item.find('=');
    out[item.substr(0, eq)] = eq == std::string::npos ? "" : item.substr(eq + 1);
  }
  return out;
}

// Option > property > the option's default, as CommandLineUtils.maybeMergeOptions.
void merge(ClientConfig& config, const Parsed& parsed, const char* key, const char* option) {
  if (parsed.has(option) || !config.has(key)) config.set(key, parsed.get(option));
}

std::expected<client::ProducerConfig, Uncaught> producer_config(ClientConfig& c) {
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

int read_lines(Feed& feed, const LineReaderOptions& reader, bool sync) {
  const bool prompt = isatty(0) && isatty(1);
  LineSplitter splitter;
  std::vector<char> input(kReadBytes);
  Chunk chunk;
  ParsedLine line;
  std::string repaired;
  int64_t number = 0;
  std::optional<Uncaught> error;
  const auto take = [&](std::string_view raw) {
    if (error) return;
    ++number;
    const std::string_view text = repair_utf8(raw, repaired) ? std::string_view(repaired) : raw;
    if (auto ok = parse_line(reader, text, number, line); !ok) {
      error = ok.error();
      return;
    }
    Chunk::Record& r = chunk.records.emplace_back();
    r.key = chunk.add(line.key);
    r.value = chunk.add(line.value);
    for (const auto& [key, value] : line.headers) {
      const auto k = chunk.add(key);
      r.headers.emplace_back(k, chunk.add(value));
    }
    if (sync) {
      feed.push(std::exchange(chunk, {}));
      feed.flush();
      if (feed.failed()) error = Uncaught{feed.last_error(), {}, {}, {}};
    }
    if (prompt && write(1, ">", 1) != 1) error = Uncaught{"java.io.IOException", std::strerror(errno), {}, {}};
  };
  if (prompt && write(1, ">", 1) != 1) return 1;
  while (!error && g_signal == 0) {
    const ssize_t n = read(0, input.data(), input.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      error = Uncaught{"java.io.IOException", std::strerror(errno), {}, "cannot read standard input"};
      break;
    }
    if (n == 0) {
      splitter.finish(take);
      break;
    }
    splitter.feed({input.data(), static_cast<size_t>(n)}, take);
    if (!chunk.records.empty()) feed.push(std::exchange(chunk, {}));
  }
  if (!chunk.records.empty()) feed.push(std::exchange(chunk, {}));
  if (error) {
    report_trace(*error);
    feed.flush();
    return 1;
  }
  feed.flush();
  if (g_signal != 0) return 128 + static_cast<int>(g_signal);
  return feed.failed() ? 1 : 0;
}

// Every item is host:port, and there is one.
bool ports_given(const std::string& servers) {
  const auto parsed = client::parse_bootstrap(servers);
  return parsed.bad.empty() && !parsed.servers.empty();
}

int run(const Invocation&, const Parsed& parsed) {
  start_tool_logging();
  if (!parsed.has("broker-list") && parsed.get("bootstrap-server").empty()) {
    return usage_and_die(kConsoleProducerCommand, "Missing required option(s) [bootstrap-server]");
  }
  if (!parsed.has("topic")) return usage_and_die(kConsoleProducerCommand, "Missing required argument \"[topic]\"");
  const bool bootstrap_given = parsed.has("bootstrap-server") || !parsed.has("broker-list");
  const std::string servers = parsed.get(bootstrap_given ? "bootstrap-server" : "broker-list");
  if (!ports_given(servers)) {
    return usage_and_die(kConsoleProducerCommand, "Please provide valid host:port like host1:9091,host2:9092\n ");
  }
  if (const std::string reader = parsed.get("line-reader"); reader != "kafka.tools.ConsoleProducer$LineMessageReader") {
    return report_trace({"java.lang.ClassNotFoundException",
                         reader,
                         {},
                         "kz has the reader kafka.tools.ConsoleProducer$LineMessageReader alone"});
  }
  std::map<std::string, std::string> reader_properties;
  if (const std::string file = parsed.get("reader-config"); !file.empty()) {
    ClientConfig loaded(ClientKind::kProducer);
    if (auto ok = loaded.load(file); !ok) return report_trace(ok.error());
    reader_properties = loaded.values();
  }
  for (auto& [key, value] : key_values(parsed.all("property"))) reader_properties[key] = value;
  std::vector<std::string> unknown;
  const auto reader = line_reader_options(reader_properties, unknown);
  if (!reader) return report_trace(reader.error());
  for (const auto& key : unknown)
    log::Logger("kafka.tools.ConsoleProducer$").warn("The reader has no property '{}'", key);

  ClientConfig config(ClientKind::kProducer);
  if (const std::string file = parsed.get("producer.config"); !file.empty()) {
    if (auto ok = config.load(file); !ok) return report_trace(ok.error());
  }
  for (auto& [key, value] : key_values(parsed.all("producer-property"))) config.set(key, value);
  config.set("bootstrap.servers", servers);
  const std::string codec = parsed.get("compression-codec");
  config.set("compression.type", !parsed.has("compression-codec") ? "none" : codec.empty() ? "gzip" : codec);
  config.set_default("client.id", "console-producer");
  merge(config, parsed, "linger.ms", "timeout");
  merge(config, parsed, "acks", "request-required-acks");
  merge(config, parsed, "request.timeout.ms", "request-timeout-ms");
  merge(config, parsed, "retries", "message-send-max-retries");
  merge(config, parsed, "retry.backoff.ms", "retry-backoff-ms");
  if (parsed.has("socket-buffer-size")) config.set("send.buffer.bytes", parsed.get("socket-buffer-size"));
  merge(config, parsed, "buffer.memory", "max-memory-bytes");
  merge(config, parsed, "batch.size", "batch-size");
  merge(config, parsed, "batch.size", "max-partition-memory-bytes");
  merge(config, parsed, "metadata.max.age.ms", "metadata-expiry-ms");
  merge(config, parsed, "max.block.ms", "max-block-ms");
  if (auto ok = config.check(); !ok) return report_trace(ok.error());
  const auto producer = producer_config(config);
  auto bootstrap = config.bootstrap();
  if (!producer || !bootstrap) {
    const Uncaught& cause = producer ? bootstrap.error() : producer.error();
    return report_trace({"org.apache.kafka.common.KafkaException", "Failed to construct kafka producer",
                         cause.exception + ": " + cause.message, cause.hint});
  }

  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  ToolRuntime runtime(connector_options(config));
  Feed feed(runtime, parsed.get("topic"), config.number("buffer.memory"));
  if (parsed.has("sync")) feed.quiet();
  feed.start(config.client_config("Producer clientId=" + config.text("client.id"), *bootstrap), *producer);
  return read_lines(feed, *reader, parsed.has("sync"));
}

}  // namespace

const Command kConsoleProducerCommand{
    .name = "console-producer",
    .aliases = {"kafka-console-producer", "kafka-console-producer.sh", "kafka.tools.ConsoleProducer"},
    .summary = "write lines of standard input to a topic",
    .synopsis = "--bootstrap-server HOSTS --topic NAME [--property parse.key=true] ...",
    .description =
        "Each line is a record. Ends with standard input, after everything is delivered; the status is 1 when a record "
        "was not (Apache's tool reports 0).",
    .options = kOptions,
    .grammar = Grammar::kJoptUsage,
    .run = run};

}  // namespace kz::cmd
