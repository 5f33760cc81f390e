#include "core/client/zk_session.h"

#include <algorithm>
#include <utility>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "core/zk/jute.h"

namespace kz::client {
namespace {

// ClientCnxn.SET_WATCHES_MAX_LENGTH: one re-arming request stays below the server's jute.maxbuffer.
constexpr size_t kRearmBytesMax = 128 * 1024;

}  // namespace

void ZkSession::begin(SessionId id, std::string password, int32_t timeout_ms) {
  phase_ = Phase::kDown;
  id_ = id;
  password_ = id == 0 ? std::string(16, '\0') : std::move(password);
  asked_ms_ = timeout_ms;
  negotiated_ms_ = 0;
  last_zxid_ = 0;
  resumed_ = false;
  ping_outstanding_ = false;
  watches_.clear();
}

void ZkSession::set_login(zk::SaslLogin login, std::function<std::string()> nonce) {
  login_ = std::move(login);
  nonce_ = std::move(nonce);
}

void ZkSession::frame(int32_t xid, zk::OpCode type, Bytes body, TimePoint now, Output& out) {
  Buffer b;
  b.i32(xid);
  b.i32(static_cast<int32_t>(type));
  b.raw(body);
  out.frames.push_back(b.to_slice());
  last_sent_ = now;
}

void ZkSession::submit(Request request, TimePoint now, Output& out) {
  if (phase_ == Phase::kOver) {
    out.calls.emplace_back([done = std::move(request.done)]() mutable { done(zk::KeeperCode::kSessionExpired, {}); });
    return;
  }
  queued_.push_back(std::move(request));
  transmit(now, out);
}

void ZkSession::transmit(TimePoint now, Output& out) {
  if (phase_ != Phase::kConnected) return;
  while (!queued_.empty()) {
    Pending p{next_xid_, std::move(queued_.front())};
    queued_.pop_front();
    next_xid_ = next_xid_ == INT32_MAX ? 1 : next_xid_ + 1;
    frame(p.xid, p.request.type, p.request.body, now, out);
    pending_.push_back(std::move(p));
  }
}

void ZkSession::send_auth(const Auth& auth, TimePoint now, Output& out) {
  frame(zk::kXidAuth, zk::OpCode::kAuth, zk::jute::encode(zk::AuthPacket{0, auth.scheme, Slice::copy_of(auth.auth)}),
        now, out);
}

void ZkSession::add_auth(std::string scheme, std::string auth, std::move_only_function<void(zk::KeeperCode)> done,
                         TimePoint now, Output& out) {
  auths_.push_back({std::move(scheme), std::move(auth), nullptr});
  if (phase_ == Phase::kConnected) {
    send_auth(auths_.back(), now, out);
    auth_pending_.push_back(std::move(done));
  } else {
    auths_.back().done = std::move(done);
  }
}

void ZkSession::on_transport_up(TimePoint now, Output& out) {
  phase_ = Phase::kHandshake;
  last_heard_ = last_sent_ = now;
  ping_outstanding_ = false;
  zk::ConnectRequest request;
  request.last_zxid_seen = last_zxid_;
  request.timeout_ms = asked_ms_;
  request.session_id = id_;
  request.password = Slice::copy_of(password_);
  request.read_only = may_read_only_;
  out.frames.push_back(zk::encode_connect_request(request).sub(4));  // the connector adds the length itself
}

void ZkSession::on_frame(const Slice& bytes, TimePoint now, Output& out) {
  last_heard_ = now;
  if (phase_ == Phase::kHandshake) return on_connect_response(bytes, now, out);
  if (phase_ != Phase::kConnected && phase_ != Phase::kSasl) return;
  Reader r(bytes);
  const int32_t xid = r.i32();
  const int64_t zxid = r.i64();
  const auto err = static_cast<zk::KeeperCode>(r.i32());
  if (!r.ok()) {
    out.happened = Happened::kBroken;
    out.why = "reply header ends too early";
    return;
  }
  if (phase_ == Phase::kSasl) return on_sasl(err, bytes.sub(r.position()), now, out);
  if (xid == zk::kXidPing) {
    ping_outstanding_ = false;
    return;
  }
  if (xid == zk::kXidNotification) return on_event(bytes.sub(r.position()), out);
  if (xid == zk::kXidSetWatches) return;
  if (xid == zk::kXidAuth) {
    std::move_only_function<void(zk::KeeperCode)> done;
    if (!auth_pending_.empty()) {
      done = std::move(auth_pending_.front());
      auth_pending_.pop_front();
    }
    if (done) out.calls.emplace_back([done = std::move(done), err]() mutable { done(err); });
    if (err != zk::KeeperCode::kOk) end(zk::KeeperCode::kAuthFailed, Happened::kAuthFailed, out);
    return;
  }
  if (zxid > 0) last_zxid_ = std::max(last_zxid_, zxid);
  on_reply(xid, err, bytes.sub(r.position()), out);
}

void ZkSession::on_connect_response(const Slice& bytes, TimePoint now, Output& out) {
  const auto decoded = zk::decode_connect_response(bytes);
  if (!decoded) {
    out.happened = Happened::kBroken;
    out.why = "connect response is malformed";
    return;
  }
  const zk::ConnectResponse& response = *decoded;
  if (response.timeout_ms <= 0) return end(zk::KeeperCode::kSessionExpired, Happened::kExpired, out);
  resumed_ = id_ != 0 && id_ == response.session_id;
  id_ = response.session_id;
  password_ = response.password ? std::string(response.password->text()) : std::string(16, '\0');
  negotiated_ms_ = response.timeout_ms;
  read_only_ = response.read_only.value_or(false);
  if (!login_) return established(now, out);
  phase_ = Phase::kSasl;
  sasl_.emplace(zk::kClientSaslService, login_->user, login_->password, nonce_());
  send_sasl({}, now, out);
}

void ZkSession::send_sasl(std::string_view token, TimePoint now, Output& out) {
  const int32_t xid = next_xid_;
  next_xid_ = next_xid_ == INT32_MAX ? 1 : next_xid_ + 1;
  frame(xid, zk::OpCode::kSasl, zk::jute::encode(zk::SaslToken{Slice::copy_of(token)}), now, out);
}

// Nothing else is on its way during the exchange.
void ZkSession::on_sasl(zk::KeeperCode err, const Slice& body, TimePoint now, Output& out) {
  const auto answer = zk::jute::decode<zk::SaslToken>(body);
  zk::SaslStep step;
  if (err == zk::KeeperCode::kOk && answer && answer->token) step = sasl_->step(answer->token->text());
  switch (step.kind) {
    case zk::SaslStep::Kind::kContinue:
      return send_sasl(step.token, now, out);
    case zk::SaslStep::Kind::kDone:
      sasl_.reset();
      return established(now, out);
    case zk::SaslStep::Kind::kFailed:
      sasl_.reset();
      out.why = step.why.empty() ? "the server refused the SASL login" : "the server's SASL answer is wrong";
      return end(zk::KeeperCode::kAuthFailed, Happened::kAuthFailed, out);
  }
}

void ZkSession::established(TimePoint now, Output& out) {
  phase_ = Phase::kConnected;
  out.happened = Happened::kConnected;
  for (Auth& auth : auths_) {
    send_auth(auth, now, out);
    auth_pending_.push_back(std::move(auth.done));
    auth.done = nullptr;
  }
  rearm_watches(now, out);
  transmit(now, out);
}

// The op code with persistent watches exists since 3.6: it is used only where there are some.
void ZkSession::rearm_watches(TimePoint now, Output& out) {
  using Kind = ZkWatches::Kind;
  const bool persistent = !watches_.empty(Kind::kPersistent) || !watches_.empty(Kind::kRecursive);
  zk::SetWatches2 batch;
  size_t bytes = 0;
  const auto flush = [&] {
    if (bytes == 0) return;
    batch.relative_zxid = last_zxid_;
    if (persistent) {
      frame(zk::kXidSetWatches, zk::OpCode::kSetWatches2, zk::jute::encode(batch), now, out);
    } else {
      const zk::SetWatches old{batch.relative_zxid, std::move(batch.data), std::move(batch.exist),
                               std::move(batch.child)};
      frame(zk::kXidSetWatches, zk::OpCode::kSetWatches, zk::jute::encode(old), now, out);
    }
    batch = {};
    bytes = 0;
  };
  const auto add = [&](Kind kind, auto& list) {
    watches_.for_each(kind, [&](const std::string& path) {
      list.push_back(path);
      bytes += path.size() + 4;
      if (bytes >= kRearmBytesMax) flush();
    });
  };
  add(Kind::kData, batch.data);
  add(Kind::kExists, batch.exist);
  add(Kind::kChild, batch.child);
  add(Kind::kPersistent, batch.persistent);
  add(Kind::kRecursive, batch.persistent_recursive);
  flush();
}

void ZkSession::tell(std::vector<ZkWatches::Event>& events, Output& out) {
  for (auto& e : events) {
    out.calls.emplace_back([e = std::move(e)] { (*e.watcher)(e.type, e.path); });
  }
}

void ZkSession::on_event(const Slice& body, Output& out) {
  const auto decoded = zk::jute::decode<zk::WatcherEvent>(body);
  if (!decoded) {
    out.happened = Happened::kBroken;
    out.why = "watch event is malformed";
    return;
  }
  std::vector<ZkWatches::Event> events;
  watches_.fire(static_cast<zk::EventType>(decoded->type), decoded->path, events);
  tell(events, out);
}

void ZkSession::finish(Request& request, zk::KeeperCode err, Slice body, Output& out) {
  using Kind = ZkWatches::Kind;
  const bool ok = err == zk::KeeperCode::kOk;
  switch (request.watch) {
    case WatchKind::kNone:
      break;
    case WatchKind::kData:
      if (ok && request.watcher) watches_.add(Kind::kData, request.path, request.watcher);
      break;
    case WatchKind::kExists:
      if (!request.watcher) break;
      if (ok) watches_.add(Kind::kData, request.path, request.watcher);
      if (err == zk::KeeperCode::kNoNode) watches_.add(Kind::kExists, request.path, request.watcher);
      break;
    case WatchKind::kChild:
      if (ok && request.watcher) watches_.add(Kind::kChild, request.path, request.watcher);
      break;
    case WatchKind::kPersistent:
      if (ok) watches_.add(Kind::kPersistent, request.path, request.watcher);
      break;
    case WatchKind::kRecursive:
      if (ok) watches_.add(Kind::kRecursive, request.path, request.watcher);
      break;
    case WatchKind::kRemove: {
      std::vector<ZkWatches::Event> events;
      err = watches_.remove(request.path, request.remove_type, request.remove_local, err, events);
      tell(events, out);
      break;
    }
  }
  if (!request.done) return;
  out.calls.emplace_back(
      [done = std::move(request.done), err, body = std::move(body)]() mutable { done(err, std::move(body)); });
}

void ZkSession::on_reply(int32_t xid, zk::KeeperCode err, Slice body, Output& out) {
  if (pending_.empty() || pending_.front().xid != xid) {
    out.happened = Happened::kBroken;
    out.why = "answer out of order";
    return;
  }
  Request request = std::move(pending_.front().request);
  pending_.pop_front();
  const bool closed = request.type == zk::OpCode::kCloseSession;
  finish(request, err, std::move(body), out);
  if (closed) end(zk::KeeperCode::kSessionExpired, Happened::kClosed, out);
}

void ZkSession::on_transport_lost(Output& out) {
  if (phase_ == Phase::kOver) return;
  phase_ = Phase::kDown;
  for (auto& done : auth_pending_) {
    // The credentials are sent again on the next connection; their first caller learns that this attempt was lost.
    if (done) out.calls.emplace_back([done = std::move(done)]() mutable { done(zk::KeeperCode::kConnectionLoss); });
  }
  auth_pending_.clear();
  // A lost close is not repeated blindly: the owner decides (its session may be gone already).
  std::deque<Request> kept;
  for (Pending& p : pending_) {
    if (retry_lost_ && p.request.type != zk::OpCode::kCloseSession) {
      kept.push_back(std::move(p.request));
    } else {
      finish(p.request, zk::KeeperCode::kConnectionLoss, {}, out);
    }
  }
  pending_.clear();
  for (auto it = kept.rbegin(); it != kept.rend(); ++it) queued_.push_front(std::move(*it));
}

void ZkSession::fail_queued(zk::KeeperCode code, Output& out) {
  for (Request& request : queued_) finish(request, code, {}, out);
  queued_.clear();
}

void ZkSession::end(zk::KeeperCode code, Happened happened, Output& out) {
  for (Pending& p : pending_) finish(p.request, code, {}, out);
  pending_.clear();
  fail_queued(code, out);
  watches_.clear();
  phase_ = Phase::kOver;
  out.happened = happened;
}

void ZkSession::abandon(Output& out) { end(zk::KeeperCode::kSessionExpired, Happened::kNothing, out); }

void ZkSession::request_close(TimePoint now, Output& out) {
  Request request;
  request.type = zk::OpCode::kCloseSession;
  request.done = [](zk::KeeperCode, const Slice&) {};
  submit(std::move(request), now, out);
}

// As Java: silent for 2/3 of the session timeout = the connection is dead; idle for 1/3 = a ping.
void ZkSession::on_tick(TimePoint now, Output& out) {
  if (phase_ == Phase::kHandshake || phase_ == Phase::kSasl) {
    if (now - last_heard_ >= ms(asked_ms_)) {
      out.happened = Happened::kBroken;
      out.why = "no answer to the connect request";
    }
    return;
  }
  if (phase_ != Phase::kConnected) return;
  if (now - last_heard_ >= ms(int64_t{negotiated_ms_} * 2 / 3)) {
    out.happened = Happened::kBroken;
    out.why = "server has not been heard from";
    return;
  }
  if (now - last_sent_ >= ms(negotiated_ms_ / 3)) {
    frame(zk::kXidPing, zk::OpCode::kPing, {}, now, out);
    ping_outstanding_ = true;
  }
}

TimePoint ZkSession::deadline() const {
  if (phase_ == Phase::kHandshake || phase_ == Phase::kSasl) return last_heard_ + ms(asked_ms_);
  if (phase_ != Phase::kConnected) return TimePoint::max();
  return std::min(last_heard_ + ms(int64_t{negotiated_ms_} * 2 / 3), last_sent_ + ms(negotiated_ms_ / 3));
}

}  // namespace kz::client
