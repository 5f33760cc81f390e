// Leader: discovery, synchronisation and broadcast as the leader of an epoch. Source: Leader, LearnerHandler @ 3.8.0;
// Junqueira, Reed, Serafini: Zab, section 4 (phases 1 to 3).
// A leader without a quorum (initLimit while it starts, syncLimit afterwards) steps down by BecomeLooking.
// Guarded by its driver; not thread-safe.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "core/base/time.h"
#include "core/zab/effects.h"
#include "core/zk/quorum_config.h"

namespace kz::zab {

struct LeaderOptions {
  ServerId self = 0;
  Duration tick = ms(2000);
  int32_t init_limit = 10;  // ticks
  int32_t sync_limit = 5;   // ticks
  bool force_snapshot_sync = false;
  bool reconfig_enabled = false;
  int64_t initial_counter = 0;  // zxids of an epoch start behind it; only tests set it
  bool log_sync = true;         // DIFF from the log on disk (snapshotSizeFactor >= 0)
  // Planted bugs, for showing that the simulator finds them.
  bool bug_commit_without_quorum = false;
  bool bug_skip_trunc = false;
};

class Leader {
 public:
  // accepted and current epoch as on disk; last_zxid: last logged (all of it applied to the database by now).
  // last_seen: a configuration that was proposed and may have been committed; config when there is none.
  Leader(LeaderOptions options, zk::QuorumConfig config, int64_t accepted_epoch, int64_t current_epoch, Zxid last_zxid,
         CommittedLog& committed, std::optional<zk::QuorumConfig> last_seen = std::nullopt);

  void start(TimePoint now, Effects& out);
  void on_link_open(LinkId link, TimePoint now);
  void on_packet(LinkId link, const QuorumPacket& packet, TimePoint now, Effects& out);
  void on_link_closed(LinkId link, TimePoint now, Effects& out);
  void on_epoch_written(int64_t accepted, int64_t current, TimePoint now, Effects& out);
  void on_durable(Zxid zxid, TimePoint now, Effects& out);
  // Answer to FindInLog: the learner's last transaction that the log has, where the log goes on from there without a
  // gap and is worth its size; nullopt: send a snapshot.
  void on_log_found(LinkId link, std::optional<Zxid> common, TimePoint now, Effects& out);
  void on_log_unreadable(LinkId link, Effects& out);
  // The learner's host took bytes of a snapshot or of the log: as long as they flow no limit runs for it.
  void on_progress(LinkId link, TimePoint now);
  void on_tick(TimePoint now, Effects& out);
  TimePoint deadline() const { return next_tick_; }

  // From the pipeline, while serving. Zxids are consecutive.
  void propose(Zxid zxid, const Slice& payload, Effects& out);
  // The own client's sync: true when nothing is outstanding, else Synced follows.
  bool sync(SessionId session, int32_t cxid);
  // A learner's sync request, in its place among the learner's requests.
  void sync_learner_request(LinkId link, Effects& out);
  void answer_revalidate(LinkId link, SessionId session, bool valid, Effects& out);

  // Proposed, in the own log and not committed, in order. When the role ends they are applied: the log has them.
  std::vector<LoggedTxn> in_log() const;

  // Do enough voters of that configuration follow in step, this server included?
  bool quorum_synced(const zk::QuorumConfig& config) const;

  bool serving() const { return phase_ == Phase::kServing; }
  int64_t epoch() const { return epoch_; }
  // For mntr and stat.
  size_t learners() const;
  size_t synced_followers() const;
  size_t synced_observers() const;
  size_t pending_syncs() const;
  size_t outstanding() const { return proposals_.size(); }

 private:
  enum class Phase { kDiscovery, kWritingAccepted, kEpochAcks, kWritingCurrent, kSync, kServing, kOver };
  struct Learner {
    LearnerInfo info;
    bool observer = false;
    bool introduced = false;    // FOLLOWERINFO seen
    bool told_epoch = false;    // LEADERINFO sent
    bool acked_epoch = false;   // ACKEPOCH seen
    Zxid last_zxid = 0;         // from ACKEPOCH
    bool forwarding = false;    // gets the broadcast
    bool acked_leader = false;  // NEWLEADER acknowledged
    bool up_to_date = false;
    bool searching = false;  // FindInLog is on its way
    Zxid acked = 0;          // highest proposal acknowledged
    TimePoint heard;         // last packet
    TimePoint progress;      // until it acknowledges NEWLEADER: the connection, or bytes of the synchronisation taken
    std::deque<std::pair<Zxid, TimePoint>> unacked;  // proposals sent and not acknowledged
  };
  struct Outstanding {
    LoggedTxn txn;
    std::set<ServerId> acks;                 // of any server: a configuration counts its voters among them
    bool joint = false;                      // proposed with or behind a reconfiguration
    std::optional<zk::QuorumConfig> config;  // of a reconfiguration
  };
  struct WaitingSync {
    LinkId link = 0;  // 0: an own client
    SessionId session = 0;
    int32_t cxid = 0;
  };

  bool pending_config() const { return last_seen_.version > config_.version; }
  // With joint, a quorum of the configuration in force and of the proposed one.
  bool is_quorum(const std::set<ServerId>& acks, bool joint) const;
  ServerId designate(const zk::QuorumConfig& next, const std::set<ServerId>& acks) const;
  void activate(const zk::QuorumConfig& config, ServerId designated, Effects& out);
  void on_info(LinkId link, Learner& learner, const QuorumPacket& packet, TimePoint now, Effects& out);
  void on_ack_epoch(LinkId link, Learner& learner, const QuorumPacket& packet, TimePoint now, Effects& out);
  void on_ack(LinkId link, Learner& learner, Zxid zxid, TimePoint now, Effects& out);
  void count_acks(const Learner& learner, Zxid up_to);
  void try_epoch(TimePoint now, Effects& out);
  void try_epoch_quorum(Effects& out);
  void try_serve(TimePoint now, Effects& out);
  void synchronise(LinkId link, Learner& learner, TimePoint now, Effects& out);
  void bring_up_to_date(LinkId link, Learner& learner, const SyncPlan& plan, TimePoint now, Effects& out);
  void up_to_date(LinkId link, Learner& learner, Effects& out);
  void commit_ready(Effects& out);
  void release_syncs(Zxid zxid, Effects& out);
  void drop(LinkId link, const char* reason, Effects& out);
  void step_down(std::string reason, Effects& out);
  void send(LinkId link, PacketType type, Zxid zxid, zk::NullableBytes data, Effects& out);
  std::set<ServerId> followers_where(auto predicate) const;

  LeaderOptions options_;
  zk::QuorumConfig config_;     // in force
  zk::QuorumConfig last_seen_;  // its version is larger while a reconfiguration is under way
  CommittedLog& committed_;
  Phase phase_ = Phase::kDiscovery;
  int64_t accepted_epoch_;
  int64_t current_epoch_;
  Zxid last_zxid_;       // last logged before this epoch
  int64_t epoch_ = -1;   // of this leader
  Zxid last_committed_;  // last processed
  Zxid last_proposed_;
  Zxid durable_ = 0;
  std::map<LinkId, Learner> learners_;
  std::deque<Outstanding> proposals_;
  std::multimap<Zxid, WaitingSync> syncs_;
  bool retiring_ = false;    // another server was designated: nothing is committed here any more
  bool log_trusted_ = true;  // no learner's synchronisation failed to read it
  TimePoint started_;        // or later, while participants are still taking a snapshot
  TimePoint next_tick_;
};

}  // namespace kz::zab
