// Pipeline: the state that four-letter words show.
#include <algorithm>

#include "core/zk/connection.h"
#include "core/zk/pipeline.h"

namespace kz::zk {

void Pipeline::dump_sessions(ServerInfo& info, int64_t to_wall_ms) const {
  const auto buckets_of = [&](bool local) {
    ServerInfo::SessionBuckets buckets;
    for (const auto& [at, ids] : sessions_.buckets()) {
      std::vector<SessionId> those;
      std::copy_if(ids.begin(), ids.end(), std::back_inserter(those),
                   [&](SessionId id) { return sessions_.is_local(id) == local; });
      if (!those.empty()) buckets.emplace_back(at + to_wall_ms, std::move(those));
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
  info.config = &config_;
  info.environment = &environment;
  info.mode = mode_;
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
  info.digest_mismatches = database_->digest_mismatches;
  info.digest_log.assign(digest_log_.begin(), digest_log_.end());
  const int64_t to_wall_ms = now.wall_ms - now.mono.ns / 1'000'000;
  if (needs.connections) {
    for (const auto& [id, c] : connections_) {
      ConnectionStats stats = c->stats;
      stats.queued = static_cast<int64_t>(c->queue.size());
      stats.interest_ops = c->paused ? 0 : stats.interest_ops;
      // Rounded up to its bucket, as Java's connection expiry is.
      const int64_t tick_ms = std::max(config_.tick_time_ms, 1);
      stats.expires_ms = ((c->touched.ns / 1'000'000 + c->timeout_ms) / tick_ms + 1) * tick_ms + to_wall_ms;
      info.connections.push_back(std::move(stats));
    }
    std::sort(info.connections.begin(), info.connections.end(), [](const auto& a, const auto& b) {
      return std::tie(a.established_ms, a.port) < std::tie(b.established_ms, b.port);
    });
  }
  if (needs.dump) {
    dump_sessions(info, to_wall_ms);
    for (const SessionId session : tree.sessions_with_ephemerals()) {
      for (std::string& path : tree.ephemerals_of(session)) info.ephemerals[session].insert(std::move(path));
    }
  }
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

void Pipeline::on_four_letter(ConnId conn, std::string_view word, const ServerEnvironment& environment, Now now,
                              Effects& out) {
  Connection* c = find(conn);
  if (!c) return;
  c->stats.interest_ops = 0;  // nothing more is read from it
  const std::string text = four_letter_answer(word, info(environment, four_letter_needs(word), now));
  if (four_letter_enabled(word, config_)) {
    if (word == "srst") stats_ = {};
    if (word == "crst") {
      for (auto& [id, other] : connections_) {
        other->stats.received = other->stats.sent = 0;
        other->stats.latency = {};
        other->stats.last_latency_ms = 0;
        other->stats.last_op = "NA";
        other->stats.last_cxid = -1;
        other->stats.last_zxid = -1;
      }
    }
  }
  out.emplace_back(Send{conn, Slice::copy_of(text)});
  drop(*c, out);
}

}  // namespace kz::zk
