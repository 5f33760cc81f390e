// A ZooKeeper session for zk-cli: calls that wait for their answers, and session events printed as zkCli.sh prints
// them. The session lives on the runtime's reactor; everything here is called by the tool's own thread.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/client_support.h"
#include "core/client/peer_hint.h"
#include "core/client/zk_client.h"

namespace kz::cmd {

// "NodeCreated"...
const char* zk_event_name(zk::EventType type);

class CliSession {
 public:
  CliSession(ToolRuntime& runtime, const client::ZkClientConfig& config) : runtime_(runtime) {
    runtime_.on_reactor([&] {
      zk_ = std::make_unique<client::ZkClient>(config, runtime_.connector(), runtime_.executor(), runtime_.rng());
      zk_->set_listener([this](client::ZkEvent e) { on_event(e); });
      zk_->set_bad_peer([this](const std::string& peer, Error, const std::string& bytes) {
        const auto kind = client::recognise_peer(bytes);
        if (kind != client::PeerKind::kUnknown && !std::exchange(hinted_, true)) {
          hint(client::peer_hint(kind, peer, "ZooKeeper"));
        }
      });
      zk_->start();
    });
  }
  ~CliSession() { close(); }

  bool wait_for_connection(int32_t timeout_ms) {
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

  void close() {
    if (!zk_) return;
    runtime_.wait<bool>([&](auto done) {
      closed_ = [done] { done(true); };
      zk_->close(ms(1000));
    });
    runtime_.on_reactor([&] { zk_.reset(); });
  }

  void print(const std::string& text) {
    std::lock_guard lock(mutex_);
    out_.put(text);
  }
  void flush() {
    std::lock_guard lock(mutex_);
    out_.flush();
  }
  bool output_failed() const { return out_.failed(); }

  // ---- calls that wait ----
  struct Reply {
    zk::KeeperCode code = zk::KeeperCode::kOk;
    std::optional<std::string> data{};
    std::string path{};
    std::vector<std::string> names{};
    std::vector<zk::Acl> acl{};
    zk::Stat stat{};
    Slice body{};
  };
  template <class Start>
  Reply call(Start start) {
    return runtime_.wait<Reply>(std::move(start));
  }
  Reply stat_of(const std::string& path, bool watch = false) {
    return call([&](auto done) {
      zk_->exists(path, watcher(watch),
                  [done](zk::KeeperCode c, const zk::Stat& s) { done(Reply{.code = c, .stat = s}); });
    });
  }
  Reply children_of(const std::string& path, bool watch = false) {
    return call([&](auto done) {
      zk_->children(path, watcher(watch), [done](zk::KeeperCode c, std::vector<std::string> names, const zk::Stat& s) {
        done(Reply{.code = c, .names = std::move(names), .stat = s});
      });
    });
  }
  Reply raw(zk::OpCode op, Slice body) {
    return call([&](auto done) {
      zk_->raw(op, body, [done](zk::KeeperCode c, Slice reply) { done(Reply{.code = c, .body = reply.detach()}); });
    });
  }

  client::ZkClient::Watcher watcher(bool wanted) {
    if (!wanted) return {};
    return [this](const client::ZkWatchEvent& e) { watcher_line("SyncConnected", zk_event_name(e.type), e.path); };
  }

  bool open() const { return zk_ != nullptr; }
  client::ZkClient& zk() { return *zk_; }

 private:
  void on_event(client::ZkEvent e) {
    if (e == client::ZkEvent::kConnected) {
      watcher_line("SyncConnected", "None", "null");
      if (auto fn = std::exchange(connected_, nullptr)) fn();
    } else if (e == client::ZkEvent::kDisconnected) {
      watcher_line("Disconnected", "None", "null");
    } else if (e == client::ZkEvent::kExpired) {
      watcher_line("Expired", "None", "null");
      zk_->start();
    } else if (e == client::ZkEvent::kAuthFailed) {
      watcher_line("AuthFailed", "None", "null");
    } else if (e == client::ZkEvent::kClosed) {
      if (auto fn = std::exchange(closed_, nullptr)) fn();
    }
  }
  void watcher_line(const std::string& state, const std::string& type, const std::string& path) {
    print("\nWATCHER::\n\nWatchedEvent state:" + state + " type:" + type + " path:" + path + "\n");
    flush();
  }
  ToolRuntime& runtime_;
  std::unique_ptr<client::ZkClient> zk_;
  std::mutex mutex_;
  Output out_;
  bool hinted_ = false;
  std::function<void()> connected_, closed_;
};

// Runs one command; returns its status. What it printed is out when it returns.
int execute_zk_command(CliSession& session, const std::vector<std::string>& args, bool& quit);
void print_zk_usage();

}  // namespace kz::cmd
