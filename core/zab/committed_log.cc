#include "core/zab/committed_log.h"

#include <algorithm>

namespace kz::zab {

void CommittedLog::add(Zxid zxid, Slice payload) {
  // The payload may be a part of a large frame; a few bytes must not pin it for 500 transactions.
  txns_.push_back({zxid, payload.detach()});
  if (txns_.size() > count_max_) txns_.pop_front();
}

SyncPlan plan_sync(const CommittedLog& log, Zxid last_processed, Zxid peer_last, bool force_snapshot) {
  SyncPlan plan;
  const bool peer_at_epoch_start = counter_of(peer_last) == 0;
  const Zxid min = log.empty() ? last_processed : log.min();
  const Zxid max = log.empty() ? last_processed : log.max();
  if (force_snapshot) return plan;
  if (peer_last == last_processed) {
    plan.kind = SyncPlan::Kind::kDiff;
    plan.zxid = peer_last;
    return plan;
  }
  if (peer_last > max && !peer_at_epoch_start) {
    plan.kind = SyncPlan::Kind::kTrunc;
    plan.zxid = max;
    return plan;
  }
  if (peer_last < min || peer_last > max || log.empty()) return plan;

  const auto& txns = log.txns();
  auto next =
      std::lower_bound(txns.begin(), txns.end(), peer_last, [](const LoggedTxn& t, Zxid z) { return t.zxid < z; });
  plan.kind = SyncPlan::Kind::kDiff;
  plan.zxid = max;
  if (next != txns.end() && next->zxid == peer_last) {
    ++next;
  } else if (!peer_at_epoch_start) {
    // The learner has a transaction that never became part of the order: cut back to the last common one. A cut across
    // an epoch boundary is not possible in this protocol.
    if (next == txns.end() || next == txns.begin() || epoch_of(next->zxid) != epoch_of(peer_last)) {
      plan.kind = SyncPlan::Kind::kSnap;
      return plan;
    }
    plan.kind = SyncPlan::Kind::kTrunc;
    plan.zxid = std::prev(next)->zxid;
  }
  plan.txns.assign(next, txns.end());
  return plan;
}

}  // namespace kz::zab
