#include "core/zk/session.h"

#include <algorithm>

#include "core/zk/tree.h"

namespace kz::zk {

SessionPassword session_password(SessionId id) {
  // java.util.Random(id ^ superSecret).nextBytes(16): each 32-bit draw is written low byte first.
  constexpr uint64_t kMask = (uint64_t{1} << 48) - 1;
  uint64_t seed = ((static_cast<uint64_t>(id) ^ 0xB3415C00) ^ 0x5DEECE66D) & kMask;
  SessionPassword password;
  for (size_t i = 0; i < password.size(); i += 4) {
    seed = (seed * 0x5DEECE66D + 0xB) & kMask;
    const auto draw = static_cast<uint32_t>(seed >> 16);
    for (size_t k = 0; k < 4; ++k) password[i + k] = static_cast<std::byte>(draw >> (8 * k));
  }
  return password;
}

SessionId initial_session_id(ServerId server, int64_t elapsed_ms) {
  const uint64_t time = (static_cast<uint64_t>(elapsed_ms) << 24) >> 8;
  const auto id = static_cast<SessionId>(time | (static_cast<uint64_t>(server) << 56));
  return id == kContainerOwner ? id + 1 : id;
}

SessionTracker::SessionTracker(ServerId server, int32_t tick_ms, Now now, Role role, bool local_sessions)
    : tick_ms_(tick_ms),
      server_(server),
      role_(role),
      local_sessions_(local_sessions),
      next_id_(initial_session_id(server, now.wall_ms)) {}

void SessionTracker::place(SessionId id, Session& session, int64_t bucket_ms) {
  if (session.bucket_ms == bucket_ms) return;
  if (session.bucket_ms != 0) {
    const auto it = buckets_.find(session.bucket_ms);
    it->second.erase(id);
    if (it->second.empty()) buckets_.erase(it);
  }
  session.bucket_ms = bucket_ms;
  if (bucket_ms != 0) buckets_[bucket_ms].insert(id);
}

SessionId SessionTracker::create(int32_t timeout_ms, Now now) {
  const SessionId id = next_id_++;
  track(id, timeout_ms, now);
  return id;
}

SessionId SessionTracker::create_local(int32_t timeout_ms, Now now) {
  const SessionId id = next_id_++;
  Session& session = sessions_[id];
  session.timeout_ms = timeout_ms;
  set_local(session, true);
  touch(id, session, timeout_ms, now);
  return id;
}

void SessionTracker::track(SessionId id, int32_t timeout_ms, Now now) {
  Session& session = sessions_[id];
  session.timeout_ms = timeout_ms;
  set_local(session, false);
  touch(id, session, timeout_ms, now);
}

void SessionTracker::upgrade(SessionId id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || !it->second.local) return;
  set_local(it->second, false);
  if (role_ == Role::kLearner) place(id, it->second, 0);
}

// A learner leaves the expiry of global sessions to its leader.
void SessionTracker::touch(SessionId id, Session& session, int32_t timeout_ms, Now now) {
  const bool expires_here = session.local || role_ != Role::kLearner;
  place(id, session, expires_here ? bucket_of(now.mono.ns / 1'000'000 + timeout_ms) : 0);
}

void SessionTracker::set_local(Session& session, bool local) {
  if (session.local == local) return;
  session.local = local;
  local ? ++local_count_ : --local_count_;
}

void SessionTracker::remove(SessionId id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return;
  place(id, it->second, 0);
  set_local(it->second, false);
  sessions_.erase(it);
}

bool SessionTracker::touch(SessionId id, int32_t timeout_ms, Now now) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second.closing) return false;
  touch(id, it->second, timeout_ms, now);
  return true;
}

void SessionTracker::set_closing(SessionId id) {
  const auto it = sessions_.find(id);
  if (it != sessions_.end()) it->second.closing = true;
}

bool SessionTracker::closing(SessionId id) const {
  const auto it = sessions_.find(id);
  return it != sessions_.end() && it->second.closing;
}

int32_t SessionTracker::timeout_ms(SessionId id) const {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? 0 : it->second.timeout_ms;
}

KeeperCode SessionTracker::check(Session& session, uint64_t owner) {
  if (session.closing) return KeeperCode::kSessionExpired;
  if (owner == 0) return KeeperCode::kOk;
  if (session.owner == 0) session.owner = owner;
  return session.owner == owner ? KeeperCode::kOk : KeeperCode::kSessionMoved;
}

KeeperCode SessionTracker::check(SessionId id, uint64_t owner) {
  const auto it = sessions_.find(id);
  if (it != sessions_.end()) return check(it->second, owner);
  if (role_ == Role::kStandalone) return KeeperCode::kUnknownSession;
  // The id's first byte names the server that made it.
  return local_sessions_ && (id >> 56) != server_ ? KeeperCode::kOk : KeeperCode::kSessionExpired;
}

KeeperCode SessionTracker::check_global(SessionId id, uint64_t owner) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second.local) return KeeperCode::kSessionExpired;
  return check(it->second, owner);
}

bool SessionTracker::is_local(SessionId id) const {
  const auto it = sessions_.find(id);
  return it != sessions_.end() && it->second.local;
}

bool SessionTracker::is_global(SessionId id) const {
  const auto it = sessions_.find(id);
  return it != sessions_.end() && !it->second.local;
}

void SessionTracker::set_owner(SessionId id, uint64_t owner) {
  const auto it = sessions_.find(id);
  if (it != sessions_.end()) it->second.owner = owner;
}

TimePoint SessionTracker::deadline() const {
  if (buckets_.empty()) return TimePoint::max();
  return {buckets_.begin()->first * 1'000'000};
}

std::vector<SessionId> SessionTracker::expire(Now now) {
  std::vector<SessionId> expired;
  const int64_t now_ms = now.mono.ns / 1'000'000;
  while (!buckets_.empty() && buckets_.begin()->first <= now_ms) {
    const auto bucket = buckets_.begin();
    for (const SessionId id : bucket->second) {
      Session& session = sessions_.at(id);
      session.bucket_ms = 0;
      if (!session.closing) expired.push_back(id);
      session.closing = true;
    }
    buckets_.erase(bucket);
  }
  std::sort(expired.begin(), expired.end());
  return expired;
}

std::vector<SessionId> SessionTracker::all() const {
  std::vector<SessionId> ids;
  ids.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace kz::zk
