// zk-cli's session with ZooKeeper: connected, closed and connected again elsewhere; calls that wait for their answers;
// session and watch events printed as zkCli.sh prints them. Source: ZooKeeperMain.java @ release-3.8.0.
// The client lives on the runtime's reactor; everything here is called by the tool's own thread.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/client_support.h"
#include "cmd/zk_cli_console.h"
#include "core/bytes/reader.h"
#include "core/client/zk_client.h"
#include "core/zk/jute.h"

namespace kz::cmd {

class CliSession {
 public:
  // config.connect is the first server; the rest holds for every connect().
  CliSession(ToolRuntime& runtime, ZkConsole& console, client::ZkClientConfig config);
  ~CliSession();

  // Closes what is open and begins a session there. False: not a connect string; nothing has happened.
  bool connect(const std::string& where);
  bool wait_for_connection(int32_t timeout_ms);
  // Ends the session. loud: with the event that Java's close() has.
  void close(bool loud);

  // Of ZooKeeper.States: "CONNECTING", "CONNECTED", "CLOSED"...
  std::string state();
  bool alive();  // not closed, expired or refused
  bool connected();
  const std::string& server() const { return config_.connect; }
  int32_t timeout_ms() const { return config_.session_timeout_ms; }
  std::atomic<bool>& print_watches() { return print_watches_; }
  ZkConsole& console() { return console_; }

  // ---- calls that wait ----
  struct Reply {
    zk::KeeperCode code = zk::KeeperCode::kOk;
    Slice body{};
  };
  // An operation as it goes to the wire; watch: what it leaves with the session's own watcher.
  Reply raw(zk::OpCode op, Slice body, client::ZkClient::WatchOn watch = {});
  // With body and answer as records. false flags a code in `code`.
  template <class Response, class Request>
  zk::KeeperCode ask(zk::OpCode op, const Request& request, Response& response, client::ZkClient::WatchOn watch = {}) {
    Reply r = raw(op, zk::jute::encode(request), std::move(watch));
    if (r.code != zk::KeeperCode::kOk) return r.code;
    Reader in(r.body);
    return zk::jute::read(in, response) ? zk::KeeperCode::kOk : zk::KeeperCode::kMarshallingError;
  }
  template <class Request>
  zk::KeeperCode tell(zk::OpCode op, const Request& request) {
    return raw(op, zk::jute::encode(request)).code;
  }
  // Runs start(client, done) on the reactor and waits for done(code).
  template <class Start>
  zk::KeeperCode code_of(Start start) {
    return runtime_.wait<zk::KeeperCode>([&](auto done) { start(*zk_, done); });
  }
  void add_auth_later(const std::string& scheme, const std::string& auth);
  std::string full(const std::string& path);         // with the chroot in front
  std::string strip(const std::string& path) const;  // without it

  zk::KeeperCode children(const std::string& path, bool watch, zk::GetChildren2Response& out);
  zk::KeeperCode exists(const std::string& path, bool watch, zk::Stat& out);
  zk::KeeperCode get(const std::string& path, bool watch, zk::GetDataResponse& out);
  zk::KeeperCode create(const std::string& path, const zk::NullableBytes& data);  // persistent, open to all

 private:
  void on_event(client::ZkEvent e);
  void on_watch(const client::ZkWatchEvent& e);
  void event_lines(const std::string& state, const std::string& type, const std::string& path);

  ToolRuntime& runtime_;
  ZkConsole& console_;
  client::ZkClientConfig config_;
  std::string chroot_;
  std::unique_ptr<client::ZkClient> zk_;
  std::atomic<bool> print_watches_ = true;
  bool hinted_ = false;
  std::atomic<bool> auth_failed_ = false;
  std::atomic<bool> expired_ = false;
  std::function<void()> connected_, closed_;
};

}  // namespace kz::cmd
