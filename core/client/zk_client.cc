#include "core/client/zk_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kz::client {
namespace {

using zk::KeeperCode;

bool parse_port(std::string_view text, uint16_t& port) {
  unsigned value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value == 0 || value > 65535) return false;
  port = static_cast<uint16_t>(value);
  return true;
}

}  // namespace

Result<ZkConnectString> parse_zk_connect(std::string_view text) {
  ZkConnectString out;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    std::string_view chroot = text.substr(slash);
    while (chroot.size() > 1 && chroot.ends_with('/')) chroot.remove_suffix(1);
    if (chroot != "/") out.chroot = chroot;
    text = text.substr(0, slash);
  }
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item.empty()) continue;
    ZkConnectString::Host host;
    if (item.front() == '[') {
      const size_t close = item.find(']');
      if (close == std::string_view::npos) return fail(Errc::kInvalidArgument, "address in brackets does not end");
      host.host = item.substr(1, close - 1);
      item.remove_prefix(close + 1);
      if (!item.empty() && (item.front() != ':' || !parse_port(item.substr(1), host.port))) {
        return fail(Errc::kInvalidArgument, "bad port in connect string");
      }
    } else {
      const size_t colon = item.rfind(':');
      host.host = item.substr(0, colon);
      if (colon != std::string_view::npos && !parse_port(item.substr(colon + 1), host.port)) {
        return fail(Errc::kInvalidArgument, "bad port in connect string");
      }
    }
    if (host.host.empty()) return fail(Errc::kInvalidArgument, "empty host in connect string");
    out.hosts.push_back(std::move(host));
  }
  if (out.hosts.empty()) return fail(Errc::kInvalidArgument, "no host in connect string");
  return out;
}

ZkClient::Op ZkClient::Op::create(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags) {
  return {Kind::kCreate, std::move(path), std::move(data), std::move(acl), flags, -1};
}
ZkClient::Op ZkClient::Op::remove(std::string path, int32_t version) {
  return {Kind::kDelete, std::move(path), {}, {}, 0, version};
}
ZkClient::Op ZkClient::Op::set(std::string path, std::string data, int32_t version) {
  return {Kind::kSet, std::move(path), std::move(data), {}, 0, version};
}
ZkClient::Op ZkClient::Op::check(std::string path, int32_t version) {
  return {Kind::kCheck, std::move(path), {}, {}, 0, version};
}

ZkClient::ZkClient(ZkClientConfig config, Connector& connector, Executor& executor, Rng& rng)
    : config_(std::move(config)),
      connector_(connector),
      executor_(executor),
      rng_(rng),
      session_(config_.retry_lost, config_.read_only) {
  auto where = parse_zk_connect(config_.connect);
  KZ_ASSERT_MSG(where, "the connect string was checked by the caller");
  where_ = std::move(*where);
  if (config_.sasl) {
    session_.set_login(*config_.sasl, [this] { return fmt::format("{:016x}{:016x}", rng_(), rng_()); });
  }
  if (config_.shuffle_hosts) std::shuffle(where_.hosts.begin(), where_.hosts.end(), rng_);
}

ZkClient::~ZkClient() {
  *alive_ = false;
  if (conn_ != 0) connector_.close(conn_);
  executor_.cancel(timer_);
  executor_.cancel(connect_timer_);
}

void ZkClient::start() { resume(0, std::string(16, '\0')); }

void ZkClient::resume(SessionId id, std::string password) {
  if (conn_ != 0) connector_.close(std::exchange(conn_, 0));
  tcp_up_ = false;
  started_ = true;
  closing_ = false;
  close_deadline_ = TimePoint::max();
  tried_ = 0;
  session_.begin(id, std::move(password), config_.session_timeout_ms);
  connect_next(ms(0));
}

std::string ZkClient::server() const {
  const auto& h = where_.hosts[next_host_];
  return h.host + ":" + std::to_string(h.port);
}

void ZkClient::connect_next(Duration delay) {
  executor_.cancel(connect_timer_);
  connect_timer_ = executor_.after(delay, [this] {
    connect_timer_ = 0;
    connect_now();
  });
}

void ZkClient::connect_now() {
  if (!started_ || conn_ != 0) return;
  const auto& h = where_.hosts[next_host_];
  attempt_deadline_ =
      executor_.now().mono + ms(config_.connection_timeout_ms / static_cast<int32_t>(where_.hosts.size()));
  conn_ = connector_.open(h.host, h.port, *this, config_.frame_max);
  arm_timer();
}

void ZkClient::on_connected(ConnId conn) {
  if (conn != conn_) return;
  tcp_up_ = true;
  ZkSession::Output out;
  session_.on_transport_up(executor_.now().mono, out);
  run(std::move(out));
}

void ZkClient::on_frame(ConnId conn, Slice frame) {
  if (conn != conn_) return;
  ZkSession::Output out;
  session_.on_frame(frame, executor_.now().mono, out);
  run(std::move(out));
}

void ZkClient::on_closed(ConnId conn, Error why, std::string first_bytes) {
  if (conn != conn_) return;
  conn_ = 0;
  if (bad_peer_) bad_peer_(server(), why, first_bytes);
  lost(errc_text(why.code));
}

