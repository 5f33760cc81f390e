// ZabSim: an ensemble of QuorumPeers in one thread on a virtual clock: links that delay, drop and partition (one way
// and both), disks that lose what was not synced, servers that crash, pause and restart, clients that write. One seed
// draws everything. After each event the invariants of atomic broadcast are checked:
//   - a transaction committed anywhere is never lost or changed, and all servers deliver in one order;
//   - a new leader starts with everything committed before it; at most one leader serves an epoch;
//   - after healing, all servers deliver a new write within a bound.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/zab/quorum_peer.h"

namespace kz::sim {

struct ZabScenario {
  int voters = 3;
  int observers = 0;
  Duration duration = ms(60000);
  double fault_per_second = 0.5;  // how often something breaks
  double write_per_second = 200;
  bool crashes = true;
  bool partitions = true;
  bool pauses = true;
  double reconfig_share = 0;  // of the writes: members added, removed, promoted and demoted
  // Planted bugs.
  bool bug_ack_before_sync = false;
  bool bug_order_by_id_first = false;
  bool bug_skip_trunc = false;
  bool bug_commit_without_quorum = false;
  bool bug_accept_stale_epoch = false;

  // Size, fault rate and load drawn from the seed.
  static ZabScenario drawn(uint64_t seed);
};

class ZabSim {
 public:
  ZabSim(uint64_t seed, ZabScenario scenario);
  ~ZabSim();
  // Runs faults and writes for the scenario's duration, heals, and waits for progress. The first broken invariant, or
  // nullopt.
  std::optional<std::string> run();
  size_t committed() const { return order_.size(); }
  size_t elections() const { return leaders_by_epoch_.size(); }
  size_t reconfigs() const { return reconfigs_; }
  TimePoint now() const { return now_; }
  // One line per event: time, server, what. Called while running.
  std::function<void(const std::string&)> trace;

 private:
  struct Node;
  struct Link;
  struct Event {
    TimePoint at;
    uint64_t sequence;
    std::function<void()> run;
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : sequence > o.sequence; }
  };

  void after(Duration delay, std::function<void()> run);
  void on_node(ServerId id, Duration delay, std::function<void(Node&)> run);  // dropped if the node restarts meanwhile
  void boot(Node& node);
  void crash(Node& node);
  void apply(Node& node, zab::Effects& effects);
  void apply_one(Node& node, zab::Effect& effect);
  void step(Node& node, const std::function<void(zab::Effects&)>& input);
  void sync_log(Node& node);
  void arm_tick(Node& node);
  void connect(Node& node, ServerId leader, int attempts);
  void close_link(uint64_t link, ServerId closer);
  void tell_closed(ServerId id, uint64_t link);
  void transmit(uint64_t link, ServerId from, std::function<void(Node&)> arrive);
  void reconnect_network();
  void deliver(Node& node, const zab::LoggedTxn& txn);
  void client_write();
  std::optional<zk::QuorumConfig> drawn_config(Node& leader, Zxid zxid);
  void fault();
  void heal();
  bool reachable(ServerId from, ServerId to) const;
  Duration latency();
  void fail(const std::string& what);
  void note(ServerId id, const std::string& what);

  ZabScenario scenario_;
  Rng rng_;
  TimePoint now_;
  uint64_t sequence_ = 0;
  std::priority_queue<Event> events_;
  std::map<ServerId, std::unique_ptr<Node>> nodes_;
  std::map<uint64_t, Link> links_;
  uint64_t next_link_ = 1;
  std::set<std::pair<ServerId, ServerId>> cut_;           // from -> to
  std::vector<std::pair<ServerId, uint64_t>> half_open_;  // closed at the other end, and the news is not here yet
  std::vector<zab::LoggedTxn> order_;                     // everything delivered anywhere, in zxid order
  std::map<int64_t, ServerId> leaders_by_epoch_;
  uint64_t next_write_ = 1;
  size_t reconfigs_ = 0;  // in force at the leader
  std::optional<std::string> broken_;
};

}  // namespace kz::sim
