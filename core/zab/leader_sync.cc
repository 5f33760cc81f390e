// Leader: how a learner is brought up to date: from memory, from the log on disk, or by a snapshot.
// Source: LearnerHandler.syncFollower @ 3.8.0, but for time: there a thread blocks in the writes of a snapshot and
// initLimit begins behind them; here it begins anew with whatever the learner's host takes.
#include "core/zab/leader.h"

namespace kz::zab {

void Leader::synchronise(LinkId link, Learner& learner, TimePoint now, Effects& out) {
  // It may be told to cut what it acknowledged over an earlier link; all of it is sent and acknowledged again.
  for (Outstanding& o : proposals_) o.acks.erase(learner.info.sid);
  const bool can_diff = last_committed_ == last_zxid_ || serving();
  SyncPlan plan = plan_sync(committed_, last_committed_, learner.last_zxid, options_.force_snapshot_sync || !can_diff);
  // Further back than memory reaches, and not so far that a snapshot would be less: from the log on disk.
  const bool older = !committed_.empty() && learner.last_zxid < committed_.min();
  if (plan.kind == SyncPlan::Kind::kSnap && older && can_diff && options_.log_sync && log_trusted_ &&
      !options_.force_snapshot_sync && learner.last_zxid > 0) {
    learner.searching = true;
    out.emplace_back(FindInLog{link, learner.last_zxid, committed_.min()});
    return;
  }
  bring_up_to_date(link, learner, plan, now, out);
}

void Leader::on_log_found(LinkId link, std::optional<Zxid> common, TimePoint now, Effects& out) {
  const auto it = learners_.find(link);
  if (it == learners_.end() || phase_ == Phase::kOver || !std::exchange(it->second.searching, false)) return;
  Learner& learner = it->second;
  learner.progress = now;
  SyncPlan plan;
  // What memory starts with is durable here, so the log reaches up to it; a slow disk's may not.
  const bool reaches = !committed_.empty() && committed_.min() <= durable_ && learner.last_zxid < committed_.min();
  if (common && reaches && log_trusted_) {
    plan.log_after = *common;
    plan.log_before = committed_.min();
    plan.txns.assign(committed_.txns().begin(), committed_.txns().end());
    if (*common == learner.last_zxid || counter_of(learner.last_zxid) == 0) {
      plan.kind = SyncPlan::Kind::kDiff;
      plan.zxid = committed_.max();
    } else if (epoch_of(*common) == epoch_of(learner.last_zxid)) {
      plan.kind = SyncPlan::Kind::kTrunc;  // a cut across an epoch boundary is not possible in this protocol
      plan.zxid = *common;
    }
  }
  bring_up_to_date(link, learner, plan, now, out);
}

void Leader::on_log_unreadable(LinkId link, Effects& out) {
  log_trusted_ = false;
  drop(link, "the transaction log cannot be read; it gets a snapshot when it comes back", out);
}

void Leader::on_progress(LinkId link, TimePoint now) {
  const auto it = learners_.find(link);
  if (it == learners_.end() || it->second.acked_leader) return;
  it->second.progress = now;
  if (phase_ == Phase::kSync && !it->second.observer) started_ = now;
}

void Leader::bring_up_to_date(LinkId link, Learner& learner, const SyncPlan& found, TimePoint now, Effects& out) {
  SyncPlan plan = found;
  if (options_.bug_skip_trunc && plan.kind == SyncPlan::Kind::kTrunc) plan.kind = SyncPlan::Kind::kDiff;
  if (plan.kind == SyncPlan::Kind::kSnap) {
    out.emplace_back(SendSnapshot{link});
  } else {
    send(link, plan.kind == SyncPlan::Kind::kDiff ? PacketType::kDiff : PacketType::kTrunc, plan.zxid, std::nullopt,
         out);
    if (plan.log_before > 0) out.emplace_back(SendLog{link, plan.log_after, plan.log_before});
    for (const LoggedTxn& txn : plan.txns) {
      send(link, PacketType::kProposal, txn.zxid, txn.payload, out);
      send(link, PacketType::kCommit, txn.zxid, std::nullopt, out);
    }
  }
  learner.forwarding = true;
  // What is proposed and not yet committed goes along; an observer gets it when it commits.
  if (!learner.observer) {
    for (const Outstanding& o : proposals_) {
      send(link, PacketType::kProposal, o.txn.zxid, o.txn.payload, out);
      learner.unacked.emplace_back(o.txn.zxid, now);
    }
  }
  send(link, PacketType::kNewLeader, make_zxid(epoch_, 0), Slice::copy_of(last_seen_.text()), out);
}

}  // namespace kz::zab
