// ZkClient: a ZooKeeper client session over a Connector: host list, chroot, reconnection, watches, resumption.
// Follows ClientCnxn.java and ConnectStringParser.java @ release-3.8.0; retry of lost operations as Kafka's
// ZooKeeperClient/KafkaZkClient.retryRequestsUntilConnected @ 3.4.0.
// Owner: one executor; every call and every callback is on its thread. Not thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/bytes/slab.h"
#include "core/client/zk_session.h"
#include "core/ports_net.h"
#include "core/zk/proto.h"

namespace kz::client {

// "h1:2181,h2:2181/chroot". A port defaults to 2181; IPv6 addresses stand in brackets.
struct ZkConnectString {
  struct Host {
    std::string host;
    uint16_t port = 2181;
  };
  std::vector<Host> hosts;
  std::string chroot;  // "" or "/a/b"
};
Result<ZkConnectString> parse_zk_connect(std::string_view text);

struct ZkClientConfig {
  std::string connect;
  int32_t session_timeout_ms = 18000;     // asked for; the server clamps it
  int32_t connection_timeout_ms = 18000;  // for one attempt at one host at most (Java: session timeout / hosts)
  // Operations whose answer was lost with the connection are sent again after the reconnect instead of failing with
  // kConnectionLoss. The caller must then expect kNodeExists / kNoNode / kBadVersion from its own first attempt.
  bool retry_lost = false;
  // Queued operations fail with kConnectionLoss when no host gave a session (Java: at the first one); else they wait.
  bool fail_queued = false;
  bool shuffle_hosts = true;
  int32_t retry_ms_min = 10;  // pause after all hosts were tried, drawn from the range (Java: up to 1 s)
  int32_t retry_ms_max = 1000;
  size_t frame_max = 4 * 1024 * 1024;
  std::optional<zk::SaslLogin> sasl{};  // every connection is authenticated by DIGEST-MD5
  bool read_only = false;               // a server that has lost its quorum will do
};

enum class ZkEvent : uint8_t {
  kConnected,      // a session is established or re-established (see resumed())
  kDisconnected,   // the connection is lost; the session may live on
  kAttemptFailed,  // one host gave no session; the next is tried
  kExpired,        // the session is over: its ephemerals and watches are gone, queued operations have failed
  kAuthFailed,     // the server refused addauth; the session is over
  kClosed,         // close() has finished
};

// A one-shot notification of a watch. path is relative to the chroot.
struct ZkWatchEvent {
  zk::EventType type = zk::EventType::kNone;
  std::string path;
};

class ZkClient final : private ConnectionHandler {
 public:
  using Listener = std::function<void(ZkEvent)>;
  using Watcher = std::move_only_function<void(const ZkWatchEvent&)>;  // empty = no watch is set
  // What an operation by raw() leaves on a path, with the default watcher.
  struct WatchOn {
    ZkSession::WatchKind kind = ZkSession::WatchKind::kNone;
    std::string path{};  // with the chroot
  };
  using Done = std::move_only_function<void(zk::KeeperCode)>;
  using StatDone = std::move_only_function<void(zk::KeeperCode, const zk::Stat&)>;
  using CreateDone = std::move_only_function<void(zk::KeeperCode, std::string path, const zk::Stat&)>;
  using DataDone = std::move_only_function<void(zk::KeeperCode, std::optional<std::string> data, const zk::Stat&)>;
  using ChildrenDone = std::move_only_function<void(zk::KeeperCode, std::vector<std::string> names, const zk::Stat&)>;
  using AclDone = std::move_only_function<void(zk::KeeperCode, std::vector<zk::Acl>, const zk::Stat&)>;

  // One operation of a multi, and its result (err is kOk for those before a failed one, kRuntimeInconsistency after).
  struct Op {
    enum class Kind : uint8_t { kCreate, kDelete, kSet, kCheck } kind = Kind::kCheck;
    std::string path;
    std::string data;
    std::vector<zk::Acl> acl;
    int32_t flags = 0;  // create mode
    int32_t version = -1;
    static Op create(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags = 0);
    static Op remove(std::string path, int32_t version = -1);
    static Op set(std::string path, std::string data, int32_t version = -1);
    static Op check(std::string path, int32_t version);
  };
  struct OpResult {
    zk::KeeperCode err = zk::KeeperCode::kOk;
    std::string path;  // created
    zk::Stat stat;     // set
  };
  using MultiDone = std::move_only_function<void(zk::KeeperCode, std::vector<OpResult>)>;

  // All three outlive the client. The connect string must parse (checked by the caller with parse_zk_connect).
  ZkClient(ZkClientConfig config, Connector& connector, Executor& executor, Rng& rng);
  ~ZkClient() override;
  ZkClient(const ZkClient&) = delete;
  ZkClient& operator=(const ZkClient&) = delete;

