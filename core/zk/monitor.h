// The monitoring pages: mntr's lines in 3.8's order, and the Prometheus page. Source: MonitorCommand,
// ZooKeeperServer.registerMetrics, LeaderZooKeeperServer, PrometheusMetricsProvider @ 3.8.0.
#pragma once
#include <string>

#include "core/zk/server_info.h"

namespace kz::zk {

// metricsProvider.className: who keeps the metrics, and so how mntr names them.
enum class Provider : uint8_t { kDefault, kNull, kPrometheus };
Provider provider_of(const ZooConfig& config);

// Keys without zk_. First version and state, then gauges, counters, summaries.
MetricLines monitor_lines(const ServerInfo& info);
// The body of /metrics: gauges, then Metrics::prometheus().
std::string prometheus_page(const ServerInfo& info);
// Limits and use of the quotas below /zookeeper/quota, added up by namespace, as gauge sets name them.
class DataTree;
std::vector<std::pair<std::string, int64_t>> quota_gauges(const DataTree& tree);

}  // namespace kz::zk
