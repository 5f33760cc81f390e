// Pipeline: connections, requests and the order of transactions.
#include "core/zk/pipeline.h"

#include <algorithm>

#include "core/zk/connection.h"

namespace kz::zk {
namespace {

enum class Kind : uint8_t { kRead, kWrite, kInvalid };

// Request.isValid; createSession and deleteContainer are the server's own and not for clients.
Kind kind_of(OpCode op) {
  switch (op) {
    case OpCode::kCreate:
    case OpCode::kCreate2:
    case OpCode::kCreateTtl:
    case OpCode::kCreateContainer:
    case OpCode::kDelete:
    case OpCode::kSetData:
    case OpCode::kSetAcl:
    case OpCode::kReconfig:
    case OpCode::kMulti:
    case OpCode::kCheck:
    case OpCode::kCloseSession:
      return Kind::kWrite;
    case OpCode::kExists:
    case OpCode::kGetData:
    case OpCode::kGetAcl:
    case OpCode::kGetChildren:
    case OpCode::kGetChildren2:
    case OpCode::kGetAllChildrenNumber:
    case OpCode::kGetEphemerals:
    case OpCode::kMultiRead:
    case OpCode::kSetWatches:
    case OpCode::kSetWatches2:
    case OpCode::kCheckWatches:
    case OpCode::kRemoveWatches:
    case OpCode::kAddWatch:
    case OpCode::kWhoAmI:
    case OpCode::kSync:
      return Kind::kRead;
    default:
      return Kind::kInvalid;
  }
}

SessionTracker::Role role_of(const ZooConfig& config, const Broadcast& broadcast) {
  if (!broadcast.orders()) return SessionTracker::Role::kLearner;
  return config.wants_quorum() ? SessionTracker::Role::kLeader : SessionTracker::Role::kStandalone;
}

constexpr size_t kRequestHeaderBytes = 8;
constexpr size_t kEarlyFramesMax = 64;  // requests sent before the session is confirmed

}  // namespace

Pipeline::Pipeline(const ZooConfig& config, ServerId server_id, std::unique_ptr<Database> database,
                   Broadcast& broadcast, Now now, Metrics* metrics)
    : config_(config),
      server_id_(server_id),
      database_(std::move(database)),
      broadcast_(broadcast),
      auth_(config),
      // A standalone Java server makes its session ids as server 1, whatever its myid says.
      sessions_(config.wants_quorum() ? server_id : 1, config.tick_time_ms, now, role_of(config, broadcast),
                config.local_sessions_enabled),
      prep_(config, database_->tree, sessions_, auth_, &broadcast_),
      connection_throttle_(config, static_cast<uint64_t>(now.wall_ms), now.mono),
      ensemble_(config.wants_quorum()),
      own_metrics_(metrics ? nullptr : std::make_unique<Metrics>()),
      metrics_(metrics ? *metrics : *own_metrics_),
      started_(now.mono),
      next_container_check_(now.mono + ms(config.container_check_interval_ms)),
      log_("org.apache.zookeeper.server.ZooKeeperServer") {}

Pipeline::~Pipeline() = default;

Pipeline::Connection* Pipeline::find(ConnId conn) const {
  const auto it = connections_.find(conn);
  return it == connections_.end() ? nullptr : it->second.get();
}

void Pipeline::start(Now now, Effects&) {
  for (const auto& [session, timeout_ms] : database_->sessions) sessions_.track(session, timeout_ms, now);
  // Ephemerals whose session is not in the log any more: a snapshot caught them in the middle of a closeSession.
  for (const SessionId session : database_->tree.sessions_with_ephemerals()) {
    if (database_->sessions.contains(session)) continue;
    database_->tree.apply({session, 0, database_->last_zxid(), 0, static_cast<int32_t>(OpCode::kCloseSession)},
                          std::monostate{});
  }
}

void Pipeline::on_open(ConnId conn, std::string ip, uint16_t port, Now now, Effects& out) {
  const int32_t from_ip = per_ip_[ip];
  const bool too_many = config_.max_cnxns > 0 && connections_.size() >= static_cast<size_t>(config_.max_cnxns);
  if (too_many || (config_.max_client_cnxns > 0 && from_ip >= config_.max_client_cnxns)) {
    if (from_ip == 0) per_ip_.erase(ip);
    metrics_.add(Counter::kConnectionRejected);
    log_.warn("Too many connections{} - max is {}", too_many ? std::string() : " from /" + ip,
              too_many ? config_.max_cnxns : config_.max_client_cnxns);
    out.emplace_back(Close{conn});
    return;
  }
  ++per_ip_[ip];
  auto c = std::make_unique<Connection>();
  c->id = conn;
  c->auth.push_back({"ip", ip});
  c->stats.ip = std::move(ip);
  c->stats.port = port;
  c->stats.established_ms = now.wall_ms;
  c->touched = now.mono;
  connections_.emplace(conn, std::move(c));
  sessionless_.emplace_back(now.mono + ms(config_.session_less_timeout_ms), conn);
}

void Pipeline::on_closed(ConnId conn, Now, Effects&) {
  Connection* c = find(conn);
  if (!c) return;
  metrics_.add(Counter::kConnectionDropCount);
  forget(*c);
}

void Pipeline::forget(Connection& c) {
  watches_.remove_all(c.id);
  for (const Entry& entry : c.queue) finished(entry);
  if (const auto it = per_ip_.find(c.stats.ip); it != per_ip_.end() && --it->second <= 0) per_ip_.erase(it);
  if (const auto it = conn_of_session_.find(c.session); it != conn_of_session_.end() && it->second == c.id) {
    conn_of_session_.erase(it);
  }
  connections_.erase(c.id);
}

void Pipeline::drop(Connection& c, Effects& out) {
  out.emplace_back(Close{c.id});
  forget(c);
}

void Pipeline::close_all(Effects& out) {
  for (const auto& [id, c] : connections_) out.emplace_back(Close{id});
  while (!connections_.empty()) forget(*connections_.begin()->second);
}

void Pipeline::on_frame(ConnId conn, Slice frame, Now now, Effects& out) {
  Connection* c = find(conn);
  if (!c) return;
  ++stats_.packets_received;
  metrics_.add(Counter::kBytesReceivedCount, 4 + static_cast<int64_t>(frame.size()));
  ++c->stats.received;
  c->touched = now.mono;
  switch (c->state) {
    case Connection::State::kNew:
      connect(*c, frame, now, out);
      break;
    case Connection::State::kConnecting:
      if (c->early.size() >= kEarlyFramesMax) return drop(*c, out);
      c->early.push_back(std::move(frame));
      return;
    case Connection::State::kOpen:
      request(*c, frame, now, out);
      break;
    case Connection::State::kClosing:
      return;  // behind its closeSession
  }
  if (!held_.empty()) release_held(now, out);
}

void Pipeline::request(Connection& c, const Slice& frame, Now now, Effects& out) {
  Reader r(frame);
  RequestHeader header;
  if (!jute::read(r, header)) {
    log_.warn("Closing a connection from /{}: a request without its header", c.stats.ip);
    return drop(c, out);
  }
  const auto op = static_cast<OpCode>(header.type);
  if (op == OpCode::kAuth) return authenticate(c, header, r, now, out);
  if (op == OpCode::kSasl) return sasl(c, header, r, now, out);
  if (!auth_.enforced_schemes_met(c.auth)) {
    reply_header(c, {header.xid, 0, static_cast<int32_t>(KeeperCode::kSessionClosedRequireSaslAuth)}, out);
    return drop(c, out);
  }
  Held held{c.id, header, frame, now.mono, 0};
  if (config_.large_request_threshold != -1) {
    if (!admit_large(static_cast<int64_t>(frame.size()))) {
      log_.warn("Closing a connection from /{}: too many large requests", c.stats.ip);
      metrics_.add(Counter::kLargeRequestsRejected);
      return drop(c, out);
    }
    const auto body_bytes = static_cast<int32_t>(frame.size() - kRequestHeaderBytes);
    if (body_bytes > config_.large_request_threshold) held.large_bytes = body_bytes;
  }
  if (hold_back()) {
    large_bytes_ += held.large_bytes;
    metrics_.add(Counter::kRequestThrottleWaitCount);
    held_.push_back(std::move(held));
    return;
  }
  process(c, held, false, now, out);
}

// throttled: it waited for longer than throttled_op_wait_time, and is answered with that in its place.
void Pipeline::process(Connection& c, const Held& held, bool throttled, Now now, Effects& out) {
  const RequestHeader& header = held.header;
  const auto op = static_cast<OpCode>(header.type);
  // Of an expired session: the connection goes when its closeSession is applied.
  if (!sessions_.touch(c.session, c.timeout_ms, now)) return;
  if (broadcast_.orders()) metrics_.add(Counter::kPrepProcessorRequestQueued);
  const bool local = sessions_.is_local(c.session);
  if (!broadcast_.orders() && !local) touched_[c.session] = c.timeout_ms;
  if (op == OpCode::kPing) {
    scratch_.clear();
    return reply(c, {kXidPing, header.type}, KeeperCode::kOk, held.received, now, out);
  }
  Entry entry{header, false, held.frame, held.received, KeeperCode::kOk, held.large_bytes};
  const auto in_order = [&] {
    if (!c.queue.empty()) return enqueue(c, std::move(entry), out);
    reply_to_read(c, entry, now, out);
  };
  if (throttled && kind_of(op) != Kind::kInvalid) {
    entry.refused = KeeperCode::kThrottledOp;
    return in_order();
  }
  switch (kind_of(op)) {
    case Kind::kInvalid:
      log_.warn("Received packet at server of unknown type {} from /{}", header.type, c.stats.ip);
      reply_header(c, {header.xid, -1, static_cast<int32_t>(KeeperCode::kUnimplemented)}, out);
      return drop(c, out);
    case Kind::kWrite: {
      if (op == OpCode::kCloseSession) {
        c.state = Connection::State::kClosing;
        // Nobody else knows of a local session: it ends when what is before it is answered.
        if (local) return in_order();
      }
      if (read_only_) {
        scratch_.clear();
        return reply(c, header, KeeperCode::kNotReadOnly, held.received, now, out);
      }
      const Slice body = held.frame.sub(kRequestHeaderBytes);
      if (config_.eager_acl_check && config_.wants_quorum()) {
        entry.refused = eager_acl_check(c, op, body);
        if (entry.refused != KeeperCode::kOk) return in_order();
      }
      if (local && needs_global_session(op, body)) {
        if (config_.local_sessions_upgrading_enabled) {
          upgrade_session(c, now, out);
        } else {
          entry.refused = KeeperCode::kEphemeralOnLocalSession;
        }
      }
      entry.write = true;
      entry.frame = {};
      enqueue(c, std::move(entry), out);
      return write(c, header, body, now, out);
    }
    case Kind::kRead: {
      if (read_only_ && op == OpCode::kSync) {
        scratch_.clear();
        return reply(c, header, KeeperCode::kNotReadOnly, held.received, now, out);
      }
      // A sync is asked for where it stands among the writes: its answer then comes between theirs.
      entry.write = op == OpCode::kSync && !broadcast_.sync(c.session, header.xid, out);
      if (entry.write) return enqueue(c, std::move(entry), out);
      // Nothing of this connection is on its way: answered at once, without a place in the queue.
      return in_order();
    }
  }
}

void Pipeline::set_read_only() {
  read_only_ = true;
  mode_ = "read-only";
}

void Pipeline::write(Connection& c, const RequestHeader& header, const Slice& body, Now now, Effects& out) {
  const auto op = static_cast<OpCode>(header.type);
  if (broadcast_.orders()) {
    return propose({c.session, header.xid, op, body, &c.auth, SessionTracker::kHere}, c.id, now, out);
  }
  broadcast_.forward({c.session, header.xid, op, body, c.auth, 0}, out);
}

void Pipeline::propose(const PrepRequest& request, ConnId conn, Now now, Effects& out) {
  const size_t outstanding = prep_.delta().size();
  Proposal proposal = prep_.prepare(request, now.wall_ms);
  metrics_.add(Counter::kOutstandingChangesQueued,
               static_cast<int64_t>(prep_.delta().size()) - static_cast<int64_t>(outstanding));
  broadcast_.propose(proposal, out);
  pending_.push_back({std::move(proposal.txn), conn});
}

void Pipeline::on_forwarded(const ForwardedRequest& request, Now now, Effects& out) {
  if (request.type == OpCode::kCreateSession) {
    Reader r(request.body);
    sessions_.track(request.session, r.i32(), now);
    sessions_.set_owner(request.session, request.owner);
  }
  metrics_.add(Counter::kPrepProcessorRequestQueued);
  propose({request.session, request.cxid, request.type, request.body, &request.auth, request.owner}, 0, now, out);
}

void Pipeline::on_committed(Zxid zxid, Now now, Effects& out) {
  int64_t applied = 0;
  while (!pending_.empty() && pending_.front().txn.header.zxid <= zxid) {
    ++applied;
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    apply(pending, now, out);
  }
  if (ensemble_ && applied > 0) {
    metrics_.add(Basic::kCommitCommitProcReqQueued, applied);
    metrics_.add(Basic::kWriteCommitProcIssued, applied);
  }
  if (!held_.empty()) release_held(now, out);
}

void Pipeline::on_committed_txn(const Txn& txn, Now now, Effects& out) {
  Pending pending{txn, 0};
  const auto it = conn_of_session_.find(txn.header.client_id);
  if (it != conn_of_session_.end()) {
    const Connection* c = find(it->second);
    const auto type = static_cast<OpCode>(txn.header.type);
    const bool creating = c->state == Connection::State::kConnecting && type == OpCode::kCreateSession;
    const auto own_write = [&] {
      if (c->queue.empty() || !c->queue.front().write || c->queue.front().header.xid != txn.header.cxid) return false;
      if (type == OpCode::kCreateSession) return false;  // an upgrade, which is nobody's request either
      // An expiry is nobody's request, whatever its cxid.
      const bool closes = static_cast<OpCode>(c->queue.front().header.type) == OpCode::kCloseSession;
      return type == OpCode::kError || closes == (type == OpCode::kCloseSession);
    };
    if (creating || own_write()) pending.conn = c->id;
  }
  apply(pending, now, out);
  if (!held_.empty()) release_held(now, out);
}

void Pipeline::apply(Pending& pending, Now now, Effects& out) {
  const TxnHeader& header = pending.txn.header;
  events_out_ = &out;
  const uint64_t mismatches = database_->digest_mismatches;
  TxnResult result = database_->apply(pending.txn, watches_.empty() ? nullptr : this);
  metrics_.add(Counter::kDigestMismatchesCount, static_cast<int64_t>(database_->digest_mismatches - mismatches));
  if (ensemble_) metrics_.add(Counter::kRequestCommitQueued);
  events_out_ = nullptr;
  count_watches();
  count_write(header.type, pending.txn.body);
  const size_t outstanding = prep_.delta().size();
  prep_.applied(header.zxid);
  metrics_.add(Counter::kOutstandingChangesRemoved,
               static_cast<int64_t>(outstanding) - static_cast<int64_t>(prep_.delta().size()));
  if (now.wall_ms >= header.time_ms) metrics_.add(Percentile::kPropagationLatency, now.wall_ms - header.time_ms);
  if (header.zxid % 128 == 0 && config_.digest_enabled) {  // DataTree.DIGEST_LOG_INTERVAL and _LIMIT
    digest_log_.emplace_back(header.zxid, database_->tree.digest());
    if (digest_log_.size() > 1024) digest_log_.pop_front();
  }
  const auto type = static_cast<OpCode>(header.type);
  Connection* c = pending.conn == 0 ? nullptr : find(pending.conn);
  if (type == OpCode::kCreateSession) {
    // A session made elsewhere may come here later.
    if (const auto* made = std::get_if<CreateSessionTxn>(&pending.txn.body); made && !broadcast_.orders())
      sessions_.track(header.client_id, made->timeout_ms, now);
    if (c) {
      const int64_t latency_ms = (now.mono - c->touched).count() / 1'000'000;
      stats_.latency.add(latency_ms);
      c->stats.latency.add(latency_ms);
      metrics_.add(Percentile::kUpdateLatency, latency_ms);
      finish_session(*c, true, now, out);
    }
    return;
  }
  if (type == OpCode::kCloseSession) {
    sessions_.remove(header.client_id);
    const auto it = conn_of_session_.find(header.client_id);
    if (!c && it != conn_of_session_.end()) return drop(*find(it->second), out);
  }
  if (!c) return;
  KZ_ASSERT(!c->queue.empty() && c->queue.front().write);
  const Entry entry = std::move(c->queue.front());
  if (type == OpCode::kError && entry.refused != KeeperCode::kOk) result.err = entry.refused;
  if (ensemble_) {
    metrics_.add(Basic::kRequestsInSessionQueue, static_cast<int64_t>(c->queue.size()));
    metrics_.add(Percentile::kWriteCommitprocTimeMs, (now.mono.ns - entry.received.ns) / 1'000'000);
  }
  const KeeperCode err = type == OpCode::kError ? result.err : KeeperCode::kOk;
  const bool moved = err == KeeperCode::kSessionMoved ||
                     std::any_of(result.multi.begin(), result.multi.end(),
                                 [](const TxnResult& one) { return one.err == KeeperCode::kSessionMoved; });
  if (moved) return drop(*c, out);
  reply_to_write(*c, entry, pending.txn, result, now, out);
  if (static_cast<OpCode>(entry.header.type) == OpCode::kCloseSession) return drop(*c, out);
  answered(*c, now, out);
}

void Pipeline::answered(Connection& c, Now now, Effects& out) {
  const ConnId conn = c.id;
  const auto pop = [&] {
    finished(c.queue.front());
    c.queue.pop_front();
  };
  pop();
  int64_t reads = 0;
  for (; !c.queue.empty() && !c.queue.front().write; ++reads) {
    const Entry entry = std::move(c.queue.front());
    if (ensemble_) metrics_.add(Percentile::kReadCommitprocTimeMs, (now.mono.ns - entry.received.ns) / 1'000'000);
    pop();
    reply_to_read(c, entry, now, out);
    if (!find(conn)) return;  // that was its closeSession
  }
  if (ensemble_) {
    metrics_.add(Basic::kReadsAfterWriteInSessionQueue, reads);
    metrics_.add(Basic::kReadsIssuedFromSessionQueue, reads);
  }
  if (c.paused && (c.queue.empty() || in_process_ <= config_.global_outstanding_limit)) {
    c.paused = false;
    out.emplace_back(Resume{c.id});
  }
}

void Pipeline::on_synced(SessionId session, int32_t cxid, Now now, Effects& out) {
  const auto it = conn_of_session_.find(session);
  if (it == conn_of_session_.end()) return;
  Connection& c = *find(it->second);
  if (c.queue.empty() || c.queue.front().header.xid != cxid) return;
  const Entry entry = std::move(c.queue.front());
  reply_to_read(c, entry, now, out);
  answered(c, now, out);
  if (!held_.empty()) release_held(now, out);
}

std::vector<std::pair<SessionId, int32_t>> Pipeline::take_touched() {
  std::vector<std::pair<SessionId, int32_t>> out(touched_.begin(), touched_.end());
  touched_.clear();
  return out;
}

}  // namespace kz::zk
