// SimClient: a ZooKeeper client in bytes: a session that moves between servers, pipelined requests, watches that are
// set again after a reconnection, an ephemeral node of its own. It knows what a client may rely on:
//   - answers come in the order of the requests, with zxids that never fall;
//   - an acknowledged write is in the one history, and is that client's;
//   - a read never shows less than an earlier answer to the same client;
//   - whoever sees a change under a watch has had the watch's event before; an event comes once for a watch;
//   - the own ephemeral node is there as long as the session is.
// Owned by EnsembleSim; single-threaded.
#pragma once
#include <deque>
#include <map>
#include <string>

#include "core/zk/proto.h"
#include "tests/sim/lib/ensemble_server.h"

namespace kz::sim {

class SimClient {
 public:
  SimClient(World& world, Order& order, SimServers& servers, const EnsembleScenario& scenario, Party party);
  void start();
  void stop();  // gone without a word: its session has to expire

  size_t acknowledged() const { return acknowledged_; }
  size_t reads() const { return reads_; }
  size_t sessions() const { return sessions_; }
  size_t events() const { return events_; }

 private:
  enum class Kind {
    kCreateShared,
    kCreateEphemeral,
    kExistsOwn,
    kSet,
    kGet,
    kSync,
    kSequence,
    kDelete,
    kMulti,
    kPing,
    kSetWatches
  };
  struct Request {
    int32_t xid = 0;
    Kind kind = Kind::kPing;
    std::string path;
    bool watch = false;
  };

  void connect();
  void disconnected(uint64_t link);
  void on_frame(uint64_t link, const Frame& frame);
  void on_connected(const Frame& frame);
  void on_reply(Reader& r, const zk::ReplyHeader& header);
  void on_event(const std::string& path);
  void request();
  void ask(Kind kind, std::string path, zk::OpCode op, auto... body);
  void beat(uint64_t link);
  void fail(const std::string& what);
  std::string own_path() const { return "/own-" + std::to_string(party_); }

  World& world_;
  Order& order_;
  SimServers& servers_;
  const EnsembleScenario& scenario_;
  const Party party_;
  Rng rng_;

  uint64_t link_ = 0;
  bool open_ = false;     // the session is confirmed on this connection
  uint64_t attempt_ = 0;  // of connecting
  TimePoint heard_;
  TimePoint asked_;
  SessionId session_ = 0;
  Slice password_;
  Zxid last_zxid_ = 0;  // of the last answer, over all sessions
  int32_t xid_ = 0;
  std::deque<Request> waiting_;
  std::map<std::string, Zxid> seen_;     // path -> the newest mzxid that an answer showed
  std::map<std::string, Zxid> watched_;  // path -> mzxid when the data watch was set
  bool own_ = false;                     // the ephemeral node was acknowledged in this session
  bool stopping_ = false;
  uint64_t value_ = 0;
  size_t acknowledged_ = 0;
  size_t reads_ = 0;
  size_t sessions_ = 0;
  size_t events_ = 0;
};

}  // namespace kz::sim
