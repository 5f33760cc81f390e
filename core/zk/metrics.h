// Metrics: the server's counters and summaries, as mntr, the admin server and the Prometheus page show them. One object
// a server; every fact is added where it happens, on the server's reactor: no locks, no atomics. Source:
// AvgMinMaxCounter, AvgMinMaxPercentileCounter, DefaultMetricsProvider @ 3.8.0. Owned by the server; not thread-safe.
#pragma once
#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/zk/metrics_table.h"

namespace kz::zk {

#define KZ_ZK_METRIC_ID(id, name) id,
enum class Counter : uint8_t { KZ_ZK_COUNTERS(KZ_ZK_METRIC_ID) kEnd };
enum class Basic : uint8_t { KZ_ZK_BASIC_SUMMARIES(KZ_ZK_METRIC_ID) kEnd };
enum class Percentile : uint8_t { KZ_ZK_PERCENTILE_SUMMARIES(KZ_ZK_METRIC_ID) kEnd };
enum class BasicSet : uint8_t { KZ_ZK_BASIC_SUMMARY_SETS(KZ_ZK_METRIC_ID) kEnd };
enum class PercentileSet : uint8_t { KZ_ZK_PERCENTILE_SUMMARY_SETS(KZ_ZK_METRIC_ID) kEnd };
enum class CounterSet : uint8_t { KZ_ZK_COUNTER_SETS(KZ_ZK_METRIC_ID) kEnd };
#undef KZ_ZK_METRIC_ID

// Integers and floating-point numbers print differently.
using MetricValue = std::variant<int64_t, double, std::string>;
using MetricLines = std::vector<std::pair<std::string, MetricValue>>;

struct Summary {
  int64_t count = 0, sum = 0;
  int64_t min = std::numeric_limits<int64_t>::max(), max = std::numeric_limits<int64_t>::min();
  void add(int64_t value) {
    ++count;
    sum += value;
    min = std::min(min, value);
    max = std::max(max, value);
  }
  double average() const;  // four decimals, as Java rounds
};

// A fixed share of all values seen, each with the same chance: enough for percentiles. Grows with use.
class Reservoir {
 public:
  void add(int64_t value);
  // Java's UniformSnapshot: linear between neighbours. 0 when empty. q from 0 to 1, ascending.
  std::vector<double> quantiles(const std::vector<double>& q) const;
  void clear();

 private:
  static constexpr size_t kSize = 4096;
  uint64_t seen_ = 0;
  uint64_t random_ = 0x9e3779b97f4a7c15;  // a sample needs no seed from outside
  std::vector<int32_t> values_;
};

struct SampledSummary {
  Summary summary;
  Reservoir reservoir;
  void add(int64_t value) {
    summary.add(value);
    reservoir.add(value);
  }
};

// Values by key, each made when first used. Past kKeysMax new keys are not kept: a tree with a million nodes below its
// root must not grow a million metrics.
template <class Value>
class KeyedMetric {
 public:
  static constexpr size_t kKeysMax = 1024;
  Value* at(std::string_view key);  // null: too many keys
  // fn(key, value) in the order of Java's hash table.
  template <class F>
  void for_each(F&& fn) const {
    for (const size_t i : order()) fn(std::string_view(entries_[i]->first), entries_[i]->second);
  }
  bool empty() const { return entries_.empty(); }
  void reset() {
    for (auto& entry : entries_) entry->second = {};
  }

 private:
  std::vector<size_t> order() const;
  std::vector<std::unique_ptr<std::pair<std::string, Value>>> entries_;
  boost::unordered_flat_map<std::string_view, size_t> index_;  // of entries_; the keys are theirs
  size_t last_ = 0;                                            // requests tend to stay in one namespace
};

// The order in which Java's ConcurrentHashMap walks these keys, given in the order of their insertion: indexes.
std::vector<size_t> java_hash_order(const std::vector<std::string_view>& keys);

// The first component of a path; empty for the root.
std::string_view top_namespace(std::string_view path);

class Metrics {
 public:
  Metrics();
  void add(Counter metric, int64_t n = 1) { counters_[static_cast<size_t>(metric)] += n; }
  void add(Basic metric, int64_t value) {
    basic_[static_cast<size_t>(metric)].add(value);
    if (sample_basic_) basic_samples_[static_cast<size_t>(metric)].add(value);
  }
  void add(Percentile metric, int64_t value) { percentile_[static_cast<size_t>(metric)].add(value); }
  void add(BasicSet metric, std::string_view key, int64_t value);
  void add(PercentileSet metric, std::string_view key, int64_t value);
  void add(CounterSet metric, std::string_view key, int64_t n = 1);
  int64_t value(Counter metric) const { return counters_[static_cast<size_t>(metric)]; }
  const Summary& summary(Basic metric) const { return basic_[static_cast<size_t>(metric)]; }
  const Summary& summary(Percentile metric) const { return percentile_[static_cast<size_t>(metric)].summary; }
  // A Prometheus page shows the median of basic summaries too, which are otherwise not sampled.
  void sample_basic() { sample_basic_ = true; }
  void reset();  // srst

  // mntr's lines, without zk_, in its order.
  MetricLines lines() const;
  // Prometheus' text format 0.0.4, as the Java client prints it (a float for every number, a comma after each label).
  std::string prometheus() const;

 private:
  template <class E>
  static constexpr size_t kSizeOf = static_cast<size_t>(E::kEnd);
  std::array<int64_t, kSizeOf<Counter>> counters_{};
  std::array<Summary, kSizeOf<Basic>> basic_;
  std::array<Reservoir, kSizeOf<Basic>> basic_samples_;
  std::array<SampledSummary, kSizeOf<Percentile>> percentile_;
  std::array<KeyedMetric<SampledSummary>, kSizeOf<BasicSet>> basic_sets_;
  std::array<KeyedMetric<SampledSummary>, kSizeOf<PercentileSet>> percentile_sets_;
  std::array<KeyedMetric<int64_t>, kSizeOf<CounterSet>> counter_sets_;
  bool sample_basic_ = false;
};

// As Java's Double.toString, in the range where it has no exponent; NaN.
std::string java_double_text(double value);
// As mntr prints it.
std::string metric_text(const MetricValue& value);
// One family of the Prometheus page: "# HELP", "# TYPE", and for gauges their value.
void prometheus_head(std::string& out, std::string_view name, std::string_view type);
void prometheus_gauge(std::string& out, std::string_view name, double value);
void prometheus_labelled(std::string& out, std::string_view name, std::string_view key, double value);

}  // namespace kz::zk
