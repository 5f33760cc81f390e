#include "cmd/console_consumer.h"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <set>

#include "cmd/client_support.h"
#include "cmd/command_line.h"
#include "cmd/logging.h"
#include "cmd/message_formatter.h"
#include "core/client/consumer.h"

namespace kz::cmd {
namespace {

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

// The consumer on its reactor; what it fetched waits here for the printing thread.
class Source {
 public:
  explicit Source(ToolRuntime& runtime) : runtime_(runtime) {}

  void start(const client::KafkaClientConfig& client_config, const client::ConsumerConfig& consumer_config,
             const ConsumePlan& plan, bool exclude_internal) {
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
        consumer_->subscribe_matching([regex = *plan.regex, exclude_internal](const std::string& name) {
          const bool internal = name == "__consumer_offsets" || name == "__transaction_state";
          return !(exclude_internal && internal) && regex.matches(name);
        });
      }
    });
  }
  void stop() {
    runtime_.wait<bool>([this](auto done) { consumer_->close([done] { done(true); }); });
    runtime_.on_reactor([&] {
      consumer_.reset();
      runtime_.forget_peers();
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
  Printer(Source& source, MessageFormatter& formatter, const ConsumePlan& plan, bool check_crcs)
      : source_(source), formatter_(formatter), plan_(plan), reader_(check_crcs) {}

  int run() {
    auto last = std::chrono::steady_clock::now();
    const auto enough = [&] { return plan_.max_messages >= 0 && count_ >= plan_.max_messages; };
    while (!enough() && g_signal == 0 && !out_.failed() && status_ == 0) {
      if (source_.empty()) {
        out_.flush();
        if (out_.reader_gone()) break;
      }
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
  const ConsumePlan& plan_;
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

int run(const Invocation&, const Parsed& parsed) {
  start_tool_logging();
  ConsumePlan plan;
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
  if (std::string problem = read_consume_plan(parsed, plan); !problem.empty()) {
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
    auto regex = JavaRegex::compile(*plan.include);
    if (!regex) {
      return fail({"java.util.regex.PatternSyntaxException", *plan.include + ": " + regex.error(), {}, {}});
    }
    plan.regex = std::move(*regex);
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
    .options = console_consumer_options(),
    .grammar = Grammar::kJoptUsage,
    .run = run};

}  // namespace kz::cmd
