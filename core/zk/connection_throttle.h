// ConnectionThrottle: a token bucket for connect requests with BLUE's drop probability on top, weighed by the kind of
// session. Source: BlueThrottle @ 3.8.0.
// Owned by the pipeline; not thread-safe.
#pragma once
#include "core/base/rng.h"
#include "core/base/time.h"
#include "core/zk/config.h"

namespace kz::zk {

class ConnectionThrottle {
 public:
  enum class Session : uint8_t { kGlobal, kLocal, kRenewed };
  ConnectionThrottle(const ZooConfig& config, uint64_t seed, TimePoint now);
  // Takes the tokens of one connect request; false: refuse it.
  bool admit(Session session, TimePoint now);
  int64_t deficit() const { return tokens_max_ - tokens_; }
  double drop_probability() const { return drop_; }

 private:
  bool spared(TimePoint now);  // by the drop probability

  bool weighed_;
  int64_t weights_[3];
  int64_t tokens_max_;
  int64_t fill_time_ms_;
  int64_t fill_count_;
  int64_t freeze_time_ms_;
  double drop_increase_, drop_decrease_, decrease_ratio_;
  int64_t tokens_;
  double drop_ = 0;
  TimePoint filled_;
  TimePoint frozen_;
  Rng rng_;
};

}  // namespace kz::zk
