// QuorumPeer: one server of an ensemble: looking for a leader, being it, or learning from it, and back again.
// Source: QuorumPeer.run @ 3.8.0. Owns the election and the role machines; the driver owns links, files, database and
// clients, and feeds completions back.
// Guarded by its driver; not thread-safe.
#pragma once
#include <memory>
#include <optional>

#include "core/election/fle.h"
#include "core/zab/leader.h"
#include "core/zab/learner.h"
#include "core/zab/observer_master.h"

namespace kz::zab {

struct PeerOptions {
  ServerId self = 0;
  bool observer = false;
  Duration tick = ms(2000);
  int32_t init_limit = 10;
  int32_t sync_limit = 5;
  bool reconfig_enabled = false;
  bool observer_master = false;        // as a follower serve observers
  election::ElectionOptions election;  // self, observer and reconfig_enabled are set from above
  LeaderOptions leader;                // bugs and force_snapshot_sync; the rest from above
  LearnerOptions learner;              // bugs; the rest from above
};

class QuorumPeer {
 public:
  // What the disk says: epochs and the last logged zxid (-1: an empty database that must not vote).
  struct Durable {
    int64_t accepted_epoch = 0;
    int64_t current_epoch = 0;
    Zxid last_zxid = 0;
  };
  // last_seen: a configuration that was proposed and not known to be committed when the server stopped.
  QuorumPeer(PeerOptions options, zk::QuorumConfig config, Durable durable, CommittedLog& committed,
             std::optional<zk::QuorumConfig> last_seen = std::nullopt);

  void start(TimePoint now, Effects& out);

  // ---- election port ----
  void on_notification(ServerId from, const election::Notification& notification, TimePoint now, Effects& out);
  void on_voter_unreachable(ServerId server, TimePoint now, Effects& out);
  void on_voter_reachable(ServerId server);

  // ---- quorum port ----
  void on_link_open(LinkId link, TimePoint now, Effects& out);  // accepted (leader) or connected (learner)
  // The elected leader cannot be reached although tried for long enough.
  void on_leader_unreachable(TimePoint now, Effects& out);
  void on_packet(LinkId link, const QuorumPacket& packet, TimePoint now, Effects& out);
  void on_link_closed(LinkId link, TimePoint now, Effects& out);

  // ---- completions ----
  void on_epoch_written(int64_t accepted, int64_t current, TimePoint now, Effects& out);  // the one not written: -1
  void on_durable(Zxid zxid, TimePoint now, Effects& out);
  void on_snapshot_loaded(std::optional<Zxid> zxid, TimePoint now, Effects& out);  // nullopt: failed
  // ok: everything up to zxid, the last one, is there and nothing after it. Not ok: nothing was changed.
  void on_truncated(bool ok, Zxid zxid, TimePoint now, Effects& out);
  void on_snapshot_saved(TimePoint now, Effects& out);
  void on_log_found(LinkId link, std::optional<Zxid> common, TimePoint now, Effects& out);
  void on_log_unreadable(LinkId link, TimePoint now, Effects& out);
  void on_progress(LinkId link, TimePoint now);    // bytes of a synchronisation went or came
  void on_role_left(TimePoint now, Effects& out);  // the log is durable; what it holds is about to be applied

  void on_tick(TimePoint now, Effects& out);
  TimePoint deadline() const;

  election::ServerState state() const { return state_; }
  Leader* leader() { return leader_.get(); }
  Learner* learner() { return learner_.get(); }
  const ObserverMaster* observer_master() const { return observer_master_.get(); }
  const election::FastLeaderElection& election() const { return fle_; }
  const Durable& durable() const { return durable_; }
  const zk::QuorumConfig& config() const { return config_; }
  const zk::QuorumConfig& last_seen() const { return last_seen_; }
  bool observer() const { return options_.observer; }

  // Appends through here so that the last logged zxid stays known. Leader only. The role ends instead where the epoch's
  // zxids are used up; leader() is null then.
  void propose(Zxid zxid, const Slice& payload, Effects& out);

 private:
  void run_election(election::ElectionEffects& effects, TimePoint now, Effects& out);
  // Moves a role's effects on, watching for appends and the end of the role.
  void pass(Effects& role, TimePoint now, Effects& out);
  void leave(std::string reason, Effects& out);
  void look(TimePoint now, Effects& out);
  void take_role(ServerId leader, TimePoint now, Effects& out);
  // True when this server's role or its leader changes: the role that it has is over.
  bool commit_config(CommitConfig effect, Effects& out);
  bool update_role();
  void note_seen(const zk::QuorumConfig& config);

  PeerOptions options_;
  zk::QuorumConfig config_;     // in force
  zk::QuorumConfig last_seen_;  // proposed last
  Durable durable_;
  CommittedLog& committed_;
  election::FastLeaderElection fle_;
  election::ServerState state_ = election::ServerState::kLooking;
  std::unique_ptr<Leader> leader_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<ObserverMaster> observer_master_;  // of a follower that serves
  std::vector<LoggedTxn> to_apply_;                  // logged by the role that ended
  bool leaving_ = false;
  std::optional<ServerId> designated_;  // whom to follow (or to be) without an election when the role ends
  bool want_snapshot_ = false;          // the log could not be cut where a leader wanted it: it has to send everything
};

}  // namespace kz::zab
