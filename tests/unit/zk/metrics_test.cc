// The metrics registry: summaries, percentiles, sets by key, their order and their texts.
#include "core/zk/metrics.h"

#include <doctest/doctest.h>

#include <map>

#include "core/zk/monitor.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

std::map<std::string, std::string> texts(const Metrics& metrics) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : metrics.lines()) out[key] = metric_text(value);
  return out;
}

}  // namespace

TEST_CASE("summaries: empty ones are zeros, averages have four decimals") {
  Metrics m;
  auto t = texts(m);
  CHECK(t["avg_fsynctime"] == "0.0");
  CHECK(t["min_fsynctime"] == "0");
  CHECK(t["max_fsynctime"] == "0");
  for (const int v : {1, 2, 2}) m.add(Basic::kFsyncTime, v);
  t = texts(m);
  CHECK(t["avg_fsynctime"] == "1.6667");
  CHECK(t["min_fsynctime"] == "1");
  CHECK(t["max_fsynctime"] == "2");
  CHECK(t["cnt_fsynctime"] == "3");
  CHECK(t["sum_fsynctime"] == "5");
  CHECK(!t.contains("p50_fsynctime"));
}

TEST_CASE("percentiles interpolate between neighbours and survive more values than are kept") {
  Metrics m;
  for (int v = 1; v <= 100; ++v) m.add(Percentile::kReadLatency, v);
  auto t = texts(m);
  // UniformSnapshot: position q * (n + 1), rounded half up.
  CHECK(t["p50_readlatency"] == "51");
  CHECK(t["p95_readlatency"] == "96");
  CHECK(t["p99_readlatency"] == "100");
  CHECK(t["p999_readlatency"] == "100");
  for (int i = 0; i < 50; ++i) {
    for (int v = 1; v <= 1000; ++v) m.add(Percentile::kUpdateLatency, v);
  }
  t = texts(m);
  CHECK(t["cnt_updatelatency"] == "50000");
  const int p50 = std::stoi(t["p50_updatelatency"]);
  CHECK(p50 > 450);
  CHECK(p50 < 550);
}

TEST_CASE("sets have a line a key, in Java's hash order, and do not grow without end") {
  CHECK(java_hash_order({"x0", "x1", "x2", "e0", "x3", "e1"}) == std::vector<size_t>{0, 1, 2, 3, 4, 5});
  CHECK(java_hash_order({"4", "1", "2"}) == std::vector<size_t>{1, 2, 0});
  Metrics m;
  m.add(BasicSet::kWritePerNamespace, "app", 7);
  m.add(BasicSet::kWritePerNamespace, "app", 9);
  m.add(CounterSet::kQuotaExceededErrorPerNamespace, "app");
  auto t = texts(m);
  CHECK(t["sum_app_write_per_namespace"] == "16");
  CHECK(t["avg_app_write_per_namespace"] == "8.0");
  CHECK(t["app_quota_exceeded_error_per_namespace"] == "1");
  for (int i = 0; i < 3000; ++i) m.add(BasicSet::kWritePerNamespace, "n" + std::to_string(i), 1);
  CHECK(texts(m).size() == t.size() + 5 * (KeyedMetric<SampledSummary>::kKeysMax - 1));
  m.reset();
  t = texts(m);
  CHECK(t["sum_app_write_per_namespace"] == "0");
  CHECK(t["avg_app_write_per_namespace"] == "0.0");
}

TEST_CASE("namespaces are first components") {
  CHECK(top_namespace("/") == "");
  CHECK(top_namespace("") == "");
  CHECK(top_namespace("/a") == "a");
  CHECK(top_namespace("/app/b/c") == "app");
}

TEST_CASE("numbers as Java prints doubles") {
  CHECK(java_double_text(0) == "0.0");
  CHECK(java_double_text(-1) == "-1.0");
  CHECK(java_double_text(3.5) == "3.5");
  CHECK(java_double_text(9999999) == "9999999.0");
  CHECK(java_double_text(1e7) == "1.0E7");
  CHECK(java_double_text(12345678) == "1.2345678E7");
  CHECK(java_double_text(67109337) == "6.7109337E7");
}

TEST_CASE("the Prometheus page") {
  Metrics m;
  m.sample_basic();
  m.add(Counter::kProposalCount, 3);
  m.add(Basic::kFsyncTime, 4);
  m.add(Percentile::kReadLatency, 5);
  m.add(BasicSet::kReadPerNamespace, "a\"b\\", 6);
  const std::string page = m.prometheus();
  const auto has = [&](std::string_view text) { return page.find(text) != std::string::npos; };
  CHECK(has("# HELP proposal_count proposal_count\n# TYPE proposal_count counter\nproposal_count 3.0\n"));
  CHECK(has("# TYPE fsynctime summary\nfsynctime{quantile=\"0.5\",} 4.0\nfsynctime_count 1.0\nfsynctime_sum 4.0\n"));
  CHECK(has("readlatency{quantile=\"0.5\",} 5.0\nreadlatency{quantile=\"0.9\",} 5.0\n"));
  CHECK(has("updatelatency{quantile=\"0.5\",} NaN\n"));
  CHECK(has("read_per_namespace{key=\"a\\\"b\\\\\",quantile=\"0.5\",} 6.0\n"));
  CHECK(has("read_per_namespace_sum{key=\"a\\\"b\\\\\",} 6.0\n"));
}

TEST_CASE("requests feed the metrics") {
  Metrics metrics;
  Server s("4lw.commands.whitelist=*\n");
  const ConnId c = s.client();
  s.call(c, OpCode::kCreate, create("/app", "12345"));
  s.call(c, OpCode::kExists, PathRequest{"/app", true});
  s.call(c, OpCode::kGetData, PathRequest{"/app", true});
  s.call(c, OpCode::kSetData, SetDataRequest{"/app", Slice::copy_of("x"), -1});
  static ServerEnvironment environment;
  const ServerInfo info = s.pipeline->info(environment, {}, s.now);
  auto t = texts(*info.metrics);
  CHECK(t["cnt_updatelatency"] == "3");  // the session, create, set
  CHECK(t["cnt_readlatency"] == "2");
  CHECK(t["sum_app_read_per_namespace"] == std::to_string(2 * (4 + 68) + 5));
  CHECK(t["sum_app_write_per_namespace"] == std::to_string(2 * 4 + 5 + 1));
  CHECK(t["sum_node_changed_watch_count"] == "1");
  CHECK(t["connection_request_count"] == "1");
  CHECK(t["outstanding_changes_queued"] == "3");
  CHECK(t["outstanding_changes_removed"] == "3");
  CHECK(t["watch_bytes"] != "0");
}

TEST_CASE("mntr follows the metrics provider") {
  const auto keys = [](const std::string& provider) {
    Server s("4lw.commands.whitelist=*\nmetricsProvider.className=org.apache.zookeeper.metrics." + provider + "\n");
    static ServerEnvironment environment;
    return monitor_lines(s.pipeline->info(environment, {}, s.now));
  };
  CHECK(keys("impl.DefaultMetricsProvider").size() == 485);
  CHECK(keys("impl.NullMetricsProvider").size() == 2);
  const MetricLines prometheus = keys("prometheus.PrometheusMetricsProvider");
  const auto has = [&](std::string_view key) {
    return std::any_of(prometheus.begin(), prometheus.end(), [&](const auto& line) { return line.first == key; });
  };
  CHECK(has("znode_count"));
  CHECK(has("readlatency{quantile=\"0.9\"}"));
  CHECK(has("readlatency_count"));
}
