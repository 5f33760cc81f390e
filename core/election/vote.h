// Votes and their order. Source: Vote, FastLeaderElection.totalOrderPredicate @ ZooKeeper 3.8.0.
#pragma once
#include <cstdint>

#include "core/base/ids.h"

namespace kz::election {

enum class ServerState : int32_t { kLooking = 0, kFollowing = 1, kLeading = 2, kObserving = 3 };

// Who should lead, and why: the proposed leader's last zxid and current epoch; the round in which it was said.
struct Vote {
  ServerId leader = INT64_MIN;
  Zxid zxid = INT64_MIN;
  int64_t election_epoch = 0;  // the round (logical clock)
  int64_t peer_epoch = INT64_MIN;
};

// Does `a` succeed `b`: higher peer epoch, then higher zxid, then higher server id. The caller rules out weight 0.
constexpr bool supersedes(const Vote& a, const Vote& b) {
  if (a.peer_epoch != b.peer_epoch) return a.peer_epoch > b.peer_epoch;
  if (a.zxid != b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}

// A vote as received, with the state of who sent it and the format it came in (0 before 3.4.6).
struct ReceivedVote {
  Vote vote;
  ServerState state = ServerState::kLooking;
  int32_t format_version = 2;
};

// Do two votes count together. While one is LOOKING all of it must agree; afterwards zxid and round may differ between
// members of one ensemble (ZOOKEEPER-1805), and the epoch too when one side speaks format 0 (ZOOKEEPER-1732).
constexpr bool agree(const ReceivedVote& a, const ReceivedVote& b) {
  if (a.state == ServerState::kLooking || b.state == ServerState::kLooking) {
    return a.vote.leader == b.vote.leader && a.vote.zxid == b.vote.zxid &&
           a.vote.election_epoch == b.vote.election_epoch && a.vote.peer_epoch == b.vote.peer_epoch;
  }
  if (a.vote.leader != b.vote.leader) return false;
  return (a.format_version > 0) != (b.format_version > 0) || a.vote.peer_epoch == b.vote.peer_epoch;
}

}  // namespace kz::election
