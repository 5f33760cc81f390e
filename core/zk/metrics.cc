#include "core/zk/metrics.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace kz::zk {
namespace {

#define KZ_ZK_METRIC_NAME(id, name) name,
constexpr const char* kCounterNames[] = {KZ_ZK_COUNTERS(KZ_ZK_METRIC_NAME)};
constexpr const char* kBasicNames[] = {KZ_ZK_BASIC_SUMMARIES(KZ_ZK_METRIC_NAME)};
constexpr const char* kPercentileNames[] = {KZ_ZK_PERCENTILE_SUMMARIES(KZ_ZK_METRIC_NAME)};
constexpr const char* kBasicSetNames[] = {KZ_ZK_BASIC_SUMMARY_SETS(KZ_ZK_METRIC_NAME)};
constexpr const char* kPercentileSetNames[] = {KZ_ZK_PERCENTILE_SUMMARY_SETS(KZ_ZK_METRIC_NAME)};
constexpr const char* kCounterSetNames[] = {KZ_ZK_COUNTER_SETS(KZ_ZK_METRIC_NAME)};
#undef KZ_ZK_METRIC_NAME

double four_decimals(double value) { return std::floor(value * 10000 + 0.5) / 10000; }

void append(MetricLines& out, std::string_view name, const Summary& s) {
  const bool any = s.count > 0;
  out.emplace_back(fmt::format("avg_{}", name), s.average());
  out.emplace_back(fmt::format("min_{}", name), any ? s.min : 0);
  out.emplace_back(fmt::format("max_{}", name), any ? s.max : 0);
  out.emplace_back(fmt::format("cnt_{}", name), s.count);
  out.emplace_back(fmt::format("sum_{}", name), s.sum);
}

void append(MetricLines& out, std::string_view name, const SampledSummary& s) {
  append(out, name, s.summary);
  const std::vector<double> q = s.reservoir.quantiles({0.5, 0.95, 0.99, 0.999});
  constexpr const char* kPrefixes[] = {"p50", "p95", "p99", "p999"};
  for (size_t i = 0; i < q.size(); ++i) {
    out.emplace_back(fmt::format("{}_{}", kPrefixes[i], name), static_cast<int64_t>(std::floor(q[i] + 0.5)));
  }
}

// HELP texts and label values escape what would end them.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

constexpr double kAdvancedQuantiles[] = {0.5, 0.9, 0.99};

void prometheus_summary(std::string& out, std::string_view name, std::string_view key, const Summary& s,
                        const Reservoir& samples, bool advanced) {
  const std::string label = key.empty() ? "" : fmt::format("key=\"{}\",", escaped(key));
  const size_t count = advanced ? 3 : 1;
  const auto values = samples.quantiles({kAdvancedQuantiles, kAdvancedQuantiles + count});
  for (size_t i = 0; i < count; ++i) {
    const double value = s.count > 0 ? values[i] : std::nan("");
    out += fmt::format("{}{{{}quantile=\"{}\",}} {}\n", name, label, kAdvancedQuantiles[i], java_double_text(value));
  }
  const std::string braces = key.empty() ? "" : "{" + label + "}";
  out += fmt::format("{}_count{} {}\n{}_sum{} {}\n", name, braces, java_double_text(static_cast<double>(s.count)), name,
                     braces, java_double_text(static_cast<double>(s.sum)));
}

}  // namespace

double Summary::average() const {
  return count == 0 ? 0 : four_decimals(static_cast<double>(sum) / static_cast<double>(count));
}

