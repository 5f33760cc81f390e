#include "core/zk/monitor.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/zk/path.h"
#include "core/zk/quota.h"
#include "core/zk/tree.h"

namespace kz::zk {
namespace {

double four_decimals(double value) { return std::floor(value * 10000 + 0.5) / 10000; }

enum class Role : uint8_t { kAny, kMember, kLeader };

struct Gauge {
  const char* name;
  Role role;
  MetricValue (*value)(const ServerInfo&);
};

using Info = const ServerInfo&;
using Value = MetricValue;

// In the order of Java's hash table.
constexpr Gauge kGauges[] = {
    {"ephemerals_count", Role::kAny, [](Info i) -> Value { return i.ephemerals_count; }},
    {"num_alive_connections", Role::kAny, [](Info i) -> Value { return i.alive_connections; }},
    {"avg_latency", Role::kAny, [](Info i) -> Value { return four_decimals(i.stats.latency.average()); }},
    {"min_proposal_size", Role::kLeader, [](Info i) -> Value { return i.ensemble()->proposals.min; }},
    {"outstanding_requests", Role::kAny, [](Info i) -> Value { return i.outstanding; }},
    {"znode_count", Role::kAny, [](Info i) -> Value { return i.node_count; }},
    {"global_sessions", Role::kAny, [](Info i) -> Value { return i.global_sessions; }},
    {"non_mtls_remote_conn_count", Role::kAny, [](Info) -> Value { return int64_t{0}; }},
    {"last_client_response_size", Role::kAny, [](Info i) -> Value { return i.stats.responses.last; }},
    {"packets_sent", Role::kAny, [](Info i) -> Value { return i.stats.packets_sent; }},
    {"packets_received", Role::kAny, [](Info i) -> Value { return i.stats.packets_received; }},
    {"max_proposal_size", Role::kLeader, [](Info i) -> Value { return i.ensemble()->proposals.max; }},
    {"max_client_response_size", Role::kAny, [](Info i) -> Value { return i.stats.responses.max; }},
    {"synced_followers", Role::kLeader, [](Info i) -> Value { return i.ensemble()->synced_followers; }},
    {"connection_drop_probability", Role::kAny, [](Info i) -> Value { return i.drop_probability; }},
    {"watch_count", Role::kAny, [](Info i) -> Value { return i.watch_count; }},
    {"synced_non_voting_followers", Role::kLeader,
     [](Info i) -> Value { return i.ensemble()->synced_non_voting_followers; }},
    {"synced_observers", Role::kLeader, [](Info i) -> Value { return i.ensemble()->synced_observers; }},
    {"auth_failed_count", Role::kAny, [](Info i) -> Value { return i.stats.auth_failed; }},
    {"min_latency", Role::kAny, [](Info i) -> Value { return i.stats.latency.min_ms; }},
    {"max_file_descriptor_count", Role::kAny, [](Info i) -> Value { return i.environment->max_fds; }},
    {"approximate_data_size", Role::kAny, [](Info i) -> Value { return i.data_bytes; }},
    {"open_file_descriptor_count", Role::kAny, [](Info i) -> Value { return i.environment->open_fds; }},
    {"last_proposal_size", Role::kLeader, [](Info i) -> Value { return i.ensemble()->proposals.last; }},
    {"pending_syncs", Role::kLeader, [](Info i) -> Value { return i.ensemble()->pending_syncs; }},
    {"leader_uptime", Role::kLeader, [](Info i) -> Value { return i.ensemble()->leader_uptime_ms; }},
    {"local_sessions", Role::kAny, [](Info i) -> Value { return i.local_sessions; }},
    {"uptime", Role::kAny, [](Info i) -> Value { return i.uptime_ms; }},
    {"max_latency", Role::kAny, [](Info i) -> Value { return i.stats.latency.max_ms; }},
    {"outstanding_tls_handshake", Role::kAny, [](Info) -> Value { return int64_t{0}; }},
    {"learners", Role::kLeader, [](Info i) -> Value { return i.ensemble()->learners; }},
    {"min_client_response_size", Role::kAny, [](Info i) -> Value { return i.stats.responses.min; }},
    {"non_mtls_local_conn_count", Role::kAny, [](Info) -> Value { return int64_t{0}; }},
    {"quorum_size", Role::kMember, [](Info i) -> Value { return i.ensemble()->quorum_size; }},
};

// Also in the order of Java's hash table.
constexpr std::array<const char*, 4> kQuotaGauges = {
    "quota_bytes_limit_per_namespace", "quota_count_usage_per_namespace", "quota_count_limit_per_namespace",
    "quota_bytes_usage_per_namespace"};

template <class F>
void for_each_gauge(const ServerInfo& info, F&& fn) {
  const EnsembleInfo* e = info.ensemble();
  for (const Gauge& gauge : kGauges) {
    if (gauge.role == Role::kMember && !e) continue;
    if (gauge.role == Role::kLeader && !(e && e->leading)) continue;
    fn(gauge.name, gauge.value(info));
  }
}

// With the Prometheus provider mntr prints its samples: `name{label="value"}` and a floating-point number.
void append_samples(MetricLines& out, std::string_view page) {
  while (!page.empty()) {
    const size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(end + 1);
    if (line.starts_with('#')) continue;
    const size_t space = line.rfind(' ');
    std::string key(line.substr(0, space));
    if (key.ends_with(",}")) key.erase(key.size() - 2, 1);
    out.emplace_back(std::move(key), std::string(line.substr(space + 1)));
  }
}

}  // namespace

Provider provider_of(const ZooConfig& config) {
  if (config.metrics_provider.ends_with(".PrometheusMetricsProvider")) return Provider::kPrometheus;
  return config.metrics_provider.ends_with(".NullMetricsProvider") ? Provider::kNull : Provider::kDefault;
}

MetricLines monitor_lines(const ServerInfo& info) {
  MetricLines out;
  const ServerEnvironment& env = *info.environment;
  out.emplace_back("version", fmt::format("{}, built on {}", env.version, env.build));
  out.emplace_back("server_state", info.mode);
  if (const EnsembleInfo* e = info.ensemble()) {
    out.emplace_back("peer_state", e->peer_state);
    if (e->observing) out.emplace_back("observer_master_id", e->learner_master_id);
  }
  const Provider provider = provider_of(*info.config);
  if (provider == Provider::kNull) return out;
  if (provider == Provider::kPrometheus) {
    append_samples(out, prometheus_page(info));
    return out;
  }
  for_each_gauge(info, [&](const char* name, MetricValue value) { out.emplace_back(name, std::move(value)); });
  for (const auto& [name, value] : info.quota_gauges) out.emplace_back(name, value);
  if (!info.metrics) return out;
  for (auto& line : info.metrics->lines()) out.push_back(std::move(line));
  return out;
}

std::string prometheus_page(const ServerInfo& info) {
  std::string out;
  // A server that does not serve has no gauges.
  if (info.serving)
    for_each_gauge(info, [&](const char* name, const MetricValue& value) {
      const auto* number = std::get_if<int64_t>(&value);
      prometheus_gauge(out, name, number ? static_cast<double>(*number) : std::get<double>(value));
    });
  for (const char* name : kQuotaGauges) {
    prometheus_head(out, name, "gauge");
    for (const auto& [key, value] : info.quota_gauges) {
      if (!key.ends_with(name)) continue;
      const std::string_view space = std::string_view(key).substr(0, key.size() - std::string_view(name).size() - 1);
      prometheus_labelled(out, name, space, static_cast<double>(value));
    }
  }
  return info.metrics ? out + info.metrics->prometheus() : out;
}

std::vector<std::pair<std::string, int64_t>> quota_gauges(const DataTree& tree) {
  std::array<KeyedMetric<int64_t>, kQuotaGauges.size()> sums;
  tree.for_each_quota([&](std::string_view root) {
    const std::string base = std::string(kQuotaPrefix) + std::string(root) + "/";
    const std::string_view space = top_namespace(root);
    const auto add = [&](size_t gauge, int64_t value) {
      if (int64_t* sum = sums[gauge].at(space)) *sum += value;
    };
    if (const Node* limits = tree.find(base + std::string(kLimitsNode))) {
      const QuotaStats q = QuotaStats::parse(as_text(limits->data()));
      add(0, q.byte_hard_limit > -1 ? q.byte_hard_limit : q.bytes);
      add(2, q.count_hard_limit > -1 ? q.count_hard_limit : q.count);
    }
    if (const Node* used = tree.find(base + std::string(kStatsNode))) {
      const QuotaStats q = QuotaStats::parse(as_text(used->data()));
      add(1, q.count);
      add(3, q.bytes);
    }
  });
  std::vector<std::pair<std::string, int64_t>> out;
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i].for_each([&](std::string_view space, int64_t value) {
      out.emplace_back(fmt::format("{}_{}", space, kQuotaGauges[i]), value);
    });
  }
  return out;
}

}  // namespace kz::zk
