// Pipeline: setting sessions up, taking them over, their end, and the watches that fire for their connections.
#include <algorithm>

#include "core/zk/connection.h"
#include "core/zk/pipeline.h"

namespace kz::zk {

namespace {

bool makes_ephemeral(int32_t flags) {
  const auto mode = static_cast<CreateMode>(flags);
  return mode == CreateMode::kEphemeral || mode == CreateMode::kEphemeralSequential;
}

}  // namespace

void Pipeline::connect(Connection& c, const Slice& frame, Now now, Effects& out) {
  const auto request = decode_connect_request(frame);
  if (!request) {
    log_.warn("Closing a connection from /{}: no connect request", c.stats.ip);
    return drop(c, out);
  }
  const bool local =
      read_only_ || (config_.local_sessions_enabled && sessions_.role() != SessionTracker::Role::kStandalone);
  using Kind = ConnectionThrottle::Session;
  const Kind kind = request->session_id != 0         ? Kind::kRenewed
                    : config_.local_sessions_enabled ? Kind::kLocal
                                                     : Kind::kGlobal;
  if (!connection_throttle_.admit(kind, now.mono)) {
    log_.debug("Refusing session request of /{}: connection throttle", c.stats.ip);
    metrics_.add(Counter::kConnectionRejected);
    return drop(c, out);
  }
  metrics_.add(Basic::kConnectionTokenDeficit, connection_throttle_.deficit());
  metrics_.add(Counter::kConnectionRequestCount);
  c.old_client = !request->read_only.has_value();
  if (read_only_ && !request->read_only.value_or(false)) {
    log_.info("Refusing session request for not-read-only client /{}:{}", c.stats.ip, c.stats.port);
    return drop(c, out);
  }
  if (request->last_zxid_seen > database_->last_zxid()) {
    log_.info(
        "Refusing session request for client /{}:{} as it has seen zxid 0x{:x} our last zxid is 0x{:x} client must try "
        "another server",
        c.stats.ip, c.stats.port, static_cast<uint64_t>(request->last_zxid_seen),
        static_cast<uint64_t>(database_->last_zxid()));
    return drop(c, out);
  }
  c.timeout_ms = std::clamp(request->timeout_ms, config_.min_session_timeout_ms, config_.max_session_timeout_ms);
  c.state = Connection::State::kConnecting;
  if (request->session_id != 0) return resume_session(c, *request, now, out);

  c.session = local ? sessions_.create_local(c.timeout_ms, now) : sessions_.create(c.timeout_ms, now);
  sessions_.set_owner(c.session, SessionTracker::kHere);
  conn_of_session_[c.session] = c.id;
  if (local) return finish_session(c, true, now, out);
  const Slice body = jute::encode(c.timeout_ms);
  if (broadcast_.orders()) {
    propose({c.session, 0, OpCode::kCreateSession, body, &c.auth, SessionTracker::kHere}, c.id, now, out);
  } else {
    broadcast_.forward({c.session, 0, OpCode::kCreateSession, body, c.auth, 0}, out);
  }
}

void Pipeline::resume_session(Connection& c, const ConnectRequest& request, Now now, Effects& out) {
  // Cut off from the quorum nobody here knows whether it still lives.
  if (read_only_ && sessions_.is_global(request.session_id)) {
    log_.info("Refusing global session reconnection in RO mode /{}:{}", c.stats.ip, c.stats.port);
    return drop(c, out);
  }
  const SessionPassword right = session_password(request.session_id);
  const Bytes given = request.password ? request.password->bytes() : Bytes{};
  c.session = request.session_id;
  if (!std::equal(given.begin(), given.end(), right.begin(), right.end())) {
    log_.warn("Incorrect password from /{}:{} for session 0x{:x}", c.stats.ip, c.stats.port,
              static_cast<uint64_t>(c.session));
    return finish_session(c, false, now, out);
  }
  // The session lives on one connection: an older one here goes.
  const auto older = conn_of_session_.find(c.session);
  if (older != conn_of_session_.end()) drop(*find(older->second), out);
  conn_of_session_[c.session] = c.id;
  metrics_.add(Counter::kConnectionRevalidateCount);
  if (read_only_ || sessions_.is_local(c.session) || broadcast_.revalidate(c.session, c.timeout_ms, out)) {
    const bool valid = sessions_.touch(c.session, c.timeout_ms, now);
    if (valid) sessions_.set_owner(c.session, SessionTracker::kHere);
    finish_session(c, valid, now, out);
  }
}

void Pipeline::on_revalidated(SessionId session, bool valid, Now now, Effects& out) {
  const auto it = conn_of_session_.find(session);
  if (it == conn_of_session_.end()) return;
  Connection& c = *find(it->second);
  if (c.state != Connection::State::kConnecting) return;
  if (valid) sessions_.track(session, c.timeout_ms, now);
  finish_session(c, valid, now, out);
}

void Pipeline::finish_session(Connection& c, bool valid, Now now, Effects& out) {
  ConnectResponse response;
  const SessionPassword password = valid ? session_password(c.session) : SessionPassword{};
  response.password = Slice::copy_of(Bytes(password));
  if (valid) {
    response.timeout_ms = c.timeout_ms;
    response.session_id = c.session;
  }
  if (!c.old_client) response.read_only = read_only_;
  send(c, encode_connect_response(response), out);
  if (!valid) {
    log_.info("Invalid session 0x{:x} for client /{}:{}, probably expired", static_cast<uint64_t>(c.session),
              c.stats.ip, c.stats.port);
    return drop(c, out);
  }
  c.state = Connection::State::kOpen;
  c.stats.session = c.session;
  c.stats.timeout_ms = c.timeout_ms;
  c.stats.last_op = "SESS";
  c.stats.last_response_ms = now.mono.ns / 1'000'000;
  // A client that did not wait for the answer; a frame of these may close the connection.
  const ConnId conn = c.id;
  const std::vector<Slice> early = std::move(c.early);
  for (const Slice& frame : early) {
    Connection* alive = find(conn);
    if (alive && alive->state == Connection::State::kOpen) request(*alive, frame, now, out);
  }
}

// Its last request was reached: the answer, then the end.
void Pipeline::close_local(Connection& c, const RequestHeader& header, TimePoint received, Now now, Effects& out) {
  scratch_.clear();
  reply(c, header, KeeperCode::kOk, received, now, out);
  sessions_.remove(c.session);
  drop(c, out);
}

// Only a session that the ensemble knows can own a node.
bool Pipeline::needs_global_session(OpCode op, const Slice& body) const {
  Reader r(body);
  if (op == OpCode::kCreate || op == OpCode::kCreate2) {
    CreateRequest request;
    return jute::read(r, request, config_.jute) && makes_ephemeral(request.flags);
  }
  if (op != OpCode::kMulti) return false;
  const auto ops = decode_multi(r, config_.jute);
  return ops && std::any_of(ops->begin(), ops->end(), [](const MultiOp& one) {
           const auto* request = std::get_if<CreateRequest>(&one.request);
           return request && makes_ephemeral(request->flags);
         });
}

void Pipeline::upgrade_session(Connection& c, Now now, Effects& out) {
  log_.info("Upgrading session 0x{:x}", static_cast<uint64_t>(c.session));
  sessions_.upgrade(c.session);
  const Slice body = jute::encode(c.timeout_ms);
  if (broadcast_.orders()) {
    propose({c.session, 0, OpCode::kCreateSession, body, &c.auth, SessionTracker::kHere}, 0, now, out);
  } else {
    broadcast_.forward({c.session, 0, OpCode::kCreateSession, body, c.auth, 0}, out);
  }
}

void Pipeline::expire_sessions(Now now, Effects& out) {
  for (const SessionId session : sessions_.expire(now)) {
    log_.info("Expiring session 0x{:x}, timeout of {}ms exceeded", static_cast<uint64_t>(session),
              sessions_.timeout_ms(session));
    metrics_.add(Counter::kStaleSessionsExpired);
    if (!sessions_.is_local(session)) {
      propose({session, 0, OpCode::kCloseSession, {}, nullptr, 0}, 0, now, out);
      continue;
    }
    sessions_.remove(session);
    const auto it = conn_of_session_.find(session);
    if (it != conn_of_session_.end()) drop(*find(it->second), out);
  }
}

void Pipeline::notify(const WatchEvent& event) {
  Connection* c = find(event.conn);
  if (!c) return;
  const WatcherEvent body{static_cast<int32_t>(event.type), static_cast<int32_t>(KeeperState::kSyncConnected),
                          std::string(event.path)};
  Slice frame = jute::encode_frame(ReplyHeader{kXidNotification, -1, 0}, body);
  metrics_.add(Counter::kWatchBytes, static_cast<int64_t>(frame.size()) - 4);
  send(*c, std::move(frame), *events_out_);
}

void Pipeline::on_tick(Now now, Effects& out) {
  while (!sessionless_.empty()) {
    const auto [deadline, conn] = sessionless_.front();
    Connection* c = find(conn);
    const bool waiting = c && c->state == Connection::State::kNew;
    if (waiting && deadline > now.mono) break;
    sessionless_.pop_front();
    if (waiting) metrics_.add(Counter::kSessionlessConnectionsExpired);
    if (waiting) drop(*c, out);
  }
  if (!held_.empty()) release_held(now, out);
  expire_sessions(now, out);
  if (!broadcast_.orders()) return;
  if (now.mono >= next_container_check_) {
    next_container_check_ = now.mono + ms(config_.container_check_interval_ms);
    const int64_t limit =
        int64_t{config_.container_max_per_minute} * std::max(config_.container_check_interval_ms, 1) / 60000;
    for (const std::string& path : database_->tree.container_candidates(
             now.wall_ms, config_.container_max_never_used_ms, static_cast<size_t>(std::max<int64_t>(limit, 1)))) {
      propose({0, 0, OpCode::kDeleteContainer, Slice::copy_of(path), nullptr, 0}, 0, now, out);
    }
  }
}

TimePoint Pipeline::deadline() const {
  TimePoint at = TimePoint::max();
  if (!sessionless_.empty()) at = sessionless_.front().first;
  if (!held_.empty()) at = std::min(at, held_check_);
  at = std::min(at, sessions_.deadline());
  if (broadcast_.orders()) at = std::min(at, next_container_check_);
  return at;
}

void Pipeline::fire(const WatchEvent& event) {
  ++fired_[static_cast<size_t>(event.type)];
  notify(event);
}

void Pipeline::on_created(std::string_view path) {
  watches_.created(path, [this](const WatchEvent& e) { fire(e); });
}
void Pipeline::on_deleted(std::string_view path) {
  watches_.deleted(path, [this](const WatchEvent& e) { fire(e); });
}
void Pipeline::on_data_changed(std::string_view path) {
  watches_.data_changed(path, [this](const WatchEvent& e) { fire(e); });
}

}  // namespace kz::zk
