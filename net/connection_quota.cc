#include "net/connection_quota.h"

#include <algorithm>
#include <utility>

namespace kz::net {
namespace {
constexpr double kBurstSeconds = 10;
}

void ConnectionQuota::Rate::set(int32_t rate, TimePoint now) {
  if (rate == per_second) return;
  per_second = rate;
  tokens = kBurstSeconds * rate;
  at = now;
}

void ConnectionQuota::Rate::refill(TimePoint now) {
  if (per_second == ConnectionLimits::kNone) return;
  const double seconds = static_cast<double>((now - at) / ms(1)) / 1000;
  if (seconds <= 0) return;
  tokens = std::min(kBurstSeconds * per_second, tokens + seconds * per_second);
  at = now;
}

Duration ConnectionQuota::Rate::wait() const {
  if (per_second == ConnectionLimits::kNone || tokens >= 1) return {};
  if (per_second == 0) return kUntilOneEnds;
  return ms(static_cast<int64_t>((1 - tokens) * 1000 / per_second) + 1);
}

void ConnectionQuota::set_limits(ConnectionLimits limits, TimePoint now) {
  std::lock_guard lock(mutex_);
  limits_ = std::move(limits);
  rate_.set(limits_.per_second, now);
  for (auto& [name, listener] : listeners_) {
    if (limits_.listeners.contains(name)) continue;
    listener.total = ConnectionLimits::kNone;
    listener.rate.set(ConnectionLimits::kNone, now);
  }
  for (const auto& [name, own] : limits_.listeners) {
    PerListener& listener = listeners_[name];
    listener.total = own.total;
    listener.rate.set(own.per_second, now);
  }
}

std::optional<int32_t> ConnectionQuota::take(const std::string& ip, const std::string& listener, TimePoint now) {
  std::lock_guard lock(mutex_);
  PerListener& own = listeners_[listener];
  for (Rate* rate : {&rate_, &own.rate}) {
    if (rate->per_second == ConnectionLimits::kNone) continue;
    rate->refill(now);
    rate->tokens -= 1;
  }
  const auto special = limits_.per_ip_overrides.find(ip);
  const int32_t limit = special == limits_.per_ip_overrides.end() ? limits_.per_ip : special->second;
  const auto known = per_ip_.find(ip);
  if ((known == per_ip_.end() ? 0 : known->second) >= limit) return limit;
  ++per_ip_[ip];
  ++own.count;
  ++count_;
  return std::nullopt;
}

void ConnectionQuota::give_back(const std::string& ip, const std::string& listener) {
  std::lock_guard lock(mutex_);
  --count_;
  --listeners_[listener].count;
  if (const auto n = per_ip_.find(ip); n != per_ip_.end() && --n->second <= 0) per_ip_.erase(n);
}

Duration ConnectionQuota::wait(const std::string& listener, TimePoint now) {
  std::lock_guard lock(mutex_);
  PerListener& own = listeners_[listener];
  if (count_ >= limits_.total && listener != limits_.unlimited_listener) return kUntilOneEnds;
  if (own.count >= own.total) return kUntilOneEnds;
  rate_.refill(now);
  own.rate.refill(now);
  return std::max(rate_.wait(), own.rate.wait());
}

}  // namespace kz::net
