// Pipeline: how many requests may be on their way, and how many bytes of large ones. What is too many waits here, in
// the order of arrival, before it is looked at. Source: RequestThrottler, ZooKeeperServer.checkRequestSize* @ 3.8.0.
// Unlike there, a request that waited is let in as soon as there is room; the stall time bounds how late a stale one is
// noticed.
#include "core/zk/connection.h"
#include "core/zk/pipeline.h"

namespace kz::zk {
namespace {

bool may_be_refused(OpCode op) { return op != OpCode::kPing && op != OpCode::kCloseSession; }

}  // namespace

void Pipeline::enqueue(Connection& c, Entry entry, Effects& out) {
  large_bytes_ += entry.large_bytes;
  c.queue.push_back(std::move(entry));
  ++in_process_;
  if (!c.paused && in_process_ > config_.global_outstanding_limit) {
    c.paused = true;
    out.emplace_back(Pause{c.id});
  }
}

void Pipeline::finished(const Entry& entry) {
  large_bytes_ -= entry.large_bytes;
  --in_process_;
}

bool Pipeline::hold_back() const {
  return config_.request_throttle_max_requests > 0 &&
         (!held_.empty() || in_process_ >= config_.request_throttle_max_requests);
}

bool Pipeline::admit_large(int64_t frame_bytes) const {
  return frame_bytes <= config_.large_request_threshold ||
         large_bytes_ + frame_bytes <= config_.large_request_max_bytes;
}

void Pipeline::release_held(Now now, Effects& out) {
  while (!held_.empty()) {
    Connection* c = find(held_.front().conn);
    const Held& first = held_.front();
    const auto op = static_cast<OpCode>(first.header.type);
    const Duration waited = now.mono - first.received;
    // Its client stopped waiting: what came behind it on the connection must not overtake it, so all of it goes.
    const bool stale = c && config_.request_throttle_drop_stale && config_.request_stale_latency_check &&
                       op != OpCode::kCloseSession && waited > ms(c->timeout_ms);
    if (c && !stale && in_process_ >= config_.request_throttle_max_requests) break;
    const Held held = std::move(held_.front());
    held_.pop_front();
    large_bytes_ -= held.large_bytes;
    if (c) metrics_.add(Percentile::kRequestThrottleQueueTimeMs, waited.count() / 1'000'000);
    if (stale) {
      log_.warn("Closing a connection from /{}: its request waited for {} ms", c->stats.ip, waited.count() / 1'000'000);
      metrics_.add(Counter::kStaleRequests);
      metrics_.add(Counter::kStaleRequestsDropped);
      drop(*c, out);
    } else if (c) {
      const bool late = config_.throttled_op_wait_time_ms > 0 && waited > ms(config_.throttled_op_wait_time_ms);
      if (late && may_be_refused(op)) metrics_.add(Counter::kThrottledOps);
      process(*c, held, late && may_be_refused(op), now, out);
    }
  }
  held_check_ = now.mono + ms(config_.request_throttle_stall_time_ms);
}

}  // namespace kz::zk
