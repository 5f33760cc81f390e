// The last committed transactions in memory, and how a learner is brought up to date from them.
// Source: ZKDatabase.addCommittedProposal, LearnerHandler.syncFollower and queueCommittedProposals @ 3.8.0.
#pragma once
#include <deque>
#include <vector>

#include "core/zab/packet.h"

namespace kz::zab {

struct LoggedTxn {
  Zxid zxid = 0;
  Slice payload;  // header, body, digest
};

// Every server keeps it, followers too: one of them leads next. Owned by the server; not thread-safe.
class CommittedLog {
 public:
  explicit CommittedLog(size_t count_max = 500) : count_max_(count_max) {}
  void add(Zxid zxid, Slice payload);
  void clear() { txns_.clear(); }
  bool empty() const { return txns_.empty(); }
  Zxid min() const { return txns_.front().zxid; }
  Zxid max() const { return txns_.back().zxid; }
  const std::deque<LoggedTxn>& txns() const { return txns_; }

 private:
  size_t count_max_;
  std::deque<LoggedTxn> txns_;
};

// What a learner gets before NEWLEADER.
struct SyncPlan {
  enum class Kind { kDiff, kTrunc, kSnap } kind = Kind::kSnap;
  Zxid zxid = 0;  // DIFF: the leader's last; TRUNC: where to cut. SNAP: decided when it is sent
  // From the log on disk, when log_before is not 0: the transactions after log_after and below log_before.
  Zxid log_after = 0;
  Zxid log_before = 0;
  std::vector<LoggedTxn> txns;  // each goes as PROPOSAL + COMMIT
};

// peer_last: the learner's last logged zxid; last_processed: the leader's last applied.
SyncPlan plan_sync(const CommittedLog& log, Zxid last_processed, Zxid peer_last, bool force_snapshot);

}  // namespace kz::zab
