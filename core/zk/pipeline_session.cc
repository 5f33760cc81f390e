// Pipeline: setting sessions up, taking them over, and the watches that fire for their connections.
#include <algorithm>

#include "core/zk/connection.h"
#include "core/zk/pipeline.h"

namespace kz::zk {

// The connection throttle's bucket: one token a connect request (BlueThrottle without its drop probability).
bool Pipeline::throttled(Now now) {
  if (config_.throttle_tokens <= 0) return false;
  const int64_t fills = (now.mono.ns - throttle_filled_.ns) / 1'000'000 / config_.throttle_fill_time_ms;
  throttle_filled_ = throttle_filled_ + ms(fills * config_.throttle_fill_time_ms);
  const int64_t room = config_.throttle_tokens - throttle_tokens_;
  throttle_tokens_ += std::min(room, fills >= room ? room : fills * config_.throttle_fill_count);
  if (throttle_tokens_ == 0) return true;
  --throttle_tokens_;
  return false;
}

void Pipeline::connect(Connection& c, const Slice& frame, Now now, Effects& out) {
  const auto request = decode_connect_request(frame);
  if (!request) {
    log_.warn("Closing a connection from /{}: no connect request", c.stats.ip);
    return drop(c, out);
  }
  if (throttled(now)) {
    log_.debug("Refusing session request of /{}: connection throttle", c.stats.ip);
    return drop(c, out);
  }
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

  c.session = sessions_.create(c.timeout_ms, now);
  sessions_.set_owner(c.session, SessionTracker::kHere);
  conn_of_session_[c.session] = c.id;
  if (read_only_) return finish_session(c, true, now, out);
  const Slice body = jute::encode(c.timeout_ms);
  if (broadcast_.orders()) {
    propose({c.session, 0, OpCode::kCreateSession, body, &c.auth, SessionTracker::kHere}, c.id, now, out);
  } else {
    broadcast_.forward({c.session, 0, OpCode::kCreateSession, body, c.auth, 0}, out);
  }
}

void Pipeline::resume_session(Connection& c, const ConnectRequest& request, Now now, Effects& out) {
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
  if (read_only_ || broadcast_.revalidate(c.session, c.timeout_ms, out)) {
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

void Pipeline::notify(const WatchEvent& event) {
  Connection* c = find(event.conn);
  if (!c) return;
  const WatcherEvent body{static_cast<int32_t>(event.type), static_cast<int32_t>(KeeperState::kSyncConnected),
                          std::string(event.path)};
  send(*c, jute::encode_frame(ReplyHeader{kXidNotification, -1, 0}, body), *events_out_);
}

void Pipeline::on_created(std::string_view path) {
  watches_.created(path, [this](const WatchEvent& e) { notify(e); });
}
void Pipeline::on_deleted(std::string_view path) {
  watches_.deleted(path, [this](const WatchEvent& e) { notify(e); });
}
void Pipeline::on_data_changed(std::string_view path) {
  watches_.data_changed(path, [this](const WatchEvent& e) { notify(e); });
}

}  // namespace kz::zk
