// Pipeline: the server between its connections and the one order of transactions. Requests come in, Effects go out:
// prepare (prep.h) -> Broadcast -> apply to the tree, fire watches, answer. No sockets, files, clocks or threads.
// Order per connection: replies in the order of requests; a read waits for the writes before it on its connection, for
// nothing else; a watch event goes out before the reply of the write that caused it; pings are answered at once.
// Source: ZooKeeperServer, PrepRequestProcessor, FinalRequestProcessor, CommitProcessor, NIOServerCnxn @ 3.8.0.
// Guarded by its driver (one reactor); not thread-safe.
#pragma once
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/base/time.h"
#include "core/zk/auth.h"
#include "core/zk/broadcast.h"
#include "core/zk/config.h"
#include "core/zk/connection_throttle.h"
#include "core/zk/database.h"
#include "core/zk/effects.h"
#include "core/zk/four_letter.h"
#include "core/zk/prep.h"
#include "core/zk/session.h"
#include "core/zk/stats.h"
#include "core/zk/watch.h"

namespace kz::zk {

class Pipeline : private TreeEvents {
 public:
  // database: recovered (or fresh); broadcast, config and metrics (null: an own one) outlive the pipeline. Call start()
  // before anything else.
  Pipeline(const ZooConfig& config, ServerId server_id, std::unique_ptr<Database> database, Broadcast& broadcast,
           Now now, Metrics* metrics = nullptr);
  ~Pipeline() override;

  // The server serves from now on: recovered sessions get their full timeout, ephemerals of lost sessions go.
  void start(Now now, Effects& out);

  // ---- connections ----
  // A connection was accepted. May answer with Close (maxClientCnxns, maxCnxns). ip without port, IPv6 without
  // brackets.
  void on_open(ConnId conn, std::string ip, uint16_t port, Now now, Effects& out);
  // One frame without its length: the connect request first, then requests. The slice may be kept until answered.
  void on_frame(ConnId conn, Slice frame, Now now, Effects& out);
  // A four-letter word instead of a first frame: answers and closes. word as from four_letter_word().
  void on_four_letter(ConnId conn, std::string_view word, const ServerEnvironment& environment, Now now, Effects& out);
  // The connection is gone (peer closed, reset, oversized frame). Its session lives on until it expires.
  void on_closed(ConnId conn, Now now, Effects& out);

  // ---- time ----
  void on_tick(Now now, Effects& out);  // expiry, idle sockets, containers
  TimePoint deadline() const;           // when on_tick is due at the latest

  // ---- order ----
  // Standalone: everything up to zxid is on disk. Highest only; lower ones are implied.
  void on_durable(Zxid zxid, Now now, Effects& out) { on_committed(zxid, now, out); }
  // Leader: the quorum has everything up to zxid.
  void on_committed(Zxid zxid, Now now, Effects& out);
  // Learner: the next transaction of the order.
  void on_committed_txn(const Txn& txn, Now now, Effects& out);
  // Leader: a learner's client asks. The learner answers its client when the transaction comes back.
  void on_forwarded(const ForwardedRequest& request, Now now, Effects& out);
  // Learner: answers of the leader.
  void on_synced(SessionId session, int32_t cxid, Now now, Effects& out);
  void on_revalidated(SessionId session, bool valid, Now now, Effects& out);

  // Follower: an observer's clients touched it.
  void touch_for_observer(SessionId session, int32_t timeout_ms) { touched_[session] = timeout_ms; }
  // Learner: the sessions that clients of this server touched since the last call, with their timeouts.
  std::vector<std::pair<SessionId, int32_t>> take_touched();

  // ---- state for the driver ----
  // The role that this pipeline served is over: the database outlives it. Only the destructor may follow.
  std::unique_ptr<Database> take_database() { return std::move(database_); }
  Database& database() { return *database_; }
  const Database& database() const { return *database_; }
  SessionTracker& sessions() { return sessions_; }
  const Watches& watches() const { return watches_; }
  Zxid last_proposed() const { return prep_.last_zxid(); }
  // Transactions are numbered from the one after zxid. Before the first request.
  void propose_after(Zxid zxid) { prep_.set_last_zxid(zxid); }
  size_t connection_count() const { return connections_.size(); }
  bool has_connection(ConnId conn) const { return connections_.contains(conn); }
  int64_t outstanding() const { return in_process_; }
  ServerInfo info(const ServerEnvironment& environment, InfoNeeds needs, Now now) const;
  void reset_server_stats();      // srst
  void reset_connection_stats();  // crst
  const ZooConfig& config() const { return config_; }
  // Text in srvr's Mode line: "standalone", "leader", ...
  void set_mode(std::string mode) { mode_ = std::move(mode); }
  // Read-only mode (a server cut off from its quorum): only clients that accept it, sessions of this server alone,
  // writes refused with NotReadOnly. Before the first connection; the mode text becomes "read-only".
  void set_read_only();
  // Random bytes for SASL challenges; without them no SASL is offered. Before the first connection.
  using Entropy = std::function<std::string(size_t bytes)>;
  void set_entropy(Entropy entropy) { entropy_ = std::move(entropy); }
  // Shutdown: closes every connection; nothing is answered afterwards.
  void close_all(Effects& out);

