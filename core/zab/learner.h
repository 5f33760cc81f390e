// Learner: a follower or an observer of one leader, from FOLLOWERINFO to broadcast. Source: Learner, Follower,
// Observer, FollowerZooKeeperServer @ 3.8.0. Stricter than Java where Java can lose data: the NEWLEADER acknowledgement
// goes out only after what it covers is durable, the epoch file included, and before any acknowledgement of a proposal
// (ZOOKEEPER-3911 and its successors).
// Guarded by its driver; not thread-safe.
#pragma once
#include <deque>

#include "core/base/time.h"
#include "core/zab/effects.h"

namespace kz::zab {

struct LearnerOptions {
  ServerId self = 0;
  bool observer = false;
  Duration tick = ms(2000);
  int32_t init_limit = 10;
  int32_t sync_limit = 5;
  // The log could not be cut to where the leader wanted it: the whole database is asked for.
  bool want_snapshot = false;
  // Planted bugs, for showing that the simulator finds them.
  bool bug_ack_before_sync = false;
  bool bug_accept_stale_epoch = false;
};

class Learner {
 public:
  // config_version: of the configuration in force. last_zxid: last logged (observers: last applied).
  Learner(LearnerOptions options, LinkId link, int64_t accepted_epoch, int64_t current_epoch, int64_t config_version,
          Zxid last_zxid);

  void start(TimePoint now, Effects& out);  // the link to the leader is open
  void on_packet(const QuorumPacket& packet, TimePoint now, Effects& out);
  // Bytes of a snapshot came: as long as they flow no limit runs.
  void on_progress(TimePoint now) {
    if (phase_ == Phase::kLoading) read_deadline_ = now + read_limit_;
  }
  void on_link_closed(TimePoint now, Effects& out);
  void on_epoch_written(int64_t accepted, int64_t current, TimePoint now, Effects& out);
  void on_snapshot_loaded(bool ok, TimePoint now, Effects& out);
  void on_truncated(bool ok, TimePoint now, Effects& out);
  void on_snapshot_saved(TimePoint now, Effects& out);
  void on_durable(Zxid zxid, TimePoint now, Effects& out);
  void on_tick(TimePoint now, Effects& out);
  TimePoint deadline() const { return read_deadline_; }

  // While serving.
  void forward(const zk::ForwardedRequest& request, Effects& out);
  void sync(SessionId session, int32_t cxid, const std::vector<zk::Id>& auth, Effects& out);
  void revalidate(SessionId session, int32_t timeout_ms, Effects& out);
  // An observer of this follower asks (REQUEST or REVALIDATE): passed on as it is; what the leader answers goes back on
  // the observer's link. False: malformed.
  bool relay(LinkId observer, const QuorumPacket& packet, Effects& out);
  void on_touched(const std::vector<std::pair<SessionId, int32_t>>& touched, Effects& out);

  bool serving() const { return phase_ == Phase::kServing; }
  int64_t epoch() const { return epoch_; }
  LinkId link() const { return link_; }
  // Appended to the log and not delivered yet, in order. When the role ends they are applied: the log has them.
  const std::deque<LoggedTxn>& in_log() const { return logged_; }

 private:
  enum class Phase {
    kInfoSent,
    kWritingAccepted,
    kAckEpochSent,
    kLoading,
    kSyncing,
    kSaving,
    kFlushing,
    kWritingCurrent,
    kAcked,
    kServing,
    kOver,
  };
  struct InFlight {
    LoggedTxn txn;
    bool committed = false;
  };

  void send(PacketType type, Zxid zxid, zk::NullableBytes data, Effects& out);
  void on_leader_info(const QuorumPacket& packet, Effects& out);
  void ack_epoch(Effects& out);
  void on_sync_kind(const QuorumPacket& packet, Effects& out);
  void on_proposal(Zxid zxid, Slice payload, Effects& out);
  // designated: of COMMITANDACTIVATE and INFORMANDACTIVATE.
  void on_commit(Zxid zxid, std::optional<ServerId> designated, Effects& out);
  void on_inform(Zxid zxid, Slice payload, std::optional<ServerId> designated, Effects& out);
  void activate(const Slice& payload, std::optional<ServerId> designated, Effects& out);
  void on_new_leader(const QuorumPacket& packet, Effects& out);
  void flush_before_ack(Effects& out);
  void acknowledge_leader(Effects& out);
  void on_up_to_date(Effects& out);
  void append(LoggedTxn txn, Effects& out);
  void acknowledge(Zxid up_to, Effects& out);
  void quit(std::string reason, Effects& out);

  LearnerOptions options_;
  LinkId link_;
  Phase phase_ = Phase::kInfoSent;
  int64_t accepted_epoch_;
  int64_t current_epoch_;
  int64_t config_version_;
  Zxid last_zxid_;
  int64_t epoch_ = -1;
  bool may_count_ = true;          // ACKEPOCH with the real epoch
  bool apply_at_once_ = false;     // SNAP, TRUNC: until NEWLEADER transactions go to the database, not to the log
  bool truncating_ = false;        // the log is being cut on another thread
  std::deque<QuorumPacket> held_;  // what the leader sent behind its TRUNC meanwhile
  std::deque<InFlight> early_;     // received before NEWLEADER, not yet logged or applied
  std::deque<LoggedTxn> logged_;
  // Committed before UPTODATE, in order, and whom a reconfiguration designated.
  std::deque<std::pair<Zxid, std::optional<ServerId>>> committed_early_;
  std::optional<zk::QuorumConfig> leader_config_;  // of NEWLEADER, in force with UPTODATE
  std::deque<Zxid> unacked_;                       // appended, to be acknowledged when durable
  Zxid appended_ = 0;
  Zxid durable_ = 0;
  Zxid last_seen_ = 0;
  // observer: 0 for the own clients'.
  struct WaitingSync {
    SessionId session = 0;
    int32_t cxid = 0;
    LinkId observer = 0;
  };
  std::deque<WaitingSync> syncs_;
  struct RelayedSession {
    SessionId session = 0;
    int32_t timeout_ms = 0;
    LinkId observer = 0;
  };
  std::deque<RelayedSession> revalidations_;  // of observers
  TimePoint read_deadline_ = TimePoint::max();
  Duration read_limit_{};
};

}  // namespace kz::zab
