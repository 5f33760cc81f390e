#include "cmd/console_consumer.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <regex>
#include <set>

#include "cmd/client_support.h"
#include "cmd/command_line.h"
#include "cmd/logging.h"
#include "cmd/message_formatter.h"
#include "core/client/consumer.h"

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

volatile std::sig_atomic_t g_signal = 0;
void on_signal(int number) { g_signal = number; }

const log::Logger& logger() {
  static const log::Logger l("kafka.tools.ConsoleConsumer$");
  return l;
}

void log_exception(const char* text, const std::string& exception, const std::string& message) {
  logger().error("{}", text);
  std::fprintf(stderr, "%s%s%s\n", exception.c_str(), message.empty() ? "" : ": ", message.c_str());
}

// What is read, from the command line.
struct Plan {
  std::optional<std::string> topic;
  std::optional<std::string> include;
  std::optional<int32_t> partition;
  int64_t start = -1;  // offset, -1 = the end, -2 = the beginning
  int64_t max_messages = -1;
  int64_t timeout_ms = -1;
  bool skip_on_error = false;
  bool systest = false;
};

// The consumer on its reactor; what it fetched waits here for the printing thread.
class Source {
 public:
  explicit Source(ToolRuntime& runtime) : runtime_(runtime) {}

  void start(const client::KafkaClientConfig& client_config, const client::ConsumerConfig& consumer_config,
             const Plan& plan, bool exclude_internal) {
    runtime_.on_reactor([&] {
      kafka_ = std::make_unique<client::KafkaClient>(client_config, runtime_.connector(), runtime_.executor(),
                                                     runtime_.rng());
      runtime_.watch_peers(*kafka_);
      consumer_ = std::make_unique<client::Consumer>(*kafka_, consumer_config);
      consumer_->set_chunk_listener([this](client::FetchedChunk chunk) {
        std::lock_guard lock(mutex_);
        chunks_.push_back(std::move(chunk));
        arrived_.notify_one();
      });
      consumer_->set_failure_listener([this](const client::ConsumerFailure& f) {
        std::lock_guard lock(mutex_);
        failure_ = f;
        arrived_.notify_one();
      });
      if (plan.partition) {
        consumer_->assign({{{*plan.topic, *plan.partition}, plan.start}});
        kafka_->request_metadata();
      } else if (plan.topic) {
        consumer_->subscribe({*plan.topic});
      } else {
        auto regex = std::make_shared<std::regex>(*plan.include, std::regex::ECMAScript);
        consumer_->subscribe_matching([regex, exclude_internal](const std::string& name) {
          const bool internal = name == "__consumer_offsets" || name == "__transaction_state";
          return !(exclude_internal && internal) && std::regex_match(name, *regex);
        });
      }
    });
  }
  void stop() {
    runtime_.wait<bool>([this](auto done) { consumer_->close([done] { done(true); }); });
    runtime_.on_reactor([&] {
      consumer_.reset();
      kafka_.reset();
    });
  }

  enum class Got : uint8_t { kChunk, kNothing, kFailure };
  // Waits a short while at most, so that signals are seen.
  Got next(client::FetchedChunk& chunk, client::ConsumerFailure& failure, int64_t wait_ms) {
    std::unique_lock lock(mutex_);
    if (chunks_.empty() && !failure_) {
      arrived_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return !chunks_.empty() || failure_; });
    }
    if (!chunks_.empty()) {
      chunk = std::move(chunks_.front());
      chunks_.pop_front();
      return Got::kChunk;
    }
    if (!failure_) return Got::kNothing;
    failure = *failure_;
    return Got::kFailure;
  }
  bool empty() {
    std::lock_guard lock(mutex_);
    return chunks_.empty();
  }
  void release(const client::TopicPartition& tp, size_t bytes, Offset up_to) {
    runtime_.executor().post([this, tp, bytes, up_to] { consumer_->release(tp, bytes, up_to); });
  }

 private:
  ToolRuntime& runtime_;
  std::unique_ptr<client::KafkaClient> kafka_;
  std::unique_ptr<client::Consumer> consumer_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<client::FetchedChunk> chunks_;
  std::optional<client::ConsumerFailure> failure_;
};

// Prints until one of the ends: enough messages, silence, a signal, a closed pipe, an error.
class Printer {
 public:
  Printer(Source& source, MessageFormatter& formatter, const Plan& plan, bool check_crcs)
      : source_(source), formatter_(formatter), plan_(plan), reader_(check_crcs) {}

