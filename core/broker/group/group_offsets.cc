// Committed offsets of a group. Source: GroupMetadata.scala, GroupCoordinator.validateOffsetCommit @ 3.4.0; KIP-211
// (expiry), KIP-447 (stable offsets).
#include <algorithm>

#include "core/broker/group/group.h"

namespace kz::broker {

using kafka::ErrorCode;

ErrorCode Group::check_commit(const std::string& member_id, const std::optional<std::string>& instance_id,
                              int32_t generation, Now now) {
  if (is(GroupState::kDead)) return ErrorCode::kCoordinatorNotAvailable;
  if (generation < 0 && is(GroupState::kEmpty)) return ErrorCode::kNone;  // no member of anything: administration
  if (generation >= 0 || !member_id.empty() || instance_id) {
    if (const ErrorCode code = check_member(member_id, instance_id); code != ErrorCode::kNone) return code;
    if (generation != generation_) return ErrorCode::kIllegalGeneration;
  } else if (!is(GroupState::kEmpty)) {
    return ErrorCode::kUnknownMemberId;
  }
  switch (state_) {
    case GroupState::kStable:
    case GroupState::kPreparingRebalance:
      restart_session(members_.at(member_id), now);
      return ErrorCode::kNone;
    case GroupState::kCompletingRebalance:
      return ErrorCode::kRebalanceInProgress;
    case GroupState::kEmpty:
    case GroupState::kDead:
      break;
  }
  return ErrorCode::kNone;
}

void Group::commit(OffsetMap offsets, CommitDone done) {
  for (const auto& [tp, value] : offsets) pending_[tp] = value;
  GroupAppend append;
  append.offsets = offsets;
  append.done = [offsets = std::move(offsets), d = std::move(done)](Group* group, ErrorCode error, Offset base, Now,
                                                                    GroupEffects& out) mutable {
    OffsetCodes codes;
    for (auto& [tp, value] : offsets) {
      codes[tp] = error;
      if (group->is(GroupState::kDead)) continue;
      const auto staged = group->pending_.find(tp);
      const bool ours = staged != group->pending_.end() && staged->second.same_value(value);
      if (error == ErrorCode::kNone && staged != group->pending_.end()) {
        // Answers may come in another order than the records stand in the log.
        CommittedOffset& stored = group->offsets_[tp];
        if (stored.batch < base) {
          stored = value;
          stored.batch = base;
        }
      }
      if (ours) group->pending_.erase(staged);
    }
    out.calls.push_back([e = std::move(d), c = std::move(codes)]() mutable { e(std::move(c)); });
  };
  outbox_.push_back(std::move(append));
}

bool Group::has_pending_offset(const TopicPartition& tp) const {
  return pending_.contains(tp) ||
         std::ranges::any_of(pending_txn_, [&](const auto& p) { return p.second.contains(tp); });
}

void Group::initialize_offsets(OffsetMap offsets, std::map<int64_t, OffsetMap> pending_txn) {
  offsets_ = std::move(offsets);
  pending_txn_ = std::move(pending_txn);
}

std::vector<TopicPartition> Group::remove_expired(int64_t now_ms, int64_t retention_ms) {
  const bool simple = protocol_type_.empty();
  const bool consumers = consumer_group() && subscribed_ && is(GroupState::kStable);
  std::vector<TopicPartition> out;
  if (!simple && !is(GroupState::kEmpty) && !consumers) return out;
  for (const auto& [tp, value] : offsets_) {
    if (pending_.contains(tp)) continue;
    if (consumers && subscribed_->contains(tp.topic)) continue;
    // A group that has members' protocol counts from the moment when the last one left.
    const bool by_state = !simple && is(GroupState::kEmpty) && state_since_ms_ >= 0;
    const int64_t since = by_state ? state_since_ms_ : value.commit_ms;
    const bool expired = value.expire_ms >= 0 ? now_ms >= value.expire_ms : now_ms - since >= retention_ms;
    if (expired) out.push_back(tp);
  }
  for (const TopicPartition& tp : out) offsets_.erase(tp);
  return out;
}

std::vector<TopicPartition> Group::remove_offsets(const std::vector<TopicPartition>& partitions) {
  std::vector<TopicPartition> out;
  for (const TopicPartition& tp : partitions) {
    pending_.erase(tp);
    for (auto& [producer, pending] : pending_txn_) pending.erase(tp);
    if (offsets_.erase(tp) > 0) out.push_back(tp);
  }
  std::erase_if(pending_txn_, [](const auto& p) { return p.second.empty(); });
  return out;
}

std::vector<TopicPartition> Group::remove_all_offsets() {
  std::vector<TopicPartition> all;
  for (const auto& [tp, value] : offsets_) all.push_back(tp);
  return remove_offsets(all);
}

}  // namespace kz::broker
