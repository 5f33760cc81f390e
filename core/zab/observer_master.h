// ObserverMaster: a follower that brings observers up to date and passes on to them what its leader commits, and to its
// leader what their clients ask. Source: ObserverMaster, LearnerHandler @ 3.8.0. Unlike there, the transactions to
// catch up with come from the committed log alone. Lives while its follower serves. Guarded by its driver; not
// thread-safe.
#pragma once
#include <map>

#include "core/zab/learner.h"
#include "core/zk/quorum_config.h"

namespace kz::zab {

struct ObserverMasterOptions {
  Duration tick = ms(2000);
  int32_t init_limit = 10;  // ticks
  int32_t sync_limit = 5;   // ticks
  bool force_snapshot_sync = false;
};

class ObserverMaster {
 public:
  // follower, committed, config and last_seen outlive it.
  ObserverMaster(ObserverMasterOptions options, Learner& follower, const CommittedLog& committed,
                 const zk::QuorumConfig& config, const zk::QuorumConfig& last_seen, TimePoint now);

  void on_link_open(LinkId link, TimePoint now);
  void on_packet(LinkId link, const QuorumPacket& packet, TimePoint now, Effects& out);
  void on_link_closed(LinkId link) { observers_.erase(link); }
  void on_progress(LinkId link, TimePoint now);  // the observer's host took bytes of a snapshot
  void on_tick(TimePoint now, Effects& out);
  TimePoint deadline() const { return next_tick_; }

  // The follower's next committed transaction, which is in the committed log by now. designated: by a reconfiguration.
  void on_committed(const LoggedTxn& txn, std::optional<ServerId> designated, Effects& out);

  size_t synced() const;

 private:
  enum class Phase : uint8_t { kNew, kToldEpoch, kSyncing, kServing };
  struct Observer {
    Phase phase = Phase::kNew;
    ServerId sid = -1;
    TimePoint opened;  // or when it last took something
    TimePoint heard;
  };

  void send(LinkId link, PacketType type, Zxid zxid, zk::NullableBytes data, Effects& out);
  void on_info(LinkId link, Observer& observer, const QuorumPacket& packet, Effects& out);
  void synchronise(LinkId link, Zxid observer_last, Effects& out);
  void drop(LinkId link, const char* reason, Effects& out);

  ObserverMasterOptions options_;
  Learner& follower_;
  const CommittedLog& committed_;
  const zk::QuorumConfig& config_;
  const zk::QuorumConfig& last_seen_;
  std::map<LinkId, Observer> observers_;
  Zxid last_sent_ = 0;
  TimePoint next_tick_;
};

}  // namespace kz::zab
