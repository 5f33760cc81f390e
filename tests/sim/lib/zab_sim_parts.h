// Private to ZabSim's .cc files: a server's state, durable and not, and a connection between two of them.
#pragma once
#include "tests/sim/lib/zab_sim.h"

namespace kz::sim {

using zab::LinkId;
using zab::LoggedTxn;

struct ZabSim::Node {
  ServerId id = 0;
  bool observer = false;
  bool up = false;
  bool paused = false;
  uint64_t life = 0;                             // grows with each restart
  std::vector<std::function<void(Node&)>> held;  // events while paused

  // Durable.
  int64_t accepted_epoch = 0;
  int64_t current_epoch = 0;
  std::vector<LoggedTxn> snapshot;
  std::vector<LoggedTxn> log;
  zk::QuorumConfig config;               // zoo.cfg and its dynamic file
  std::optional<zk::QuorumConfig> next;  // the .dynamic.next file
  // Lost in a crash.
  std::vector<LoggedTxn> unsynced;
  bool syncing = false;
  std::vector<LoggedTxn> history;   // the tree: everything applied
  std::vector<LoggedTxn> pending;   // leader: proposed, not committed
  std::vector<LoggedTxn> incoming;  // a snapshot on its way in
  bool unsaved_snapshot = false;
  bool serving = false;
  bool port_open = false;
  int64_t epoch = 0;
  Zxid next_zxid = 0;
  Zxid delivered = 0;  // highest transaction that clients of this server may have seen
  std::unique_ptr<zab::CommittedLog> committed;
  std::unique_ptr<zab::QuorumPeer> peer;
  std::set<LinkId> links;
  TimePoint ticked_until;

  Zxid last_applied() const { return history.empty() ? 0 : history.back().zxid; }
};

// One connection on the quorum port. Frames keep their order in each direction.
struct ZabSim::Link {
  ServerId learner = 0;
  ServerId leader = 0;
  TimePoint last_delivery[2];                           // to the learner, to the leader
  std::deque<std::function<void(Node&)>> held_back[2];  // sent into a cut network: TCP sends it again until it arrives
};

inline zk::QuorumServer member(ServerId id, bool observer) {
  zk::QuorumServer s;
  s.id = id;
  s.observer = observer;
  s.addresses.push_back({{"h", static_cast<uint16_t>(id)}, {"h", static_cast<uint16_t>(100 + id)}});
  return s;
}

inline bool same(const LoggedTxn& a, const LoggedTxn& b) {
  return a.zxid == b.zxid && a.payload.text() == b.payload.text();
}

}  // namespace kz::sim
