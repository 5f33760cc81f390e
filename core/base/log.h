// The log: format here, sink installed once by cmd/logging.cc (or by a test). With no sink, lines are dropped.
// Levels: error = a human must look (fails a simulation), warn = degraded or refused, info = state changes once,
// debug = per request, trace = decoded requests. Nothing above debug on a per-request path.
#pragma once
#include <fmt/format.h>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

namespace kz::log {

enum class Level : int { kTrace, kDebug, kInfo, kWarn, kError, kFatal, kOff };

// component: Kafka's bracket prefix without brackets, e.g. "KafkaServer id=0", or empty. logger: Java's logger name,
// e.g. "kafka.server.KafkaServer"; it decides nothing but the text in parentheses.
struct Line {
  Level level;
  std::string_view component;
  std::string_view logger;
  std::string_view message;
};

using Sink = void (*)(const Line&);

// Installed before threads start. Must be callable from any thread and must not block.
void set_sink(Sink sink);
void set_level(Level level);
extern std::atomic<Level> g_level;
void write(const Line& line);
inline bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

// A named source of lines; one static or member per component. Copies its names.
class Logger {
 public:
  explicit Logger(std::string logger, std::string component = {})
      : logger_(std::move(logger)), component_(std::move(component)) {}
  template <class... A>
  void trace(fmt::format_string<A...> f, A&&... a) const {
    put(Level::kTrace, f, std::forward<A>(a)...);
  }
  template <class... A>
  void debug(fmt::format_string<A...> f, A&&... a) const {
    put(Level::kDebug, f, std::forward<A>(a)...);
  }
  template <class... A>
  void info(fmt::format_string<A...> f, A&&... a) const {
    put(Level::kInfo, f, std::forward<A>(a)...);
  }
  template <class... A>
  void warn(fmt::format_string<A...> f, A&&... a) const {
    put(Level::kWarn, f, std::forward<A>(a)...);
  }
  template <class... A>
  void error(fmt::format_string<A...> f, A&&... a) const {
    put(Level::kError, f, std::forward<A>(a)...);
  }

 private:
  template <class... A>
  void put(Level level, fmt::format_string<A...> f, A&&... a) const {
    if (!enabled(level)) return;
    fmt::memory_buffer buffer;
    fmt::vformat_to(fmt::appender(buffer), f, fmt::make_format_args(a...));
    write({level, component_, logger_, {buffer.data(), buffer.size()}});
  }
  std::string logger_;
  std::string component_;
};

}  // namespace kz::log
