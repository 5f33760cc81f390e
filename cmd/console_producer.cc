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

constexpr size_t kReadBytes = 256 * 1024;
constexpr int kFlushAfterSignalMs = 3000;

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
      runtime_.forget_peers();
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
  // Until everything is delivered or has failed; after a signal not longer than a few seconds.
  void flush() {
    auto done = std::make_shared<std::promise<void>>();
    auto future = done->get_future();
    runtime_.executor().post([this, done] { producer_->flush([done] { done->set_value(); }); });
    int waited_ms = 0;
    while (future.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
      if (g_signal != 0 && (waited_ms += 100) >= kFlushAfterSignalMs) {
        failed_ = true;
        return;
      }
    }
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
    .options = console_producer_options(),
    .grammar = Grammar::kJoptUsage,
    .run = run};

}  // namespace kz::cmd