  void set_listener(Listener listener) { listener_ = std::move(listener); }
  // Told of the events of watches that have no watcher of their own; such a watch stands once at a path, however often
  // it was set, and an event is told once. Set before the first such watch.
  void set_default_watcher(Watcher watcher) { default_watcher_ = wrap(std::move(watcher)); }
  // What is known of the peer that answered with something else than ZooKeeper (its first bytes), for hints.
  using BadPeer = std::function<void(const std::string& host_port, Error why, const std::string& first_bytes)>;
  void set_bad_peer(BadPeer fn) { bad_peer_ = std::move(fn); }

  // Begins connecting, with a new session. After kExpired: begins a new session (auth info is sent again).
  void start();
  // Begins connecting with an old session: kConnected with resumed() true if the server still has it, else kExpired.
  void resume(SessionId id, std::string password);
  // Ends the session on the server (its ephemerals go), then reports kClosed. Without a connection: waits for one until
  // the deadline, then gives up. Pending operations are sent first.
  void close(Duration give_up_after = ms(3000));

  bool connected() const { return session_.connected(); }
  bool over() const { return session_.over(); }
  bool read_only() const { return session_.read_only(); }
  bool resumed() const { return session_.resumed(); }
  SessionId session_id() const { return session_.id(); }               // 0 = none yet
  const std::string& password() const { return session_.password(); }  // 16 raw bytes
  int32_t session_timeout_ms() const { return session_.negotiated_timeout_ms(); }
  Zxid last_zxid() const { return session_.last_zxid(); }  // the highest seen in any answer
  std::string server() const;                              // "host:port" last tried

  // Operations. Paths are relative to the chroot. Callbacks come in the order of the calls, each once, never from
  // inside the call. Failures beside the server's: kConnectionLoss, kSessionExpired.
  void create(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags, CreateDone done);
  void create_null(std::string path, std::vector<zk::Acl> acl, int32_t flags, CreateDone done);  // with null data
  void create_ttl(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags, int64_t ttl_ms,
                  CreateDone done);
  void create2(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags, CreateDone done);
  void remove(std::string path, int32_t version, Done done);
  void exists(std::string path, Watcher watcher, StatDone done);
  void get(std::string path, Watcher watcher, DataDone done);
  void set(std::string path, std::string data, int32_t version, StatDone done);
  // Null data is a thing of its own in ZooKeeper.
  void set_null(std::string path, int32_t version, StatDone done);
  void children(std::string path, Watcher watcher, ChildrenDone done);  // getChildren2
  void get_acl(std::string path, AclDone done);
  void set_acl(std::string path, std::vector<zk::Acl> acl, int32_t version, StatDone done);
  void sync(std::string path, Done done);
  void multi(std::vector<Op> ops, MultiDone done);
  // Kept and sent again after every reconnect.
  void add_auth(std::string scheme, std::string auth, Done done);
  // A watch that stays (3.6), for the default watcher.
  void add_watch(std::string path, zk::AddWatchMode mode, Done done);
  // Removes this session's watches on a path; their watchers hear kDataWatchRemoved and so on. local: also without a
  // server. kNoWatcher: there are none.
  void remove_watches(std::string path, zk::WatcherType type, bool local, Done done);
  // Any other operation: type and jute body as they go to the wire; done sees the reply's body (paths not stripped).
  void raw(zk::OpCode type, Slice body, std::move_only_function<void(zk::KeeperCode, Slice body)> done) {
    raw(type, std::move(body), std::move(done), WatchOn());
  }
  void raw(zk::OpCode type, Slice body, std::move_only_function<void(zk::KeeperCode, Slice body)> done, WatchOn watch);
  // With the chroot in front, as raw bodies need it.
  std::string full(const std::string& path) const;

  // Creates path and its missing parents (persistent, data on the last only; existing ones are fine).
  void create_recursive(std::string path, std::string data, std::vector<zk::Acl> acl, Done done);

 private:
  void on_connected(ConnId conn) override;
  void on_frame(ConnId conn, Slice frame) override;
  void on_closed(ConnId conn, Error why, std::string first_bytes) override;

  void connect_next(Duration delay);
  void connect_now();
  void lost(const char* why);
  void run(ZkSession::Output out);
  void finish_close(ZkSession::Output out);
  void arm_timer();
  void on_timer();
  void emit(ZkEvent event);
  std::string strip(std::string path) const;
  void submit(ZkSession::Request request);
  ZkWatches::Watcher wrap(Watcher watcher);

  ZkClientConfig config_;
  Connector& connector_;
  Executor& executor_;
  Rng& rng_;
  log::Logger log_{"org.apache.zookeeper.ClientCnxn"};
  ZkConnectString where_;
  size_t next_host_ = 0;
  size_t tried_ = 0;  // hosts tried since the last established session
  ZkSession session_;
  ZkWatches::Watcher default_watcher_;
  Listener listener_;
  BadPeer bad_peer_;
  ConnId conn_ = 0;
  bool tcp_up_ = false;
  bool started_ = false;
  bool closing_ = false;
  TimerId timer_ = 0;
  TimePoint timer_at_;
  TimerId connect_timer_ = 0;
  TimePoint close_deadline_ = TimePoint::max();
  TimePoint attempt_deadline_ = TimePoint::max();
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // posted work checks it
};

}  // namespace kz::client
