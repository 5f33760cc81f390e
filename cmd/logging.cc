// The only file that includes spdlog. Layouts: config/log4j.properties and conf/log4j.properties of the originals.
#include "cmd/logging.h"

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/time.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace kz::cmd {
namespace {

constexpr size_t kQueueLinesMax = 1024;

std::shared_ptr<spdlog::logger> g_logger;
// Loggers by the start of their names that have a file for themselves; before any thread logs.
std::vector<std::pair<std::string_view, std::shared_ptr<spdlog::logger>>> g_own_files;
LogLayout g_layout = LogLayout::kKafka;
std::string g_myid;

const char* level_name(log::Level level) {
  switch (level) {
    case log::Level::kTrace:
      return "TRACE";
    case log::Level::kDebug:
      return "DEBUG";
    case log::Level::kInfo:
      return "INFO";
    case log::Level::kWarn:
      return "WARN";
    case log::Level::kError:
      return "ERROR";
    case log::Level::kFatal:
    case log::Level::kOff:
      break;
  }
  return "FATAL";
}

std::string layout(const log::Line& line) {
  const std::string time = log_timestamp();
  if (g_layout == LogLayout::kZooKeeper) {
    std::string_view name = line.logger;
    if (const size_t dot = name.rfind('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
    return fmt::format("{} [myid:{}] - {:<5} [{}:{}] - {}", time, g_myid, level_name(line.level),
                       line.component.empty() ? "main" : line.component, name, line.message);
  }
  if (line.component.empty())
    return fmt::format("[{}] {} {} ({})", time, level_name(line.level), line.message, line.logger);
  return fmt::format("[{}] {} [{}] {} ({})", time, level_name(line.level), line.component, line.message, line.logger);
}

void sink(const log::Line& line) {
  // One spdlog level for all: filtering happened in core/base/log.h already.
  spdlog::logger* logger = g_logger.get();
  for (const auto& [prefix, own] : g_own_files) {
    if (line.logger.starts_with(prefix)) logger = own.get();
  }
  if (logger) logger->log(line.level >= log::Level::kError ? spdlog::level::err : spdlog::level::info, layout(line));
}

// log4j's DailyRollingFileAppender with the pattern of an hour.
class HourlyFile final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit HourlyFile(std::string path) : path_(std::move(path)), hour_(hour_of(std::time(nullptr))) { open(); }
  ~HourlyFile() override {
    if (file_ != nullptr) std::fclose(file_);
  }
  bool usable() const { return file_ != nullptr; }

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    if (std::string hour = hour_of(std::time(nullptr)); hour != hour_) {
      if (file_ != nullptr) std::fclose(std::exchange(file_, nullptr));
      (void)std::rename(path_.c_str(), (path_ + "." + hour_).c_str());
      hour_ = std::move(hour);
      open();
    }
    if (file_ == nullptr) return;
    std::fwrite(msg.payload.data(), 1, msg.payload.size(), file_);
    std::fputc('\n', file_);
  }
  void flush_() override {
    if (file_ != nullptr) std::fflush(file_);
  }

 private:
  static std::string hour_of(time_t now) {
    tm local{};
    localtime_r(&now, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d-%H", &local);
    return text;
  }
  void open() { file_ = std::fopen(path_.c_str(), "ae"); }

  const std::string path_;
  std::string hour_;
  FILE* file_ = nullptr;
};

std::shared_ptr<spdlog::logger> asynchronous(std::vector<spdlog::sink_ptr> sinks) {
  auto logger = std::make_shared<spdlog::async_logger>("kz", sinks.begin(), sinks.end(), spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

void install(std::shared_ptr<spdlog::logger> logger, LogLayout layout, log::Level level) {
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  g_logger = std::move(logger);
  g_layout = layout;
  log::set_level(level);
  log::set_sink(&sink);
}

}  // namespace

std::string log_timestamp() {
  timeval now{};
  gettimeofday(&now, nullptr);
  // localtime_r takes a process-wide lock and reads /etc/localtime's rules: once a second is enough.
  thread_local time_t cached_second = -1;
  thread_local char text[32];
  if (now.tv_sec != cached_second) {
    tm local{};
    localtime_r(&now.tv_sec, &local);
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    cached_second = now.tv_sec;
  }
  return fmt::format("{},{:03}", text, now.tv_usec / 1000);
}

void start_server_logging(LogLayout layout, log::Level level, const std::string& file, const std::string& myid) {
  g_myid = myid;
  spdlog::init_thread_pool(kQueueLinesMax, 1);
  std::shared_ptr<spdlog::sinks::sink> out;
  if (file.empty()) {
    out = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  } else {
    out = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
  }
  install(asynchronous({std::move(out)}), layout, level);
}

bool start_broker_logging(log::Level level, const std::string& directory) {
  spdlog::init_thread_pool(kQueueLinesMax, 1);
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stdout_sink_mt>()};
  // Kafka keeps these out of server.log and of standard output.
  constexpr std::pair<std::string_view, const char*> kOwnFiles[] = {
      {"kafka.controller.", "controller.log"},
      {"state.change.logger", "state-change.log"},
      {"kafka.log.LogCleaner", "log-cleaner.log"},
  };
  bool usable = true;
  if (!directory.empty()) {
    auto server = std::make_shared<HourlyFile>(directory + "/server.log");
    usable = server->usable();
    if (usable) sinks.push_back(std::move(server));
    for (const auto& [prefix, name] : kOwnFiles) {
      auto file = std::make_shared<HourlyFile>(directory + "/" + name);
      if (usable && file->usable()) g_own_files.emplace_back(prefix, asynchronous({std::move(file)}));
    }
  }
  install(asynchronous(std::move(sinks)), LogLayout::kKafka, level);
  return usable;
}

void start_tool_logging(LogLayout layout, log::Level level) {
  auto logger = std::make_shared<spdlog::logger>("kz", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  install(std::move(logger), layout, level);
}

void stop_logging() {
  log::set_sink(nullptr);
  if (g_logger) {
    if (auto pool = spdlog::thread_pool(); pool && pool->overrun_counter() > 0) {
      g_logger->log(spdlog::level::info,
                    fmt::format("{} log lines were dropped because they came faster than they could be written",
                                pool->overrun_counter()));
    }
  }
  g_own_files.clear();
  g_logger.reset();
  spdlog::shutdown();
}

}  // namespace kz::cmd
