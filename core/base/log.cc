#include "core/base/log.h"

namespace kz::log {
namespace {
std::atomic<Sink> g_sink{nullptr};
}

std::atomic<Level> g_level{Level::kInfo};

void set_sink(Sink sink) { g_sink.store(sink, std::memory_order_release); }
void set_level(Level level) { g_level.store(level, std::memory_order_relaxed); }

void write(const Line& line) {
  if (Sink sink = g_sink.load(std::memory_order_acquire)) sink(line);
}

}  // namespace kz::log