void Reservoir::add(int64_t value) {
  const auto clamped = static_cast<int32_t>(
      std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
  ++seen_;
  if (values_.size() < kSize) {
    values_.push_back(clamped);
    return;
  }
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const auto at = random_ % seen_;
  if (at < kSize) values_[at] = clamped;
}

std::vector<double> Reservoir::quantiles(const std::vector<double>& q) const {
  std::vector<double> out(q.size(), 0.0);
  if (values_.empty()) return out;
  std::vector<int32_t> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < q.size(); ++i) {
    const double position = q[i] * static_cast<double>(sorted.size() + 1);
    const auto index = static_cast<size_t>(position);
    if (index < 1) {
      out[i] = sorted.front();
    } else if (index >= sorted.size()) {
      out[i] = sorted.back();
    } else {
      const double lower = sorted[index - 1], upper = sorted[index];
      out[i] = lower + (position - std::floor(position)) * (upper - lower);
    }
  }
  return out;
}

void Reservoir::clear() {
  seen_ = 0;
  values_ = {};
}

std::vector<size_t> java_hash_order(const std::vector<std::string_view>& keys) {
  size_t buckets = 16;
  while (keys.size() * 4 >= buckets * 3) buckets *= 2;
  std::vector<size_t> bucket_of;
  for (const std::string_view key : keys) {
    uint32_t hash = 0;
    for (const char c : key) hash = hash * 31 + static_cast<unsigned char>(c);
    bucket_of.push_back((hash ^ (hash >> 16)) & (buckets - 1));
  }
  std::vector<size_t> order(keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return bucket_of[a] < bucket_of[b]; });
  return order;
}

std::string_view top_namespace(std::string_view path) {
  if (path.size() < 2) return {};
  return path.substr(1, path.find('/', 1) - 1);
}

template <class Value>
Value* KeyedMetric<Value>::at(std::string_view key) {
  if (last_ < entries_.size() && entries_[last_]->first == key) return &entries_[last_]->second;
  const auto it = index_.find(key);
  if (it == index_.end()) {
    if (entries_.size() >= kKeysMax) return nullptr;
    entries_.push_back(std::make_unique<std::pair<std::string, Value>>(std::string(key), Value{}));
    last_ = entries_.size() - 1;
    index_.emplace(entries_.back()->first, last_);
  } else {
    last_ = it->second;
  }
  return &entries_[last_]->second;
}

template <class Value>
std::vector<size_t> KeyedMetric<Value>::order() const {
  std::vector<std::string_view> keys;
  for (const auto& entry : entries_) keys.push_back(entry->first);
  return java_hash_order(keys);
}

template class KeyedMetric<SampledSummary>;
template class KeyedMetric<int64_t>;

Metrics::Metrics() = default;

void Metrics::add(BasicSet metric, std::string_view key, int64_t value) {
  SampledSummary* s = basic_sets_[static_cast<size_t>(metric)].at(key);
  if (!s) return;
  s->summary.add(value);
  if (sample_basic_) s->reservoir.add(value);
}
void Metrics::add(PercentileSet metric, std::string_view key, int64_t value) {
  if (SampledSummary* s = percentile_sets_[static_cast<size_t>(metric)].at(key)) s->add(value);
}
void Metrics::add(CounterSet metric, std::string_view key, int64_t n) {
  if (int64_t* value = counter_sets_[static_cast<size_t>(metric)].at(key)) *value += n;
}

void Metrics::reset() {
  counters_ = {};
  basic_ = {};
  basic_samples_ = {};
  percentile_ = {};
  for (auto& set : basic_sets_) set.reset();
  for (auto& set : percentile_sets_) set.reset();
  for (auto& set : counter_sets_) set.reset();
}

