// ServerStats, ConnectionStats: the numbers behind srvr, stat, cons and mntr. Source: ServerStats, ServerCnxn @ 3.8.0.
// Owned by the pipeline; not thread-safe.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/base/ids.h"

namespace kz::zk {

struct LatencyStats {
  int64_t min_ms = 0, max_ms = 0, total_ms = 0, count = 0;
  void add(int64_t ms) {
    min_ms = count == 0 ? ms : std::min(min_ms, ms);
    max_ms = std::max(max_ms, ms);
    total_ms += ms;
    ++count;
  }
  double average() const { return count ? static_cast<double>(total_ms) / static_cast<double>(count) : 0; }
};

// BufferStats: sizes in bytes; -1 before the first.
struct BufferSizes {
  int64_t last = -1, min = -1, max = -1;
  void add(int64_t bytes) {
    last = bytes;
    min = min < 0 ? bytes : std::min(min, bytes);
    max = std::max(max, bytes);
  }
};

struct ServerStats {
  int64_t packets_received = 0;
  int64_t packets_sent = 0;
  LatencyStats latency;
  BufferSizes responses;
  int64_t auth_failed = 0;  // not reset by srst
};

struct ConnectionStats {
  std::string ip;
  uint16_t port = 0;
  SessionId session = 0;  // 0: none yet
  int32_t timeout_ms = 0;
  int64_t established_ms = 0;  // wall clock
  int64_t received = 0, sent = 0, queued = 0;
  int32_t last_cxid = -1;
  Zxid last_zxid = -1;
  const char* last_op = "NA";
  int64_t last_response_ms = 0;  // the monotonic clock, as lresp shows it
  int64_t touched_ms = 0;        // the monotonic clock: when the last packet came
  int64_t last_latency_ms = 0;
  LatencyStats latency;
  int interest_ops = 1;  // as NIO's: 0 while reading is paused
};

}  // namespace kz::zk