// The connection is gone: tell, try the next host. All hosts tried once: wait up to a second first, as Java does.
void ZkClient::lost(const char* why) {
  const bool was_connected = session_.connected();
  const bool was_up = std::exchange(tcp_up_, false);
  if (conn_ != 0) connector_.close(std::exchange(conn_, 0));
  attempt_deadline_ = TimePoint::max();
  if (was_connected) {
    log_.info("connection to {} lost ({}), session 0x{:x} is kept for {} ms", server(), why,
              static_cast<uint64_t>(session_.id()), session_.negotiated_timeout_ms());
  } else {
    log_.debug("no session at {} ({})", server(), why);
  }
  ZkSession::Output out;
  session_.on_transport_lost(out);
  if (closing_ && was_connected) {
    // The server closed first, or the answer to the close was lost: nothing more can be done for this session.
    finish_close(std::move(out));
    return;
  }
  next_host_ = (next_host_ + 1) % where_.hosts.size();
  ++tried_;
  const bool all_tried = tried_ % where_.hosts.size() == 0;
  if (!was_connected && all_tried && config_.fail_queued) session_.fail_queued(KeeperCode::kConnectionLoss, out);
  const int64_t wait = was_connected ? 0 : all_tried ? rng_.between(config_.retry_ms_min, config_.retry_ms_max) : 0;
  connect_next(ms(wait));
  auto alive = alive_;
  for (auto& call : out.calls) {
    call();
    if (!*alive) return;
  }
  if (was_connected || was_up)
    emit(was_connected ? ZkEvent::kDisconnected : ZkEvent::kAttemptFailed);
  else
    emit(ZkEvent::kAttemptFailed);
}

void ZkClient::finish_close(ZkSession::Output out) {
  started_ = false;
  closing_ = false;
  close_deadline_ = TimePoint::max();
  if (conn_ != 0) connector_.close(std::exchange(conn_, 0));
  tcp_up_ = false;
  executor_.cancel(std::exchange(connect_timer_, 0));
  executor_.cancel(std::exchange(timer_, 0));
  session_.abandon(out);
  auto alive = alive_;
  for (auto& call : out.calls) {
    call();
    if (!*alive) return;
  }
  emit(ZkEvent::kClosed);
}

void ZkClient::run(ZkSession::Output out) {
  if (conn_ != 0 && tcp_up_) {
    for (Slice& f : out.frames) connector_.send(conn_, Chain(std::move(f)));
  }
  const auto happened = out.happened;
  using Happened = ZkSession::Happened;
  if (happened == Happened::kClosed) return finish_close(std::move(out));
  if (happened == Happened::kExpired || happened == Happened::kAuthFailed) {
    if (conn_ != 0) connector_.close(std::exchange(conn_, 0));
    tcp_up_ = false;
    started_ = false;
    executor_.cancel(std::exchange(timer_, 0));
  }
  if (happened == Happened::kConnected) {
    tried_ = 0;
    attempt_deadline_ = TimePoint::max();
  }
  if (started_) arm_timer();
  auto alive = alive_;
  if (happened == Happened::kConnected) {
    emit(ZkEvent::kConnected);
    if (!*alive) return;
  }
  for (auto& call : out.calls) {
    call();
    if (!*alive) return;
  }
  if (happened == Happened::kExpired && closing_) {
    finish_close({});
  } else if (happened == Happened::kExpired) {
    emit(ZkEvent::kExpired);
  } else if (happened == Happened::kAuthFailed) {
    emit(ZkEvent::kAuthFailed);
  } else if (happened == Happened::kBroken) {
    lost(out.why);
  }
}

void ZkClient::arm_timer() {
  const TimePoint when = std::min({session_.deadline(), attempt_deadline_, close_deadline_});
  if (timer_ != 0 && timer_at_ <= when) return;  // an early timer re-arms itself; most frames need no new one
  executor_.cancel(timer_);
  timer_ = 0;
  if (when == TimePoint::max()) return;
  timer_at_ = when;
  timer_ = executor_.at(when, [this] {
    timer_ = 0;
    on_timer();
  });
}

void ZkClient::on_timer() {
  const TimePoint now = executor_.now().mono;
  if (now >= close_deadline_) return finish_close({});
  if (now >= attempt_deadline_ && !session_.connected()) {
    if (bad_peer_) bad_peer_(server(), Error{Errc::kTimeout, "no answer", 0}, {});
    return lost("no answer in time");
  }
  ZkSession::Output out;
  session_.on_tick(now, out);
  run(std::move(out));
}

void ZkClient::emit(ZkEvent event) {
  if (listener_) listener_(event);
}

void ZkClient::close(Duration give_up_after) {
  if (closing_) return;
  if (!started_) {
    executor_.post([this, alive = alive_] {
      if (*alive) emit(ZkEvent::kClosed);
    });
    return;
  }
  closing_ = true;
  close_deadline_ = executor_.now().mono + give_up_after;
  ZkSession::Output out;
  session_.request_close(executor_.now().mono, out);
  run(std::move(out));
}

std::string ZkClient::full(const std::string& path) const {
  if (where_.chroot.empty()) return path;
  return path == "/" ? where_.chroot : where_.chroot + path;
}

std::string ZkClient::strip(std::string path) const {
  if (where_.chroot.empty() || !path.starts_with(where_.chroot)) return path;
  path.erase(0, where_.chroot.size());
  return path.empty() ? "/" : path;
}

void ZkClient::submit(ZkSession::Request request) {
  ZkSession::Output out;
  session_.submit(std::move(request), executor_.now().mono, out);
  // A callback must not run inside the caller's call.
  if (!out.calls.empty()) {
    executor_.post([alive = alive_, calls = std::move(out.calls)]() mutable {
      for (auto& call : calls) {
        if (!*alive) return;
        call();
      }
    });
    out.calls.clear();
  }
  run(std::move(out));
}

ZkWatches::Watcher ZkClient::wrap(Watcher watcher) {
  if (!watcher) return {};
  return std::make_shared<ZkWatches::WatchFn>(
      [this, watcher = std::move(watcher)](zk::EventType type, const std::string& path) mutable {
        watcher(ZkWatchEvent{type, strip(path)});
      });
}

}  // namespace kz::client
