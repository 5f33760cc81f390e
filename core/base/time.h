// Time is passed in. Monotonic points drive timeouts; wall-clock milliseconds are data (timestamps in records and
// znodes).
#pragma once
#include <chrono>
#include <cstdint>

namespace kz {

using Duration = std::chrono::nanoseconds;

// A point on the monotonic clock of the driver (steady_clock in production, virtual in the simulator).
struct TimePoint {
  int64_t ns = 0;
  friend auto operator<=>(TimePoint, TimePoint) = default;
  friend TimePoint operator+(TimePoint t, Duration d) { return {t.ns + d.count()}; }
  friend Duration operator-(TimePoint a, TimePoint b) { return Duration{a.ns - b.ns}; }
  static constexpr TimePoint max() { return {INT64_MAX}; }
};

constexpr Duration ms(int64_t n) { return std::chrono::milliseconds{n}; }

// Both clocks, read once per event by a driver.
struct Now {
  TimePoint mono;
  int64_t wall_ms = 0;  // since the Unix epoch
};

}  // namespace kz
