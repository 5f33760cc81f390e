#include "cmd/server/monitoring.h"

#include <fmt/format.h>

#include "cmd/server/zookeeper.h"
#include "core/zk/four_letter.h"
#include "core/zk/monitor.h"

namespace kz::server {

Monitoring::Monitoring(storage::FileSystem& fs, const zk::ZooConfig& config) : fs_(fs), config_(config) {
  if (zk::provider_of(config) == zk::Provider::kPrometheus) metrics_.sample_basic();
}

std::expected<void, StartFailure> Monitoring::open(net::Reactor& reactor, Source source, bool admin_is_fatal) {
  constexpr int kExitAdminServer = 4;
  constexpr Duration kMetricsIdle = ms(30000);  // Jetty's default
  source_ = std::move(source);
  started_wall_ms_ = reactor.now().wall_ms;
  const std::string& provider = config_.metrics_provider;
  const auto no_provider = [&](const std::string& why) {
    return std::unexpected(StartFailure{fmt::format("Cannot boot MetricsProvider {}: {}", provider, why), 1});
  };
  if (!provider.ends_with(".DefaultMetricsProvider") && zk::provider_of(config_) == zk::Provider::kDefault) {
    return no_provider(
        "there are DefaultMetricsProvider and NullMetricsProvider (org.apache.zookeeper.metrics.impl) and "
        "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider");
  }
  if (zk::provider_of(config_) == zk::Provider::kPrometheus) {
    metrics_server_ = std::make_unique<net::HttpServer>(
        reactor, kMetricsIdle, [this](const net::HttpRequest& request) { return metrics_page(request); });
    const auto port = metrics_server_->listen(config_.metrics_http_host, config_.metrics_http_port);
    if (!port) {
      return no_provider(fmt::format("cannot listen on {}:{}: {} (check metricsProvider.httpPort)",
                                     config_.metrics_http_host, config_.metrics_http_port,
                                     errc_text(port.error().code)));
    }
    metrics_logger_.info("Starting /metrics HTTP endpoint at host: {}, port: {}, exportJvmInfo: {}",
                         config_.metrics_http_host, *port, config_.metrics_export_process);
  }
  if (!config_.admin_enabled) return {};
  admin_ = std::make_unique<net::HttpServer>(reactor, ms(config_.admin_idle_timeout_ms),
                                             [this](const net::HttpRequest& request) { return admin_page(request); });
  const auto port = admin_->listen(config_.admin_address, config_.admin_port);
  if (port) {
    admin_logger_.info("Started AdminServer on address {}, port {} and command URL {}", config_.admin_address, *port,
                       config_.admin_command_url);
    return {};
  }
  admin_.reset();
  const std::string why =
      fmt::format("Problem starting AdminServer on address {}, port {} and command URL {}: {}", config_.admin_address,
                  config_.admin_port, config_.admin_command_url, errc_text(port.error().code));
  if (!admin_is_fatal) {
    admin_logger_.warn("{}; the server goes on without it (admin.serverPort, admin.enableServer)", why);
    return {};
  }
  return std::unexpected(
      StartFailure{"Unable to start AdminServer, exiting abnormally: " + why +
                       " (give it another admin.serverPort in zoo.cfg, or set admin.enableServer=false)",
                   kExitAdminServer});
}

void Monitoring::close() {
  admin_.reset();
  metrics_server_.reset();
}

net::HttpResponse Monitoring::admin_page(const net::HttpRequest& request) {
  const std::string& url = config_.admin_command_url;
  const bool below = request.path.starts_with(url + "/");
  if (request.path != url && !below)
    return {404, "text/html;charset=utf-8", "<html><body><h2>HTTP ERROR 404 Not Found</h2></body></html>\n"};
  if (!below || request.path.size() == url.size() + 1) return {200, "", zk::admin_index(url)};
  const zk::AdminRequest command{request.path.substr(url.size() + 1), request.parameters};
  const zk::AdminPlan plan = zk::admin_plan(command);
  if (plan.trace_mask) environment_.trace_mask = *plan.trace_mask;
  const zk::ServerInfo info = source_.info(plan.needs, plan.word);
  if (info.serving && plan.action != zk::AdminAction::kNone) source_.reset(plan.action);
  return {200, "application/json", zk::admin_answer(command, info)};
}

net::HttpResponse Monitoring::metrics_page(const net::HttpRequest& request) {
  if (request.path != "/metrics")
    return {404, "text/html;charset=utf-8", "<html><body><h2>HTTP ERROR 404 Not Found</h2></body></html>\n"};
  std::string body = zk::prometheus_page(source_.info({.quotas = true}, "mntr"));
  if (config_.metrics_export_process) body += process_metrics(fs_, started_wall_ms_);
  return {200, "text/plain; version=0.0.4; charset=utf-8", std::move(body)};
}

void Monitoring::recovered(const storage::zk::DataDir::Recovery& recovery, const zk::Database& database) {
  metrics_.add(zk::Basic::kDbInitTime, recovery.snapshot_ms + recovery.txns_ms);
  metrics_.add(zk::Basic::kStartupSnapLoadTime, recovery.snapshot_ms);
  if (recovery.snapshot_zxid >= 0) {
    metrics_.add(zk::Basic::kStartupTxnsLoaded, recovery.txns);
    metrics_.add(zk::Basic::kStartupTxnsLoadTime, recovery.txns_ms);
  }
  metrics_.add(zk::Counter::kDigestMismatchesCount, static_cast<int64_t>(database.digest_mismatches));
}

const zk::ServerEnvironment& Monitoring::refresh(std::string_view word, const storage::zk::DataDir& data_dir,
                                                 const GroupCommit& commit, net::ZkLink& clients, uint16_t port) {
  refresh_environment(environment_, word, fs_, data_dir);
  environment_.client_port = port;
  environment_.fsync_threshold_exceeded = commit.slow_syncs();
  metrics_.add(zk::Counter::kConnectionRejected, clients.take_rejected());
  return environment_;
}

bool Monitoring::take_arguments(std::string_view word, std::string_view args) {
  if (word != "stmk" || !zk::four_letter_enabled(word, config_)) return true;
  const auto mask = zk::trace_mask_of(args);
  if (mask) environment_.trace_mask = *mask;
  return mask.has_value();
}

}  // namespace kz::server
