#include "cmd/zk_cli_session.h"

#include "core/client/peer_hint.h"

namespace kz::cmd {
namespace {

using zk::KeeperCode;
using zk::OpCode;
using WatchKind = client::ZkSession::WatchKind;

const char* event_name(zk::EventType type) {
  switch (type) {
    case zk::EventType::kNodeCreated:
      return "NodeCreated";
    case zk::EventType::kNodeDeleted:
      return "NodeDeleted";
    case zk::EventType::kNodeDataChanged:
      return "NodeDataChanged";
    case zk::EventType::kNodeChildrenChanged:
      return "NodeChildrenChanged";
    case zk::EventType::kDataWatchRemoved:
      return "DataWatchRemoved";
    case zk::EventType::kChildWatchRemoved:
      return "ChildWatchRemoved";
    case zk::EventType::kPersistentWatchRemoved:
      return "PersistentWatchRemoved";
    case zk::EventType::kNone:
      break;
  }
  return "None";
}

client::ZkClient::WatchOn watch_on(bool wanted, WatchKind kind, const std::string& path) {
  return wanted ? client::ZkClient::WatchOn{kind, path} : client::ZkClient::WatchOn{};
}

}  // namespace

CliSession::CliSession(ToolRuntime& runtime, ZkConsole& console, client::ZkClientConfig config)
    : runtime_(runtime), console_(console), config_(std::move(config)) {
  connect(std::string(config_.connect));
}

CliSession::~CliSession() { close(false); }

bool CliSession::connect(const std::string& where) {
  const auto parsed = client::parse_zk_connect(where);
  if (!parsed) return false;
  close(true);
  config_.connect = where;
  chroot_ = parsed->chroot;
  auth_failed_ = false;
  expired_ = false;
  runtime_.on_reactor([&] {
    zk_ = std::make_unique<client::ZkClient>(config_, runtime_.connector(), runtime_.executor(), runtime_.rng());
    zk_->set_listener([this](client::ZkEvent e) { on_event(e); });
    zk_->set_default_watcher([this](const client::ZkWatchEvent& e) { on_watch(e); });
    zk_->set_bad_peer([this](const std::string& peer, Error, const std::string& bytes) {
      const auto kind = client::recognise_peer(bytes);
      if (kind != client::PeerKind::kUnknown && !std::exchange(hinted_, true)) {
        hint(client::peer_hint(kind, peer, "ZooKeeper"));
      }
    });
    zk_->start();
  });
  return true;
}

bool CliSession::wait_for_connection(int32_t timeout_ms) {
  return runtime_.wait<bool>([&](auto done) {
    if (zk_->connected()) return done(true);
    auto once = std::make_shared<bool>(false);
    auto finish = [done, once](bool ok) {
      if (!std::exchange(*once, true)) done(ok);
    };
    connected_ = [finish] { finish(true); };
    runtime_.executor().after(ms(timeout_ms), [finish] { finish(false); });
  });
}

void CliSession::close(bool loud) {
  if (!zk_) return;
  const bool was_alive = alive();
  runtime_.wait<bool>([&](auto done) {
    closed_ = [done] { done(true); };
    zk_->close(ms(1000));
  });
  runtime_.on_reactor([&] { zk_.reset(); });
  if (loud && was_alive) event_lines("Closed", "None", "null");
}

std::string CliSession::state() {
  if (!zk_ || expired_) return "CLOSED";
  if (auth_failed_) return "AUTH_FAILED";
  std::string text;
  runtime_.on_reactor([&] {
    text = zk_->read_only() ? "CONNECTEDREADONLY" : zk_->connected() ? "CONNECTED" : "CONNECTING";
  });
  return text;
}

bool CliSession::alive() { return zk_ && !expired_ && !auth_failed_; }

bool CliSession::connected() {
  if (!alive()) return false;
  bool yes = false;
  runtime_.on_reactor([&] { yes = zk_->connected(); });
  return yes;
}

CliSession::Reply CliSession::raw(OpCode op, Slice body, client::ZkClient::WatchOn watch) {
  return runtime_.wait<Reply>([&](auto done) {
    zk_->raw(
        op, std::move(body), [done](KeeperCode c, const Slice& reply) { done(Reply{c, reply.detach()}); },
        std::move(watch));
  });
}

void CliSession::add_auth_later(const std::string& scheme, const std::string& auth) {
  runtime_.on_reactor([&] { zk_->add_auth(scheme, auth, [](KeeperCode) {}); });
}

std::string CliSession::full(const std::string& path) {
  if (chroot_.empty()) return path;
  return path == "/" ? chroot_ : chroot_ + path;
}

std::string CliSession::strip(const std::string& path) const {
  if (chroot_.empty() || !path.starts_with(chroot_)) return path;
  return path.size() == chroot_.size() ? "/" : path.substr(chroot_.size());
}

KeeperCode CliSession::children(const std::string& path, bool watch, zk::GetChildren2Response& out) {
  return ask(OpCode::kGetChildren2, zk::PathRequest{full(path), watch}, out,
             watch_on(watch, WatchKind::kChild, full(path)));
}

KeeperCode CliSession::exists(const std::string& path, bool watch, zk::Stat& out) {
  zk::StatResponse response;
  const KeeperCode code = ask(OpCode::kExists, zk::PathRequest{full(path), watch}, response,
                              watch_on(watch, WatchKind::kExists, full(path)));
  out = response.stat;
  return code;
}

KeeperCode CliSession::get(const std::string& path, bool watch, zk::GetDataResponse& out) {
  return ask(OpCode::kGetData, zk::PathRequest{full(path), watch}, out, watch_on(watch, WatchKind::kData, full(path)));
}

KeeperCode CliSession::create(const std::string& path, const zk::NullableBytes& data) {
  return tell(OpCode::kCreate, zk::CreateRequest{full(path), data, zk::open_acl(), 0});
}

void CliSession::on_event(client::ZkEvent e) {
  switch (e) {
    case client::ZkEvent::kConnected:
      event_lines(zk_->read_only() ? "ConnectedReadOnly" : "SyncConnected", "None", "null");
      if (config_.sasl) event_lines("SaslAuthenticated", "None", "null");
      if (auto fn = std::exchange(connected_, nullptr)) fn();
      break;
    case client::ZkEvent::kDisconnected:
      event_lines("Disconnected", "None", "null");
      break;
    case client::ZkEvent::kExpired:
      expired_ = true;
      event_lines("Expired", "None", "null");
      break;
    case client::ZkEvent::kAuthFailed:
      auth_failed_ = true;
      event_lines("AuthFailed", "None", "null");
      break;
    case client::ZkEvent::kClosed:
      if (auto fn = std::exchange(closed_, nullptr)) fn();
      break;
    case client::ZkEvent::kAttemptFailed:
      break;
  }
}

void CliSession::on_watch(const client::ZkWatchEvent& e) {
  event_lines(zk_->connected() ? "SyncConnected" : "Disconnected", event_name(e.type), e.path);
}

void CliSession::event_lines(const std::string& state, const std::string& type, const std::string& path) {
  if (!print_watches_) return;
  console_.event("\nWATCHER::\n\nWatchedEvent state:" + state + " type:" + type + " path:" + path + "\n");
}

}  // namespace kz::cmd
