// ZkSession: the pure half of a ZooKeeper client: handshake, xids, pings, answers in order, watches and their
// re-arming. Follows ClientCnxn.java and ZKWatchManager.java @ release-3.8.0. Paths here are full paths (chroot
// included). Inputs are member functions, what is to be done comes out in ZkSession::Output. Owned by ZkClient; not
// thread-safe.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/bytes/slab.h"
#include "core/client/zk_watches.h"
#include "core/zk/digest_md5.h"
#include "core/zk/jaas.h"
#include "core/zk/proto.h"

namespace kz::client {

class ZkSession {
 public:
  using WatchFn = ZkWatches::WatchFn;
  using ReplyFn = std::move_only_function<void(zk::KeeperCode, Slice body)>;
  // kRemove: a removeWatches; its answer takes watches away.
  enum class WatchKind : uint8_t { kNone, kData, kExists, kChild, kPersistent, kRecursive, kRemove };
  struct Request {
    zk::OpCode type = zk::OpCode::kError;
    Slice body;
    ReplyFn done;
    WatchKind watch = WatchKind::kNone;
    std::string path;  // what the watch is on
    ZkWatches::Watcher watcher{};
    zk::WatcherType remove_type = zk::WatcherType::kAny;
    bool remove_local = false;  // also when the server cannot be asked
  };
  enum class Happened : uint8_t { kNothing, kConnected, kExpired, kAuthFailed, kClosed, kBroken };
  // What a step wants. Calls run after frames are sent, in order; the owner runs them outside the machine.
  struct Output {
    std::vector<Slice> frames;
    std::vector<std::move_only_function<void()>> calls;
    Happened happened = Happened::kNothing;
    const char* why = "";  // of kBroken: the connection is to be dropped
  };

  // retry_lost: unanswered requests are kept and sent again after a reconnect.
  // read_only: a server without a quorum will do.
  explicit ZkSession(bool retry_lost, bool read_only = false) : retry_lost_(retry_lost), may_read_only_(read_only) {}

  // Every connection begins with a SASL exchange (DIGEST-MD5). nonce: fresh random text for each.
  void set_login(zk::SaslLogin login, std::function<std::string()> nonce);
  // A session still to be created (id 0), or one to be taken over. Forgets watches; keeps auth info.
  void begin(SessionId id, std::string password, int32_t timeout_ms);
  void submit(Request request, TimePoint now, Output& out);
  void add_auth(std::string scheme, std::string auth, std::move_only_function<void(zk::KeeperCode)> done, TimePoint now,
                Output& out);
  // TCP is up: sends the ConnectRequest.
  void on_transport_up(TimePoint now, Output& out);
  void on_frame(const Slice& frame, TimePoint now, Output& out);
  // The connection is gone. Unanswered requests fail with kConnectionLoss or are kept.
  void on_transport_lost(Output& out);
  // No connection could be made: queued requests fail with kConnectionLoss.
  void fail_queued(zk::KeeperCode code, Output& out);
  void on_tick(TimePoint now, Output& out);
  TimePoint deadline() const;
  // The owner gives the session up: everything outstanding fails with kSessionExpired.
  void abandon(Output& out);
  // Queues closeSession behind what is pending.
  void request_close(TimePoint now, Output& out);

  bool connected() const { return phase_ == Phase::kConnected; }
  bool over() const { return phase_ == Phase::kOver; }
  bool resumed() const { return resumed_; }
  bool read_only() const { return connected() && read_only_; }  // the server serves reads only
  SessionId id() const { return id_; }
  const std::string& password() const { return password_; }
  int32_t negotiated_timeout_ms() const { return negotiated_ms_; }
  Zxid last_zxid() const { return last_zxid_; }
  bool idle() const { return pending_.empty() && queued_.empty(); }

 private:
  enum class Phase : uint8_t { kDown, kHandshake, kSasl, kConnected, kOver };
  struct Pending {
    int32_t xid = 0;
    Request request;
  };
  struct Auth {
    std::string scheme;
    std::string auth;
    std::move_only_function<void(zk::KeeperCode)> done;
  };
  void on_connect_response(const Slice& frame, TimePoint now, Output& out);
  void send_sasl(std::string_view token, TimePoint now, Output& out);
  void on_sasl(zk::KeeperCode err, const Slice& body, TimePoint now, Output& out);
  void established(TimePoint now, Output& out);
  void on_event(const Slice& body, Output& out);
  void on_reply(int32_t xid, zk::KeeperCode err, Slice body, Output& out);
  void transmit(TimePoint now, Output& out);
  void frame(int32_t xid, zk::OpCode type, Bytes body, TimePoint now, Output& out);
  void send_auth(const Auth& auth, TimePoint now, Output& out);
  void rearm_watches(TimePoint now, Output& out);
  void end(zk::KeeperCode code, Happened happened, Output& out);
  static void tell(std::vector<ZkWatches::Event>& events, Output& out);
  // Answers a request that will get no more from a server; watches follow the answer.
  void finish(Request& request, zk::KeeperCode err, Slice body, Output& out);

  const bool retry_lost_;
  const bool may_read_only_;
  bool read_only_ = false;
  Phase phase_ = Phase::kDown;
  SessionId id_ = 0;
  std::string password_ = std::string(16, '\0');
  int32_t asked_ms_ = 0;
  int32_t negotiated_ms_ = 0;
  Zxid last_zxid_ = 0;
  bool resumed_ = false;
  int32_t next_xid_ = 1;
  TimePoint last_sent_;
  TimePoint last_heard_;
  bool ping_outstanding_ = false;
  std::deque<Request> queued_;
  std::deque<Pending> pending_;
  std::deque<std::move_only_function<void(zk::KeeperCode)>> auth_pending_;  // one per auth frame sent, maybe empty
  std::vector<Auth> auths_;
  std::optional<zk::SaslLogin> login_;
  std::function<std::string()> nonce_;
  std::optional<zk::DigestMd5Client> sasl_;  // while an exchange is on
  ZkWatches watches_;
};

}  // namespace kz::client