  int run() {
    auto last = std::chrono::steady_clock::now();
    const auto enough = [&] { return plan_.max_messages >= 0 && count_ >= plan_.max_messages; };
    while (!enough() && g_signal == 0 && !out_.failed() && status_ == 0) {
      if (source_.empty()) out_.flush();
      client::FetchedChunk chunk;
      client::ConsumerFailure failure;
      switch (source_.next(chunk, failure, 50)) {
        case Source::Got::kFailure:
          out_.flush();
          log_exception("Error processing message, terminating consumer process: ", failure.exception, failure.message);
          return finish();
        case Source::Got::kNothing:
          if (plan_.timeout_ms >= 0 &&
              std::chrono::steady_clock::now() - last >= std::chrono::milliseconds(plan_.timeout_ms)) {
            out_.flush();
            log_exception("Error processing message, terminating consumer process: ",
                          "org.apache.kafka.common.errors.TimeoutException", "");
            return finish();
          }
          continue;
        case Source::Got::kChunk:
          break;
      }
      const int64_t before = count_;
      if (!print(chunk)) return finish();
      if (count_ != before) last = std::chrono::steady_clock::now();
    }
    return finish();
  }
  int64_t count() const { return count_; }

 private:
  bool print(const client::FetchedChunk& chunk) {
    Offset up_to = chunk.from;
    bool go_on = true;
    const std::string error = reader_.read(chunk, [&](const client::ConsumedRecord& record) {
      if (plan_.max_messages >= 0 && count_ >= plan_.max_messages) return false;
      ++count_;
      up_to = record.offset + 1;
      line_.clear();
      auto ok = formatter_.write(chunk.tp.topic, chunk.tp.partition, record, line_);
      out_.put(line_);
      if (!ok) {
        out_.flush();
        const bool skip = plan_.skip_on_error;
        log_exception(
            skip ? "Error processing message, skipping this message: " : "Unknown error when running consumer: ",
            ok.error().exception, ok.error().message);
        if (!skip) {
          status_ = 1;
          go_on = false;
        }
      }
      return go_on && !out_.failed() && g_signal == 0;
    });
    const bool whole = error.empty() && go_on && !out_.failed() && g_signal == 0 &&
                       (plan_.max_messages < 0 || count_ < plan_.max_messages);
    source_.release(chunk.tp, chunk.records.size(), whole ? chunk.next : up_to);
    if (!error.empty()) {
      out_.flush();
      log_exception(
          "Error processing message, terminating consumer process: ", "org.apache.kafka.common.KafkaException",
          "Received exception when fetching the next record from " + chunk.tp.text() +
              ". If needed, please seek past the record to continue consumption.");
      std::fprintf(stderr, "Caused by: org.apache.kafka.common.KafkaException: %s\n", error.c_str());
      return false;
    }
    return go_on;
  }

  int finish() {
    out_.flush();
    if (out_.failed()) std::fputs("Unable to write to standard out, closing consumer.\n", stderr);
    return status_;
  }

  Source& source_;
  MessageFormatter& formatter_;
  const Plan& plan_;
  client::RecordReader reader_;
  Output out_;
  std::string line_;
  int64_t count_ = 0;
  int status_ = 0;
};

std::map<std::string, std::string> key_values(const std::vector<std::string>& items) {
  std::map<std::string, std::string> out;
  for (const std::string& item : items) {
    const size_t eq = item.find('=');
    out[item.substr(0, eq)] = eq == std::string::npos ? "" : item.substr(eq + 1);
  }
  return out;
}

