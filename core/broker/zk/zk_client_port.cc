#include "core/broker/zk/zk_client_port.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/zk/jute.h"
#include "core/zk/proto.h"

namespace kz::broker {
namespace {

using client::ZkClient;

ZkCode to_code(zk::KeeperCode code) { return static_cast<ZkCode>(static_cast<int32_t>(code)); }

ZkStat to_stat(const zk::Stat& s) {
  return {s.czxid, s.mzxid, s.ctime, s.mtime, s.version, s.cversion, s.ephemeral_owner, s.num_children, s.pzxid};
}

}  // namespace

ZkClientPort::ZkClientPort(Config config, Connector& connector, Executor& executor, Rng& rng)
    : config_(std::move(config)),
      connector_(connector),
      executor_(executor),
      rng_(rng),
      log_("kafka.zookeeper.ZooKeeperClient", "ZooKeeperClient Kafka server"),
      client_(client_config(true), connector, executor, rng) {
  client_.set_listener([this](client::ZkEvent event) { on_event(event); });
  client_.set_bad_peer([this](const std::string& peer, Error why, const std::string& first_bytes) {
    if (on_bad_peer) on_bad_peer(peer, why, first_bytes);
  });
}

ZkClientPort::~ZkClientPort() = default;

client::ZkClientConfig ZkClientPort::client_config(bool retry) const {
  client::ZkClientConfig out;
  out.connect = config_.connect;
  out.session_timeout_ms = config_.session_timeout_ms;
  out.connection_timeout_ms = config_.connection_timeout_ms;
  out.retry_lost = retry;
  out.sasl = config_.sasl;
  return out;
}

void ZkClientPort::start(std::optional<SavedSession> predecessor,
                         std::move_only_function<void(std::expected<void, std::string>)> done) {
  started_ = std::move(done);
  start_timer_ = executor_.after(ms(config_.connection_timeout_ms), [this, w = std::weak_ptr<int>(alive_)] {
    if (!w.expired()) fail_start("Timed out waiting for connection while in state: CONNECTING");
  });
  log_.info("Waiting until connected.");
  if (predecessor && predecessor->id != 0) {
    take_over(*predecessor);
  } else {
    connect();
  }
}

void ZkClientPort::take_over(const SavedSession& old) {
  log_.info("Closing session 0x{:x} of the process that ran here before", static_cast<uint64_t>(old.id));
  predecessor_ = std::make_unique<ZkClient>(client_config(false), connector_, executor_, rng_);
  predecessor_->set_listener([this](client::ZkEvent event) {
    switch (event) {
      case client::ZkEvent::kConnected:
        predecessor_->close();
        break;
      case client::ZkEvent::kAttemptFailed:
      case client::ZkEvent::kDisconnected:
        break;
      case client::ZkEvent::kExpired:
      case client::ZkEvent::kAuthFailed:
      case client::ZkEvent::kClosed:
        // Not from inside its own callback.
        executor_.post([this, w = std::weak_ptr<int>(alive_)] {
          if (w.expired() || !predecessor_) return;
          predecessor_.reset();
          connect();
        });
        break;
    }
  });
  predecessor_->resume(old.id, old.password);
}

void ZkClientPort::connect() { client_.start(); }

void ZkClientPort::on_event(client::ZkEvent event) {
  switch (event) {
    case client::ZkEvent::kConnected:
      if (client_.session_id() == known_session_) return;
      known_session_ = client_.session_id();
      if (on_new_session) on_new_session({known_session_, client_.password()});
      log_.info("Connected.");
      if (first_) {
        create_chroot(1);
      } else {
        each_listener([](Listener& l) { l.on_session_ready(); });
      }
      break;
    case client::ZkEvent::kAttemptFailed:
    case client::ZkEvent::kDisconnected:
      break;
    case client::ZkEvent::kExpired:
      if (closing_) return;
      data_armed_.clear();
      child_armed_.clear();
      if (!first_) {
        log_.info("Session expired.");
        each_listener([](Listener& l) { l.on_session_expired(); });
      }
      executor_.post([this, w = std::weak_ptr<int>(alive_)] {
        if (!w.expired() && !closing_) client_.start();
      });
      break;
    case client::ZkEvent::kAuthFailed:
      log_.error("Auth failed, initialized={} connectionState={}", !first_, "AUTH_FAILED");
      fail_start("Auth failed either before or while waiting for connection");
      break;
    case client::ZkEvent::kClosed:
      if (closed_) std::exchange(closed_, nullptr)();
      break;
  }
}

void ZkClientPort::create_chroot(size_t from) {
  const auto where = client::parse_zk_connect(config_.connect);
  if (!where || where->chroot.empty() || from > where->chroot.size()) {
    ready();
    return;
  }
  const size_t slash = where->chroot.find('/', from);
  const std::string prefix = where->chroot.substr(0, slash);
  // The client's paths are below the chroot; its parents are reached only by a raw request.
  const zk::CreateRequest body{prefix, std::nullopt, zk::open_acl(), 0};
  client_.raw(zk::OpCode::kCreate, zk::jute::encode(body), [this, slash](zk::KeeperCode code, const Slice&) {
    if (code != zk::KeeperCode::kOk && code != zk::KeeperCode::kNodeExists) {
      fail_start(fmt::format("The chroot of zookeeper.connect cannot be created: {}", zk::keeper_code_name(code)));
    } else if (slash == std::string::npos) {
      ready();
    } else {
      create_chroot(slash + 1);
    }
  });
}

void ZkClientPort::ready() {
  first_ = false;
  executor_.cancel(start_timer_);
  start_timer_ = 0;
  if (started_) std::exchange(started_, nullptr)({});
}

void ZkClientPort::fail_start(std::string why) {
  executor_.cancel(start_timer_);
  start_timer_ = 0;
  if (started_) std::exchange(started_, nullptr)(std::unexpected(std::move(why)));
}

void ZkClientPort::close(std::move_only_function<void()> done) {
  closing_ = true;
  closed_ = std::move(done);
  // Without a session there is nothing to tell the server.
  if (known_session_ == 0) {
    client_.close(Duration{});
  } else {
    client_.close();
  }
}

std::vector<zk::Acl> ZkClientPort::acl_for(const std::string& path) const {
  if (!config_.set_acl || path == "/consumers") return zk::open_acl();
  std::vector<zk::Acl> out = {{zk::kPermAll, {"auth", ""}}};
  const bool secret = path.starts_with("/config/users") || path.starts_with("/config/brokers") ||
                      path.starts_with("/delegation_token/tokens");
  if (!secret) out.push_back({zk::kPermRead, {"world", "anyone"}});
  return out;
}

client::ZkClient::Watcher ZkClientPort::watcher(std::set<std::string>& armed, const std::string& path, bool watch) {
  if (!watch || !armed.insert(path).second) return {};
  return [this, &armed, path, w = std::weak_ptr<int>(alive_)](const client::ZkWatchEvent& event) {
    if (w.expired()) return;
    armed.erase(path);
    fire(event);
  };
}

void ZkClientPort::fire(const client::ZkWatchEvent& event) {
  ZkWatch what;
  switch (event.type) {
    case zk::EventType::kNodeCreated:
      what = ZkWatch::kCreated;
      break;
    case zk::EventType::kNodeDeleted:
      what = ZkWatch::kDeleted;
      break;
    case zk::EventType::kNodeDataChanged:
      what = ZkWatch::kDataChanged;
      break;
    case zk::EventType::kNodeChildrenChanged:
      what = ZkWatch::kChildrenChanged;
      break;
    default:
      return;
  }
  const std::string path = event.path;
  each_listener([&](Listener& l) { l.on_watch(what, path); });
}

void ZkClientPort::create(std::string path, std::string data, ZkMode mode, Done done) {
  if (data.empty() && mode == ZkMode::kPersistent) {
    // Kafka's nodes without content hold null, and some of its readers parse whatever is not null.
    const auto where = client::parse_zk_connect(config_.connect);
    const std::string chroot = where ? where->chroot : std::string();
    const zk::CreateRequest body{chroot + path, std::nullopt, acl_for(path), 0};
    client_.raw(zk::OpCode::kCreate, zk::jute::encode(body),
                [path, d = std::move(done)](zk::KeeperCode code, const Slice&) mutable {
                  ZkResult r;
                  r.code = to_code(code);
                  r.path = std::move(path);
                  d(std::move(r));
                });
    return;
  }
  std::vector<zk::Acl> acl = acl_for(path);
  client_.create(std::move(path), std::move(data), std::move(acl), static_cast<int32_t>(mode),
                 [d = std::move(done)](zk::KeeperCode code, std::string name, const zk::Stat& stat) mutable {
                   ZkResult r;
                   r.code = to_code(code);
                   r.path = std::move(name);
                   r.stat = to_stat(stat);
                   d(std::move(r));
                 });
}

void ZkClientPort::remove(std::string path, int32_t version, Done done) {
  client_.remove(path, version, [path, d = std::move(done)](zk::KeeperCode code) mutable {
    ZkResult r;
    r.code = to_code(code);
    r.path = std::move(path);
    d(std::move(r));
  });
}

void ZkClientPort::get(std::string path, bool watch, Done done) {
  auto w = watcher(data_armed_, path, watch);
  const bool armed = static_cast<bool>(w);
  client_.get(path, std::move(w),
              [this, path, armed, d = std::move(done)](zk::KeeperCode code, std::optional<std::string> data,
                                                       const zk::Stat& stat) mutable {
                if (armed && code != zk::KeeperCode::kOk) data_armed_.erase(path);  // a failed read sets no watch
                ZkResult r;
                r.code = to_code(code);
                r.path = std::move(path);
                r.data = std::move(data).value_or("");
                r.stat = to_stat(stat);
                d(std::move(r));
              });
}

void ZkClientPort::set(std::string path, std::string data, int32_t version, Done done) {
  auto finish = [path, d = std::move(done)](zk::KeeperCode code, const zk::Stat& stat) mutable {
    ZkResult r;
    r.code = to_code(code);
    r.path = std::move(path);
    r.stat = to_stat(stat);
    d(std::move(r));
  };
  client_.set(std::move(path), std::move(data), version, std::move(finish));
}

void ZkClientPort::exists(std::string path, bool watch, Done done) {
  auto w = watcher(data_armed_, path, watch);
  const bool armed = static_cast<bool>(w);
  client_.exists(path, std::move(w),
                 [this, path, armed, d = std::move(done)](zk::KeeperCode code, const zk::Stat& stat) mutable {
                   const bool set = code == zk::KeeperCode::kOk || code == zk::KeeperCode::kNoNode;
                   if (armed && !set) data_armed_.erase(path);
                   ZkResult r;
                   r.code = to_code(code);
                   r.path = std::move(path);
                   r.stat = to_stat(stat);
                   d(std::move(r));
                 });
}

void ZkClientPort::children(std::string path, bool watch, Done done) {
  auto w = watcher(child_armed_, path, watch);
  const bool armed = static_cast<bool>(w);
  client_.children(path, std::move(w),
                   [this, path, armed, d = std::move(done)](zk::KeeperCode code, std::vector<std::string> names,
                                                            const zk::Stat& stat) mutable {
                     if (armed && code != zk::KeeperCode::kOk) child_armed_.erase(path);
                     ZkResult r;
                     r.code = to_code(code);
                     r.path = std::move(path);
                     r.children = std::move(names);
                     r.stat = to_stat(stat);
                     d(std::move(r));
                   });
}

void ZkClientPort::multi(std::vector<ZkOp> ops, Done done) {
  std::vector<ZkClient::Op> out;
  out.reserve(ops.size());
  for (ZkOp& op : ops) {
    switch (op.kind) {
      case ZkOp::Kind::kCreate: {
        std::vector<zk::Acl> acl = acl_for(op.path);
        out.push_back(ZkClient::Op::create(std::move(op.path), std::move(op.data), std::move(acl),
                                           static_cast<int32_t>(op.mode)));
        break;
      }
      case ZkOp::Kind::kDelete:
        out.push_back(ZkClient::Op::remove(std::move(op.path), op.version));
        break;
      case ZkOp::Kind::kSetData:
        out.push_back(ZkClient::Op::set(std::move(op.path), std::move(op.data), op.version));
        break;
      case ZkOp::Kind::kCheck:
        out.push_back(ZkClient::Op::check(std::move(op.path), op.version));
        break;
    }
  }
  client_.multi(std::move(out),
                [d = std::move(done)](zk::KeeperCode code, std::vector<ZkClient::OpResult> results) mutable {
                  ZkResult r;
                  r.code = to_code(code);
                  for (ZkClient::OpResult& one : results) {
                    r.results.push_back({to_code(one.err), std::move(one.path), to_stat(one.stat)});
                  }
                  d(std::move(r));
                });
}

}  // namespace kz::broker
