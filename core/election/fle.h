// FastLeaderElection: finds the server that a quorum will follow. Source: FastLeaderElection @ ZooKeeper 3.8.0.
// Two differences, for speed: a peer of the same round with a worse vote is answered; and a round ends as soon as every
// voter that can still answer has given the winning vote; the fixed wait (finalizeWait, 200 ms) is kept only while some
// voter's silence is unexplained. Guarded by its driver; not thread-safe.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "core/base/time.h"
#include "core/election/notification.h"
#include "core/zk/quorum_config.h"

namespace kz::election {

// Send this to that server's election port; only the newest message per server matters.
struct SendNotification {
  ServerId to;
  Notification notification;
};
// No answer so far: open the connections that are missing.
struct ConnectAll {};
// LOOKING is over. state: kLeading, kFollowing or kObserving.
struct Elected {
  Vote vote;
  ServerState state;
};
// A peer has a newer configuration than ours (only with reconfig enabled): it is in force now. look_again: its members
// are others than ours, so this round is void.
struct NewerConfig {
  zk::QuorumConfig config;
  bool look_again = false;
};
using ElectionEffect = std::variant<SendNotification, ConnectAll, Elected, NewerConfig>;
using ElectionEffects = std::vector<ElectionEffect>;

struct ElectionOptions {
  ServerId self = 0;
  bool observer = false;
  bool reconfig_enabled = false;
  Duration finalize_wait = ms(200);
  Duration notification_interval_min = ms(200);
  Duration notification_interval_max = ms(60000);
  // Tests plant a known bug with this: votes ordered by id before zxid.
  bool bug_order_by_id_first = false;
};

class FastLeaderElection {
 public:
  FastLeaderElection(ElectionOptions options, zk::QuorumConfig config);

  // The configuration in force, and the proposed one while a reconfiguration is under way.
  void set_config(zk::QuorumConfig config, std::optional<zk::QuorumConfig> next);
  const zk::QuorumConfig& config() const { return config_; }
  void set_observer(bool observer) { options_.observer = observer; }
  // A reconfiguration says who leads: no election.
  void settle(ServerId leader, Zxid last_zxid, ServerState state);

  // Starts a round. last_zxid: last logged; -1 = an empty database that may not be trusted. epoch: currentEpoch.
  void look(Zxid last_zxid, int64_t epoch, TimePoint now, ElectionEffects& out);
  // Stops looking without a result (shutdown).
  void stop();

  void on_notification(ServerId from, const Notification& notification, TimePoint now, ElectionEffects& out);
  // The connection to a server cannot be made (refused, no route) or was lost; or it is there again. A vote is not
  // waited for from a server that cannot be reached.
  void on_unreachable(ServerId server, TimePoint now, ElectionEffects& out);
  void on_reachable(ServerId server);
  void on_tick(TimePoint now, ElectionEffects& out);
  TimePoint deadline() const;  // when on_tick is due; max() when not looking

  // After the leader's epoch is established, late joiners see it in the vote (QuorumPeer.updateElectionVote).
  void update_peer_epoch(int64_t epoch) { current_.peer_epoch = epoch; }

  ServerState state() const { return state_; }
  bool looking() const { return state_ == ServerState::kLooking && running_; }
  const Vote& current_vote() const { return current_; }
  int64_t round() const { return round_; }

 private:
  bool is_voter(ServerId server) const;
  bool better(const Vote& a, const Vote& b) const;
  Vote initial_vote() const;
  bool has_quorum(const std::map<ServerId, ReceivedVote>& votes, const ReceivedVote& vote) const;
  bool leader_confirmed(const std::map<ServerId, ReceivedVote>& votes, const Vote& vote) const;
  bool nobody_left_to_ask() const;
  Notification own_notification() const;
  void broadcast(ElectionEffects& out);
  void consider(TimePoint now, ElectionEffects& out);
  void on_looking_peer(ServerId from, const Notification& n, TimePoint now, ElectionEffects& out);
  void on_settled_peer(ServerId from, const Notification& n, ElectionEffects& out);
  void finish(const Vote& vote, ElectionEffects& out);
  bool newer_config(const Notification& n, ElectionEffects& out);

  ElectionOptions options_;
  zk::QuorumConfig config_;
  std::optional<zk::QuorumConfig> next_config_;
  ServerState state_ = ServerState::kLooking;
  bool running_ = false;
  int64_t round_ = 0;  // logical clock
  Zxid last_zxid_ = 0;
  int64_t epoch_ = 0;
  Vote proposal_;                                  // while looking
  Vote current_;                                   // the outcome, told to whoever looks
  std::map<ServerId, ReceivedVote> received_;      // of this round
  std::map<ServerId, ReceivedVote> out_of_round_;  // from servers that follow or lead
  std::set<ServerId> unreachable_;
  TimePoint finalize_at_ = TimePoint::max();
  TimePoint resend_at_ = TimePoint::max();
  Duration interval_{};
};

}  // namespace kz::election