// The rules of ConsumerConfig in the order of the original; the text of a usage error, or empty.
std::string read_plan(const Parsed& parsed, Plan& plan) {
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

int run(const Invocation&, const Parsed& parsed) {
  start_tool_logging();
  Plan plan;
  // The original loads files and classes before it looks at the rest.
  ClientConfig file(ClientKind::kConsumer);
  if (const std::string path = parsed.get("consumer.config"); !path.empty()) {
    if (auto ok = file.load(path); !ok) return report(ok.error());
  }
  std::map<std::string, std::string> format;
  if (const std::string path = parsed.get("formatter-config"); !path.empty()) {
    ClientConfig loaded(ClientKind::kConsumer);
    if (auto ok = loaded.load(path); !ok) return report(ok.error());
    format = loaded.values();
  }
  for (auto& [key, value] : key_values(parsed.all("property"))) format[key] = value;
  if (auto d = parsed.get("key-deserializer"); !d.empty()) format["key.deserializer"] = d;
  if (auto d = parsed.get("value-deserializer"); !d.empty()) format["value.deserializer"] = d;
  std::vector<std::string> unknown;
  auto formatter = make_formatter(parsed.get("formatter"), format, unknown);
  if (!formatter) return report(formatter.error());
  for (const auto& key : unknown) logger().warn("The formatter has no property '{}'", key);
  if (std::string problem = read_plan(parsed, plan); !problem.empty()) {
    return usage_and_die(kConsoleConsumerCommand, problem);
  }

  const auto extra = key_values(parsed.all("consumer-property"));
  std::vector<std::string> groups;
  const auto add_group = [&](const std::string& id) {
    if (std::find(groups.begin(), groups.end(), id) == groups.end()) groups.push_back(id);
  };
  if (parsed.has("group")) add_group(parsed.get("group"));
  if (file.has("group.id")) add_group(file.text("group.id"));
  if (auto it = extra.find("group.id"); it != extra.end()) add_group(it->second);
  if (groups.size() > 1) {
    std::string list;
    for (const auto& g : groups) list += (list.empty() ? "'" : ", '") + g + "'";
    return usage_and_die(kConsoleConsumerCommand,
                         "The group ids provided in different places (directly using '--group', via "
                         "'--consumer-property', or via '--consumer.config') do not match. Detected group ids: " +
                             list);
  }
  if (!groups.empty() && plan.partition) {
    return usage_and_die(kConsoleConsumerCommand, "Options group and partition cannot be specified together.");
  }
  ClientConfig config = file;
  if (groups.empty()) {
    Rng rng(random_seed());
    config.set("group.id", "console-consumer-" + std::to_string(rng.below(100000)));
    config.set_default("enable.auto.commit", "false");
  } else {
    config.set("group.id", groups[0]);
  }
  for (const auto& [key, value] : extra) config.set(key, value);
  if (config.has("auto.offset.reset")) {
    const std::string reset = config.text("auto.offset.reset");
    if (parsed.has("from-beginning") && reset != "earliest") {
      std::fprintf(
          stderr,
          "Can't simultaneously specify --from-beginning and 'auto.offset.reset=%s', please remove one option\n",
          reset.c_str());
      return 1;
    }
  } else {
    config.set("auto.offset.reset", parsed.has("from-beginning") ? "earliest" : "latest");
  }
  config.set("bootstrap.servers", parsed.get("bootstrap-server"));
  config.set_default("client.id", "console-consumer");
  if (parsed.has("isolation-level") || !config.has("isolation.level")) {
    config.set("isolation.level", parsed.get("isolation-level"));
  }
  const auto fail = [](const Uncaught& e) {
    log_exception("Unknown error when running consumer: ", e.exception, e.message);
    if (!e.cause.empty()) std::fprintf(stderr, "Caused by: %s\n", e.cause.c_str());
    if (!e.hint.empty()) hint(e.hint);
    return 1;
  };
  if (auto ok = config.check(); !ok) return fail(ok.error());
  const auto consumer = consumer_config(config);
  auto bootstrap = config.bootstrap();
  if (!consumer || !bootstrap) {
    const Uncaught& cause = consumer ? bootstrap.error() : consumer.error();
    return fail({"org.apache.kafka.common.KafkaException", "Failed to construct kafka consumer",
                 cause.exception + ": " + cause.message, cause.hint});
  }
  if (plan.include) {
    try {
      const std::regex check(*plan.include, std::regex::ECMAScript);
    } catch (const std::regex_error& e) {
      return fail({"java.util.regex.PatternSyntaxException", *plan.include + ": " + e.what(), {}, {}});
    }
  }

  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  ToolRuntime runtime(connector_options(config));
  Source source(runtime);
  auto client_config = config.client_config(
      "Consumer clientId=" + config.text("client.id") + ", groupId=" + config.text("group.id"), *bootstrap);
  client_config.allow_auto_topic_creation = config.boolean("allow.auto.create.topics");
  source.start(client_config, *consumer, plan, config.boolean("exclude.internal.topics"));
  Printer printer(source, **formatter, plan, config.boolean("check.crcs"));
  int status = printer.run();
  source.stop();
  std::fprintf(stderr, "Processed a total of %lld messages\n", static_cast<long long>(printer.count()));
  if (plan.systest) std::puts("shutdown_complete");
  if (g_signal != 0) status = 128 + static_cast<int>(g_signal);
  return status;
}

}  // namespace

const Command kConsoleConsumerCommand{
    .name = "console-consumer",
    .aliases = {"kafka-console-consumer", "kafka-console-consumer.sh", "kafka.tools.ConsoleConsumer"},
    .summary = "print the records of topics",
    .synopsis = "--bootstrap-server HOSTS (--topic NAME | --include REGEX) [--from-beginning] ...",
    .description =
        "Prints records until interrupted, as a member of a consumer group or, with --partition, alone. Standard error "
        "ends with `Processed a total of N messages`.",
    .options = kOptions,
    .grammar = Grammar::kJoptUsage,
    .run = run};

}  // namespace kz::cmd
