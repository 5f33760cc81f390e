// ZkPort over client::ZkClient: one session that is made anew after its expiry, each watch set once, the chroot
// created, and at start the session of a crashed predecessor closed, so that its ephemerals go at once. Source:
// kafka/zookeeper/ZooKeeperClient.scala @ 3.4.0; docs of the take-over in core/client/zk_client.h. Thread rule: one
// executor.
#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/broker/zk/zk_port.h"
#include "core/client/zk_client.h"

namespace kz::broker {

class ZkClientPort final : public ZkPort {
 public:
  struct Config {
    std::string connect;  // zookeeper.connect, chroot included; must parse
    int32_t session_timeout_ms = 18000;
    int32_t connection_timeout_ms = 18000;
    bool set_acl = false;  // zookeeper.set.acl
    std::optional<zk::SaslLogin> sasl;
  };
  struct SavedSession {
    SessionId id = 0;
    std::string password;
  };
  // All outlive the port.
  ZkClientPort(Config config, Connector& connector, Executor& executor, Rng& rng);
  ~ZkClientPort() override;

  // A session was established: to be kept on disk, for the next process's take-over.
  std::function<void(const SavedSession&)> on_new_session;
  // What answered instead of ZooKeeper, see ZkClient::set_bad_peer.
  client::ZkClient::BadPeer on_bad_peer;

  // Connects; closes `predecessor` first. Fails after connection_timeout_ms with Kafka's text.
  void start(std::optional<SavedSession> predecessor,
             std::move_only_function<void(std::expected<void, std::string>)> done);
  // Ends the session; done when the server knows or the deadline has passed.
  void close(std::move_only_function<void()> done);
  const client::ZkClient& client() const { return client_; }

  void create(std::string path, std::string data, ZkMode mode, Done done) override;
  void remove(std::string path, int32_t version, Done done) override;
  void get(std::string path, bool watch, Done done) override;
  void set(std::string path, std::string data, int32_t version, Done done) override;
  void exists(std::string path, bool watch, Done done) override;
  void children(std::string path, bool watch, Done done) override;
  void multi(std::vector<ZkOp> ops, Done done) override;
  SessionId session_id() const override { return client_.session_id(); }
  void add_listener(Listener* listener) override { listeners_.push_back(listener); }
  void remove_listener(Listener* listener) override { std::erase(listeners_, listener); }

 private:
  client::ZkClientConfig client_config(bool retry) const;
  void take_over(const SavedSession& old);
  void connect();
  void on_event(client::ZkEvent event);
  void create_chroot(size_t from);
  void ready();
  void fail_start(std::string why);
  std::vector<zk::Acl> acl_for(const std::string& path) const;
  client::ZkClient::Watcher watcher(std::set<std::string>& armed, const std::string& path, bool watch);
  void fire(const client::ZkWatchEvent& event);
  template <class F>
  void each_listener(F f) {
    const std::vector<Listener*> now = listeners_;
    for (Listener* l : now) {
      if (std::ranges::find(listeners_, l) != listeners_.end()) f(*l);
    }
  }

  const Config config_;
  Connector& connector_;
  Executor& executor_;
  Rng& rng_;
  log::Logger log_;
  client::ZkClient client_;
  std::unique_ptr<client::ZkClient> predecessor_;
  std::vector<Listener*> listeners_;
  std::set<std::string> data_armed_;
  std::set<std::string> child_armed_;
  std::move_only_function<void(std::expected<void, std::string>)> started_;
  std::move_only_function<void()> closed_;
  TimerId start_timer_ = 0;
  SessionId known_session_ = 0;
  bool first_ = true;
  bool closing_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace kz::broker