 private:
  // A request of a connection that is not answered yet: a write on its way, or a read that waits behind one.
  struct Entry {
    RequestHeader header;
    bool write = false;
    Slice frame;  // reads
    TimePoint received;
    KeeperCode refused = KeeperCode::kOk;  // what it is answered, whatever became of it
    int32_t large_bytes = 0;               // counted against largeRequestMaxBytes
  };
  // A request that the throttle holds back.
  struct Held {
    ConnId conn = 0;
    RequestHeader header;
    Slice frame;
    TimePoint received;
    int32_t large_bytes = 0;
  };
  struct Connection;
  // A proposal on its way, and whom to answer (0: nobody here).
  struct Pending {
    Txn txn;
    ConnId conn = 0;
  };

  using Connections = boost::unordered_flat_map<ConnId, std::unique_ptr<Connection>>;

  // TreeEvents: watches fire while a transaction is applied.
  void on_created(std::string_view path) override;
  void on_deleted(std::string_view path) override;
  void on_data_changed(std::string_view path) override;
  void fire(const WatchEvent& event);  // a change did it
  void notify(const WatchEvent& event);

  Connection* find(ConnId conn) const;
  // sessions (pipeline_session.cc)
  void connect(Connection& c, const Slice& frame, Now now, Effects& out);
  void resume_session(Connection& c, const ConnectRequest& request, Now now, Effects& out);
  void finish_session(Connection& c, bool valid, Now now, Effects& out);
  void close_local(Connection& c, const RequestHeader& header, TimePoint received, Now now, Effects& out);
  bool needs_global_session(OpCode op, const Slice& body) const;
  void upgrade_session(Connection& c, Now now, Effects& out);
  void expire_sessions(Now now, Effects& out);
  void dump_sessions(ServerInfo& info) const;
  void drop(Connection& c, Effects& out);  // Close, and forget
  void forget(Connection& c);
  // requests (pipeline.cc)
  void request(Connection& c, const Slice& frame, Now now, Effects& out);
  void process(Connection& c, const Held& held, bool throttled, Now now, Effects& out);
  // authentication (pipeline_auth.cc)
  void authenticate(Connection& c, const RequestHeader& header, Reader& r, Now now, Effects& out);
  void sasl(Connection& c, const RequestHeader& header, Reader& r, Now now, Effects& out);
  KeeperCode eager_acl_check(const Connection& c, OpCode op, const Slice& body) const;
  void enqueue(Connection& c, Entry entry, Effects& out);
  void finished(const Entry& entry);
  // throttling (pipeline_throttle.cc)
  bool hold_back() const;
  void release_held(Now now, Effects& out);
  bool admit_large(int64_t frame_bytes) const;
  void write(Connection& c, const RequestHeader& header, const Slice& body, Now now, Effects& out);
  void propose(const PrepRequest& request, ConnId conn, Now now, Effects& out);
  void apply(Pending& pending, Now now, Effects& out);
  void answered(Connection& c, Now now, Effects& out);  // the front entry is done: what waits behind it runs
  // replies (replies.cc)
  void reply_to_write(Connection& c, const Entry& entry, const Txn& txn, const TxnResult& result, Now now,
                      Effects& out);
  void reply_to_read(Connection& c, const Entry& entry, Now now, Effects& out);
  // Sends header and scratch_ (the body) as one frame.
  void reply(Connection& c, const RequestHeader& header, KeeperCode err, TimePoint received, Now now, Effects& out,
             Percentile latency = Percentile::kReadLatency);
  void reply_header(Connection& c, const ReplyHeader& header, Effects& out);
  void send(Connection& c, Slice bytes, Effects& out);
  KeeperCode read(Connection& c, OpCode op, Reader& r, Effects& out);  // body into scratch_
  KeeperCode read_node(Connection& c, OpCode op, const PathRequest& request, Buffer& body);
  void count_read(std::string_view path, size_t bytes);
  void count_write(int32_t type, const TxnBody& body);
  void count_watches();  // those that fired since the last call
  KeeperCode read_acl(const Connection& c, const std::string& path);
  KeeperCode read_many(Connection& c, Reader& r);
  void set_watches(Connection& c, const SetWatches2& request, Effects& out);

  const ZooConfig& config_;
  ServerId server_id_;
  std::unique_ptr<Database> database_;
  Broadcast& broadcast_;
  Authenticator auth_;
  SessionTracker sessions_;
  Prep prep_;
  Watches watches_;
  Connections connections_;
  boost::unordered_flat_map<SessionId, ConnId> conn_of_session_;
  boost::unordered_flat_map<SessionId, int32_t> touched_;  // learners only
  std::deque<std::pair<TimePoint, ConnId>> sessionless_;   // sockets that must send a connect request by then
  boost::unordered_flat_map<std::string, int32_t> per_ip_;
  std::deque<Pending> pending_;
  Effects* events_out_ = nullptr;  // where watch events go while a transaction is applied
  ServerStats stats_;
  std::deque<std::pair<Zxid, uint64_t>> digest_log_;  // what `hash` prints
  ConnectionThrottle connection_throttle_;
  std::deque<Held> held_;
  TimePoint held_check_;     // when what is held is looked at again
  int64_t large_bytes_ = 0;  // of the large requests that are not answered yet
  bool ensemble_;            // others than this server's clients write too
  std::unique_ptr<Metrics> own_metrics_;
  Metrics& metrics_;
  std::array<int64_t, 5> fired_{};  // watches, by EventType
  int64_t in_process_ = 0;
  std::string mode_ = "standalone";
  bool read_only_ = false;
  Entropy entropy_;
  TimePoint started_;
  TimePoint next_container_check_;
  Buffer scratch_;
  log::Logger log_;
};

}  // namespace kz::zk
