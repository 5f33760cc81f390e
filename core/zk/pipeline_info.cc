// Pipeline: the state that four-letter words show.
#include <algorithm>

#include "core/zk/connection.h"
#include "core/zk/monitor.h"
#include "core/zk/pipeline.h"

namespace kz::zk {

void Pipeline::dump_sessions(ServerInfo& info) const {
  const auto buckets_of = [&](bool local) {
    ServerInfo::SessionBuckets buckets;
    for (const auto& [at, ids] : sessions_.buckets()) {
      std::vector<SessionId> those;
      std::copy_if(ids.begin(), ids.end(), std::back_inserter(those),
                   [&](SessionId id) { return sessions_.is_local(id) == local; });
      if (!those.empty()) buckets.emplace_back(at, std::move(those));
    }
    return buckets;
  };
  const bool ensemble = sessions_.role() != SessionTracker::Role::kStandalone;
  if (ensemble && (config_.local_sessions_enabled || read_only_)) info.local_session_buckets = buckets_of(true);
  if (sessions_.role() != SessionTracker::Role::kLearner) {
    info.session_buckets = buckets_of(false);
    return;
  }
  info.global_timeouts_ms.emplace();
  for (const SessionId id : sessions_.all()) {
    if (!sessions_.is_local(id)) info.global_timeouts_ms->emplace_back(id, sessions_.timeout_ms(id));
  }
}

ServerInfo Pipeline::info(const ServerEnvironment& environment, InfoNeeds needs, Now now) const {
  const DataTree& tree = database_->tree;
  ServerInfo info;
  info.metrics = &metrics_;
  info.config = &config_;
  info.environment = &environment;
  info.mode = mode_;
  info.drop_probability = connection_throttle_.drop_probability();
  info.read_only = read_only_;
  info.server_id = server_id_;
  info.stats = stats_;
  info.alive_connections = static_cast<int64_t>(connections_.size());
  info.outstanding = in_process_;
  info.last_zxid = tree.last_zxid();
  info.node_count = static_cast<int64_t>(tree.node_count()) + 1;  // Java counts the root as "" and as "/"
  info.watch_count = static_cast<int64_t>(watches_.data.watch_count());
  info.watch_paths = static_cast<int64_t>(watches_.data.path_count());
  info.watch_connections = static_cast<int64_t>(watches_.data.connection_count());
  info.ephemerals_count = static_cast<int64_t>(tree.ephemeral_count());
  info.data_bytes = tree.data_bytes();
  info.local_sessions = static_cast<int64_t>(sessions_.local_count());
  info.global_sessions = static_cast<int64_t>(sessions_.size()) - info.local_sessions;
  info.uptime_ms = (now.mono - started_).count() / 1'000'000;
  info.now_wall_ms = now.wall_ms;
  info.now_mono_ms = now.mono.ns / 1'000'000;
  info.digest_log.assign(digest_log_.begin(), digest_log_.end());
  if (needs.connections) {
    for (const auto& [id, c] : connections_) {
      ConnectionStats stats = c->stats;
      stats.queued = static_cast<int64_t>(c->queue.size());
      stats.touched_ms = c->touched.ns / 1'000'000;
      stats.interest_ops = c->paused ? 0 : stats.interest_ops;
      info.connections.push_back(std::move(stats));
    }
    std::sort(info.connections.begin(), info.connections.end(), [](const auto& a, const auto& b) {
      return std::tie(a.established_ms, a.port) < std::tie(b.established_ms, b.port);
    });
  }
  if (needs.dump) {
    dump_sessions(info);
    for (const SessionId session : tree.sessions_with_ephemerals()) {
      for (std::string& path : tree.ephemerals_of(session)) info.ephemerals[session].insert(std::move(path));
    }
  }
  if (needs.quotas) info.quota_gauges = quota_gauges(tree);
  if (needs.watches) {
    const auto session_of = [&](ConnId conn) {
      const Connection* c = find(conn);
      return c ? c->session : 0;
    };
    for (const auto& [conn, paths] : watches_.data.by_connection()) info.watches_by_session[session_of(conn)] = paths;
    for (const auto& [path, conns] : watches_.data.by_path()) {
      for (const ConnId conn : conns) info.watches_by_path[path].insert(session_of(conn));
    }
  }
  return info;
}

void Pipeline::reset_server_stats() {
  const int64_t auth_failed = stats_.auth_failed;
  stats_ = {};
  stats_.auth_failed = auth_failed;
  // Prometheus' metrics only grow.
  if (provider_of(config_) != Provider::kPrometheus) metrics_.reset();
}

void Pipeline::reset_connection_stats() {
  for (auto& [id, c] : connections_) {
    c->stats.received = c->stats.sent = 0;
    c->stats.latency = {};
    c->stats.last_latency_ms = c->stats.last_response_ms = 0;
    c->stats.last_op = "NA";
    c->stats.last_cxid = -1;
    c->stats.last_zxid = -1;
  }
}

void Pipeline::on_four_letter(ConnId conn, std::string_view word, const ServerEnvironment& environment, Now now,
                              Effects& out) {
  Connection* c = find(conn);
  if (!c) return;
  if (four_letter_word(word).empty()) {
    log_.warn("Closing a connection from /{}:{}: it began with '{}', no known word and no length", c->stats.ip,
              c->stats.port, word);
    return drop(*c, out);
  }
  ++stats_.packets_received;
  ++c->stats.received;
  metrics_.add(Counter::kBytesReceivedCount, 4);
  c->stats.interest_ops = 0;  // nothing more is read from it
  const std::string text = four_letter_answer(word, info(environment, four_letter_needs(word), now));
  if (four_letter_enabled(word, config_)) {
    if (word == "srst") reset_server_stats();
    if (word == "crst") reset_connection_stats();
  }
  ++stats_.packets_sent;
  out.emplace_back(Send{conn, Slice::copy_of(text)});
  drop(*c, out);
}

void Pipeline::count_read(std::string_view path, size_t bytes) {
  constexpr size_t kStatBytes = 68;  // DataTree.STAT_OVERHEAD_BYTES
  const std::string_view space = top_namespace(path);
  if (!space.empty()) {
    metrics_.add(BasicSet::kReadPerNamespace, space, static_cast<int64_t>(path.size() + bytes + kStatBytes));
  }
}

void Pipeline::count_write(int32_t type, const TxnBody& body) {
  const auto add = [&](std::string_view path, size_t bytes) {
    const std::string_view space = top_namespace(path);
    if (!space.empty()) metrics_.add(BasicSet::kWritePerNamespace, space, static_cast<int64_t>(path.size() + bytes));
  };
  const auto size_of = [](const NullableBytes& data) { return data ? data->bytes().size() : 0; };
  std::visit(
      [&](const auto& txn) {
        using T = std::decay_t<decltype(txn)>;
        if constexpr (requires {
                        txn.data;
                        txn.path;
                      }) {
          add(txn.path, size_of(txn.data));
        } else if constexpr (std::is_same_v<T, DeleteTxn>) {
          add(txn.path, 0);
        } else if constexpr (std::is_same_v<T, CloseSessionTxn>) {
          for (const std::string& path : txn.paths) add(path, 0);
        } else if constexpr (std::is_same_v<T, MultiTxn>) {
          if (static_cast<OpCode>(type) != OpCode::kMulti) return;
          const bool failed = std::any_of(txn.txns.begin(), txn.txns.end(), [](const SubTxn& one) {
            return static_cast<OpCode>(one.type) == OpCode::kError;
          });
          for (const SubTxn& one : txn.txns) {
            if (failed || !one.data) continue;
            Reader r(*one.data);
            if (const auto sub = decode_txn_body(one.type, r, config_.jute)) count_write(one.type, *sub);
          }
        }
      },
      body);
}

void Pipeline::count_watches() {
  const auto flush = [&](EventType type, Basic metric) {
    int64_t& n = fired_[static_cast<size_t>(type)];
    if (n > 0) metrics_.add(metric, n);
    n = 0;
  };
  flush(EventType::kNodeCreated, Basic::kNodeCreatedWatchCount);
  flush(EventType::kNodeDeleted, Basic::kNodeDeletedWatchCount);
  flush(EventType::kNodeDataChanged, Basic::kNodeChangedWatchCount);
  flush(EventType::kNodeChildrenChanged, Basic::kNodeChildrenWatchCount);
}

}  // namespace kz::zk
