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

SessionTracker::SessionTracker(ServerId server, int32_t tick_ms, Now now)
    : tick_ms_(tick_ms), next_id_(initial_session_id(server, now.wall_ms)) {}

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

void SessionTracker::track(SessionId id, int32_t timeout_ms, Now now) {
  Session& session = sessions_[id];
  session.timeout_ms = timeout_ms;
  place(id, session, bucket_of(now.mono.ns / 1'000'000 + timeout_ms));
}

void SessionTracker::remove(SessionId id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return;
  place(id, it->second, 0);
  sessions_.erase(it);
}

bool SessionTracker::touch(SessionId id, int32_t timeout_ms, Now now) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second.closing) return false;
  place(id, it->second, bucket_of(now.mono.ns / 1'000'000 + timeout_ms));
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

KeeperCode SessionTracker::check(SessionId id, uint64_t owner) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return KeeperCode::kUnknownSession;
  if (it->second.closing) return KeeperCode::kSessionExpired;
  if (owner == 0) return KeeperCode::kOk;
  if (it->second.owner == 0) it->second.owner = owner;
  return it->second.owner == owner ? KeeperCode::kOk : KeeperCode::kSessionMoved;
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
