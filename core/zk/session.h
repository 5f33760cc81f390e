// SessionTracker: live sessions and their expiry, in buckets of one tick; ids and passwords by ZooKeeper's exact rule.
// Of an ensemble's sessions a server expires its local ones (no transaction told anybody of them), the leader the
// global ones too. Source: SessionTrackerImpl, UpgradeableSessionTracker, LeaderSessionTracker, LearnerSessionTracker,
// ExpiryQueue, ZooKeeperServer.generatePasswd @ 3.8.0.
// Owned by the pipeline; not thread-safe.
#pragma once
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <set>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/bytes/slab.h"
#include "core/zk/error.h"

namespace kz::zk {

using SessionPassword = std::array<std::byte, 16>;
// The password of a session is a function of its id, the same on every server of an ensemble.
SessionPassword session_password(SessionId id);
// The first id that a server gives out: (server id << 56) | ((elapsed ms << 24) >>> 8).
SessionId initial_session_id(ServerId server, int64_t elapsed_ms);

class SessionTracker {
 public:
  enum class Role : uint8_t { kStandalone, kLeader, kLearner };
  // tick_ms: the width of a bucket. local_sessions: other servers have local ones, which a leader cannot know.
  SessionTracker(ServerId server, int32_t tick_ms, Now now, Role role = Role::kStandalone, bool local_sessions = false);

  SessionId create(int32_t timeout_ms, Now now);        // a new id, tracked
  SessionId create_local(int32_t timeout_ms, Now now);  // the same, of this server alone
  // Known from the database or from a createSession txn: global. Keeps a session that is there (its timeout is set).
  void track(SessionId id, int32_t timeout_ms, Now now);
  // A local session becomes global; its createSession is on its way.
  void upgrade(SessionId id);
  void remove(SessionId id);
  // A request or ping. False when the session is unknown or closing.
  bool touch(SessionId id, int32_t timeout_ms, Now now);
  void set_closing(SessionId id);
  bool known(SessionId id) const { return sessions_.contains(id); }
  bool closing(SessionId id) const;
  int32_t timeout_ms(SessionId id) const;  // 0 when unknown
  // May the session write? kUnknownSession (standalone), kSessionExpired (closing; unknown to a leader and no other
  // server's local one), kSessionMoved (owned by another server), kOk. The first owner that asks takes a session
  // without one. owner: this server (kHere) or a learner's handler; 0: not checked.
  static constexpr uint64_t kHere = 1;
  KeeperCode check(SessionId id, uint64_t owner);
  // The same for what only a global session may do (ephemerals): kSessionExpired for all others.
  KeeperCode check_global(SessionId id, uint64_t owner);
  void set_owner(SessionId id, uint64_t owner);

  TimePoint deadline() const;  // when expire() has work; TimePoint::max() when never
  // Sessions whose bucket is over; they are marked closing and leave their bucket. Sorted.
  std::vector<SessionId> expire(Now now);

  size_t size() const { return sessions_.size(); }
  // For `dump`: bucket -> sessions.
  const std::map<int64_t, std::set<SessionId>>& buckets() const { return buckets_; }
  std::vector<SessionId> all() const;  // sorted
  bool is_local(SessionId id) const;
  bool is_global(SessionId id) const;
  size_t local_count() const { return local_count_; }
  Role role() const { return role_; }

 private:
  struct Session {
    int32_t timeout_ms = 0;
    bool closing = false;
    bool local = false;
    uint64_t owner = 0;
    int64_t bucket_ms = 0;  // 0: in none
  };
  int64_t bucket_of(int64_t ms) const { return (ms / tick_ms_ + 1) * tick_ms_; }
  void place(SessionId id, Session& session, int64_t bucket_ms);
  void touch(SessionId id, Session& session, int32_t timeout_ms, Now now);
  void set_local(Session& session, bool local);
  KeeperCode check(Session& session, uint64_t owner);

  int32_t tick_ms_;
  ServerId server_;
  Role role_;
  bool local_sessions_;
  size_t local_count_ = 0;
  SessionId next_id_;
  boost::unordered_flat_map<SessionId, Session> sessions_;
  std::map<int64_t, std::set<SessionId>> buckets_;  // on the monotonic clock, in ms
};

}  // namespace kz::zk
