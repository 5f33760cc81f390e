#include "core/zk/connection_throttle.h"

#include <algorithm>
#include <cmath>

namespace kz::zk {

ConnectionThrottle::ConnectionThrottle(const ZooConfig& config, uint64_t seed, TimePoint now)
    : weighed_(config.throttle_weight_enabled),
      fill_time_ms_(config.throttle_fill_time_ms),
      freeze_time_ms_(config.throttle_freeze_time_ms),
      drop_increase_(config.throttle_drop_increase),
      drop_decrease_(config.throttle_drop_decrease),
      decrease_ratio_(config.throttle_decrease_ratio),
      filled_(now),
      frozen_(now),
      rng_(seed) {
  // A global or renewed session never costs less than a local one.
  const int64_t local = config.throttle_local_weight;
  const int64_t global = std::max<int64_t>(config.throttle_global_weight, local);
  weights_[static_cast<size_t>(Session::kGlobal)] = global;
  weights_[static_cast<size_t>(Session::kLocal)] = local;
  weights_[static_cast<size_t>(Session::kRenewed)] = std::max<int64_t>(config.throttle_renew_weight, local);
  // The configured tokens are meant for global sessions.
  const int64_t scale = weighed_ ? global : 1;
  tokens_max_ = tokens_ = scale * config.throttle_tokens;
  fill_count_ = scale * config.throttle_fill_count;
}

bool ConnectionThrottle::admit(Session session, TimePoint now) {
  if (tokens_max_ == 0) return true;
  const int64_t passed_ms = (now - filled_).count() / 1'000'000;
  if (passed_ms > fill_time_ms_) {
    // In doubles: a long pause times a large count need not fit.
    const double refill =
        static_cast<double>(passed_ms) * static_cast<double>(fill_count_) / static_cast<double>(fill_time_ms_);
    const int64_t room = tokens_max_ - tokens_;
    tokens_ += refill >= static_cast<double>(room) ? room : static_cast<int64_t>(refill);
    filled_ = now;
  }
  if (freeze_time_ms_ != -1 && !spared(now)) return false;
  const int64_t need = weighed_ ? weights_[static_cast<size_t>(session)] : 1;
  if (tokens_ < need) return false;
  tokens_ -= need;
  return true;
}

bool ConnectionThrottle::spared(TimePoint now) {
  const int64_t missing = tokens_max_ - tokens_;
  if ((now - frozen_).count() / 1'000'000 > freeze_time_ms_) {
    const auto calm = static_cast<int64_t>(std::floor(static_cast<double>(tokens_max_) * decrease_ratio_ + 0.5));
    if (missing == tokens_max_) {
      drop_ = std::min(drop_ + drop_increase_, 1.0);
    } else if (missing <= calm) {
      drop_ = std::max(drop_ - drop_decrease_, 0.0);
    }
    frozen_ = now;
  }
  return static_cast<double>(rng_() >> 11) * 0x1.0p-53 >= drop_;
}

}  // namespace kz::zk