MetricLines Metrics::lines() const {
  MetricLines out;
  out.reserve(640);
  for (size_t i = 0; i < counters_.size(); ++i) out.emplace_back(kCounterNames[i], counters_[i]);
  for (size_t i = 0; i < counter_sets_.size(); ++i) {
    counter_sets_[i].for_each([&](std::string_view key, int64_t value) {
      out.emplace_back(fmt::format("{}_{}", key, kCounterSetNames[i]), value);
    });
  }
  for (size_t i = 0; i < basic_.size(); ++i) append(out, kBasicNames[i], basic_[i]);
  for (size_t i = 0; i < percentile_.size(); ++i) append(out, kPercentileNames[i], percentile_[i]);
  for (size_t i = 0; i < basic_sets_.size(); ++i) {
    basic_sets_[i].for_each([&](std::string_view key, const SampledSummary& value) {
      append(out, fmt::format("{}_{}", key, kBasicSetNames[i]), value.summary);
    });
  }
  for (size_t i = 0; i < percentile_sets_.size(); ++i) {
    percentile_sets_[i].for_each([&](std::string_view key, const SampledSummary& value) {
      append(out, fmt::format("{}_{}", key, kPercentileSetNames[i]), value);
    });
  }
  return out;
}

std::string Metrics::prometheus() const {
  std::string out;
  for (size_t i = 0; i < counters_.size(); ++i) {
    prometheus_head(out, kCounterNames[i], "counter");
    out += fmt::format("{} {}\n", kCounterNames[i], java_double_text(static_cast<double>(counters_[i])));
  }
  for (size_t i = 0; i < counter_sets_.size(); ++i) {
    prometheus_head(out, kCounterSetNames[i], "counter");
    counter_sets_[i].for_each([&](std::string_view key, int64_t value) {
      prometheus_labelled(out, kCounterSetNames[i], key, static_cast<double>(value));
    });
  }
  for (size_t i = 0; i < basic_.size(); ++i) {
    prometheus_head(out, kBasicNames[i], "summary");
    prometheus_summary(out, kBasicNames[i], {}, basic_[i], basic_samples_[i], false);
  }
  for (size_t i = 0; i < percentile_.size(); ++i) {
    prometheus_head(out, kPercentileNames[i], "summary");
    prometheus_summary(out, kPercentileNames[i], {}, percentile_[i].summary, percentile_[i].reservoir, true);
  }
  const auto sets = [&](const auto& all, const auto& names, bool advanced) {
    for (size_t i = 0; i < all.size(); ++i) {
      prometheus_head(out, names[i], "summary");
      all[i].for_each([&](std::string_view key, const SampledSummary& value) {
        prometheus_summary(out, names[i], key, value.summary, value.reservoir, advanced);
      });
    }
  };
  sets(basic_sets_, kBasicSetNames, false);
  sets(percentile_sets_, kPercentileSetNames, true);
  return out;
}

std::string java_double_text(double value) {
  if (std::isnan(value)) return "NaN";
  // From 10^7 on Java writes d.dddE7.
  if (std::fabs(value) >= 1e7) {
    const int exponent = static_cast<int>(std::floor(std::log10(std::fabs(value))));
    std::string digits = fmt::format("{}", value);  // the shortest digits, with or without exponent
    std::string mantissa;
    for (const char c : digits) {
      if (c == 'e') break;
      if (c >= '0' && c <= '9') mantissa += c;
    }
    while (mantissa.size() > 1 && mantissa.back() == '0') mantissa.pop_back();
    const std::string rest = mantissa.size() > 1 ? mantissa.substr(1) : "0";
    return fmt::format("{}{}.{}E{}", value < 0 ? "-" : "", mantissa[0], rest, exponent);
  }
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string metric_text(const MetricValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return java_double_text(*real);
  return std::get<std::string>(value);
}

void prometheus_head(std::string& out, std::string_view name, std::string_view type) {
  out += fmt::format("# HELP {0} {0}\n# TYPE {0} {1}\n", name, type);
}

void prometheus_labelled(std::string& out, std::string_view name, std::string_view key, double value) {
  out += fmt::format("{}{{key=\"{}\",}} {}\n", name, escaped(key), java_double_text(value));
}

void prometheus_gauge(std::string& out, std::string_view name, double value) {
  prometheus_head(out, name, "gauge");
  out += fmt::format("{} {}\n", name, java_double_text(value));
}

}  // namespace kz::zk
