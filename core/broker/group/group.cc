#include "core/broker/group/group.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/kafka/consumer_protocol.h"

namespace kz::broker {

using kafka::ErrorCode;

std::string_view group_state_name(GroupState state) {
  switch (state) {
    case GroupState::kEmpty:
      return "Empty";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
    case GroupState::kDead:
      return "Dead";
  }
  return "";
}

const Slice* Group::Member::metadata(const std::string& protocol) const {
  const auto it = std::ranges::find(protocols, protocol, &std::pair<std::string, Slice>::first);
  return it == protocols.end() ? nullptr : &it->second;
}

Group::Group(std::string id, const GroupConfig& config, Now now)
    : id_(std::move(id)),
      config_(config),
      state_since_ms_(now.wall_ms),
      log_("kafka.coordinator.group.GroupCoordinator") {}

Group Group::from_record(std::string id, const GroupConfig& config, const kafka::GroupMetadataValue& value, Now now) {
  Group group(std::move(id), config, now);
  group.state_ = value.members.empty() ? GroupState::kEmpty : GroupState::kStable;
  group.state_since_ms_ = value.current_state_timestamp;
  group.generation_ = value.generation;
  group.protocol_type_ = value.protocol_type;
  group.protocol_name_ = value.protocol;
  group.leader_ = value.leader;
  for (const auto& m : value.members) {
    Member member;
    member.id = m.member_id;
    member.instance_id = m.group_instance_id;
    member.client_id = m.client_id;
    member.client_host = m.client_host;
    // Records of version 0 know no rebalance timeout.
    member.rebalance_timeout_ms = m.rebalance_timeout > 0 ? m.rebalance_timeout : m.session_timeout;
    member.session_timeout_ms = m.session_timeout;
    member.protocols.emplace_back(value.protocol.value_or(""), m.subscription.detach());
    member.assignment = m.assignment.detach();
    if (member.instance_id) group.static_members_[*member.instance_id] = member.id;
    group.count_protocols(member, 1);
    group.members_.emplace(member.id, std::move(member));
  }
  group.subscribed_ = group.subscribed_topics();
  return group;
}

void Group::transition(GroupState state, Now now) {
  using S = GroupState;
  const bool legal =
      (state == S::kPreparingRebalance && (is(S::kStable) || is(S::kCompletingRebalance) || is(S::kEmpty))) ||
      (state == S::kCompletingRebalance && is(S::kPreparingRebalance)) ||
      (state == S::kStable && is(S::kCompletingRebalance)) || (state == S::kEmpty && is(S::kPreparingRebalance)) ||
      state == S::kDead;
  KZ_ASSERT(legal);
  state_ = state;
  state_since_ms_ = now.wall_ms;
}

ErrorCode Group::check_member(const std::string& member_id, const std::optional<std::string>& instance_id) const {
  if (instance_id) {
    const auto it = static_members_.find(*instance_id);
    if (it == static_members_.end()) return ErrorCode::kUnknownMemberId;
    if (it->second != member_id) return ErrorCode::kFencedInstanceId;
  }
  return members_.contains(member_id) ? ErrorCode::kNone : ErrorCode::kUnknownMemberId;
}

bool Group::supports(const std::string& type, const std::vector<std::pair<std::string, Slice>>& protocols) const {
  if (is(GroupState::kEmpty)) return !type.empty() && !protocols.empty();
  if (protocol_type_ != type) return false;
  return std::ranges::any_of(protocols, [&](const auto& p) {
    const auto it = protocol_counts_.find(p.first);
    return (it == protocol_counts_.end() ? 0 : it->second) == members_.size();
  });
}

std::string Group::select_protocol() const {
  std::map<std::string, size_t> votes;
  for (const auto& [id, member] : members_) {
    for (const auto& [name, metadata] : member.protocols) {
      const auto it = protocol_counts_.find(name);
      if (it == protocol_counts_.end() || it->second != members_.size()) continue;
      ++votes[name];
      break;
    }
  }
  KZ_ASSERT(!votes.empty());
  return std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; })->first;
}

void Group::count_protocols(const Member& member, int delta) {
  for (const auto& [name, metadata] : member.protocols) {
    size_t& count = protocol_counts_[name];
    count = delta > 0 ? count + 1 : count - 1;
    if (count == 0) protocol_counts_.erase(name);
  }
}

void Group::remove_member(const std::string& member_id) {
  if (const auto it = members_.find(member_id); it != members_.end()) {
    count_protocols(it->second, -1);
    if (it->second.instance_id) static_members_.erase(*it->second.instance_id);
    members_.erase(it);
  }
  if (leader_ == member_id) {
    leader_.reset();
    if (!members_.empty()) leader_ = members_.begin()->first;
  }
  pending_members_.erase(member_id);
  pending_sync_.erase(member_id);
}

void Group::restart_session(Member& member, Now now) const {
  member.expires = now.mono + ms(member.session_timeout_ms);
}

void Group::answer_join(Member& member, JoinResult result, GroupEffects& out) {
  if (!member.join) return;
  out.calls.push_back([d = std::move(member.join), r = std::move(result)]() mutable { d(std::move(r)); });
  member.join = nullptr;
}

bool Group::answer_sync(Member& member, SyncResult result, GroupEffects& out) {
  if (!member.sync) return false;
  out.calls.push_back([d = std::move(member.sync), r = std::move(result)]() mutable { d(std::move(r)); });
  member.sync = nullptr;
  return true;
}

void Group::propagate(ErrorCode error, Now now, GroupEffects& out) {
  for (auto& [id, member] : members_) {
    SyncResult result;
    result.error = error;
    result.assignment = member.assignment;
    if (error == ErrorCode::kNone) {
      result.protocol_type = protocol_type_;
      result.protocol_name = protocol_name_;
    }
    // A session that ran out while its member waited was not counted; it begins anew.
    if (answer_sync(member, std::move(result), out)) restart_session(member, now);
  }
}

void Group::sync(SyncInput input, Now now, SyncDone done, GroupEffects& out) {
  const auto refuse = [&](ErrorCode code) {
    SyncResult result;
    result.error = code;
    out.calls.push_back([d = std::move(done), r = std::move(result)]() mutable { d(std::move(r)); });
  };
  if (is(GroupState::kDead)) return refuse(ErrorCode::kCoordinatorNotAvailable);
  if (const ErrorCode code = check_member(input.member_id, input.instance_id); code != ErrorCode::kNone) {
    return refuse(code);
  }
  if (input.generation != generation_) return refuse(ErrorCode::kIllegalGeneration);
  if (input.protocol_type && *input.protocol_type != protocol_type_) {
    return refuse(ErrorCode::kInconsistentGroupProtocol);
  }
  if (input.protocol_name && input.protocol_name != protocol_name_) {
    return refuse(ErrorCode::kInconsistentGroupProtocol);
  }
  Member& member = members_.at(input.member_id);
  switch (state_) {
    case GroupState::kEmpty:
      return refuse(ErrorCode::kUnknownMemberId);
    case GroupState::kPreparingRebalance:
      return refuse(ErrorCode::kRebalanceInProgress);
    case GroupState::kCompletingRebalance: {
      member.sync = std::move(done);
      pending_sync_.erase(member.id);
      if (leader_ != member.id) return;
      log_.info(
          "Assignment received from leader {} for group {} for generation {}. The group has {} members, {} of "
          "which are static.",
          member.id, id_, generation_, members_.size(), static_members_.size());
      std::map<std::string, Slice> assignment;
      for (const auto& [id, m] : members_) {
        const auto given = input.assignment.find(id);
        assignment[id] = given == input.assignment.end() ? Slice{} : given->second.detach();
      }
      store_group(assignment, [assignment, generation = generation_](Group* group, ErrorCode error, Offset, Now when,
                                                                     GroupEffects& effects) {
        // Another member may have joined while the record was written.
        if (!group->is(GroupState::kCompletingRebalance) || group->generation_ != generation) return;
        if (error != ErrorCode::kNone) {
          for (auto& [id, m] : group->members_) m.assignment = {};
          group->propagate(error, when, effects);
          group->maybe_prepare_rebalance(when, effects, "Error when storing group assignment during SyncGroup");
          return;
        }
        for (auto& [id, m] : group->members_) {
          if (const auto a = assignment.find(id); a != assignment.end()) m.assignment = a->second;
        }
        group->propagate(ErrorCode::kNone, when, effects);
        group->transition(GroupState::kStable, when);
      });
      return;
    }
    case GroupState::kStable: {
      pending_sync_.erase(member.id);
      if (pending_sync_.empty()) sync_deadline_ = TimePoint::max();
      SyncResult result;
      result.protocol_type = protocol_type_;
      result.protocol_name = protocol_name_;
      result.assignment = member.assignment;
      out.calls.push_back([d = std::move(done), r = std::move(result)]() mutable { d(std::move(r)); });
      restart_session(member, now);
      return;
    }
    case GroupState::kDead:
      break;
  }
}

ErrorCode Group::heartbeat(const std::string& member_id, const std::optional<std::string>& instance_id,
                           int32_t generation, Now now) {
  if (is(GroupState::kDead)) return ErrorCode::kCoordinatorNotAvailable;
  if (const ErrorCode code = check_member(member_id, instance_id); code != ErrorCode::kNone) return code;
  if (generation != generation_) return ErrorCode::kIllegalGeneration;
  if (is(GroupState::kEmpty)) return ErrorCode::kUnknownMemberId;
  restart_session(members_.at(member_id), now);
  return is(GroupState::kPreparingRebalance) ? ErrorCode::kRebalanceInProgress : ErrorCode::kNone;
}

ErrorCode Group::leave(const std::vector<MemberIdentity>& leaving, Now now, std::vector<ErrorCode>& codes,
                       GroupEffects& out) {
  if (is(GroupState::kDead)) return ErrorCode::kCoordinatorNotAvailable;
  for (const MemberIdentity& who : leaving) {
    std::string member_id = who.member_id;
    ErrorCode code = ErrorCode::kNone;
    if (member_id.empty()) {
      // An administrator removes a static member by its instance.
      const auto it = who.instance_id ? static_members_.find(*who.instance_id) : static_members_.end();
      if (it == static_members_.end()) {
        codes.push_back(ErrorCode::kUnknownMemberId);
        continue;
      }
      member_id = it->second;
    } else if (pending_members_.contains(member_id)) {
      remove_pending(member_id, now, out);
      codes.push_back(ErrorCode::kNone);
      continue;
    } else {
      code = check_member(member_id, who.instance_id);
    }
    if (code == ErrorCode::kNone) {
      const std::string reason = who.reason.value_or("not provided");
      log_.info("Member {} has left group {} through explicit `LeaveGroup`; client reason: {}", member_id, id_, reason);
      remove_and_update(member_id, now, out,
                        fmt::format("Removing member {} on LeaveGroup; client reason: {}", member_id, reason));
    }
    codes.push_back(code);
  }
  return ErrorCode::kNone;
}

void Group::remove_and_update(const std::string& member_id, Now now, GroupEffects& out, const std::string& reason) {
  Member& member = members_.at(member_id);
  // Whoever still waits for its JoinGroup may be alive: with this answer it asks again.
  JoinResult unknown;
  unknown.error = ErrorCode::kUnknownMemberId;
  answer_join(member, std::move(unknown), out);
  SyncResult gone;
  gone.error = ErrorCode::kUnknownMemberId;
  answer_sync(member, std::move(gone), out);
  remove_member(std::string(member_id));
  if (is(GroupState::kStable) || is(GroupState::kCompletingRebalance)) {
    maybe_prepare_rebalance(now, out, reason);
  } else if (is(GroupState::kPreparingRebalance)) {
    maybe_complete_join(now, out);
  }
}

void Group::remove_pending(const std::string& member_id, Now now, GroupEffects& out) {
  remove_member(std::string(member_id));
  if (is(GroupState::kPreparingRebalance)) maybe_complete_join(now, out);
}

void Group::unload(GroupEffects& out) {
  for (auto& [id, member] : members_) {
    JoinResult join;
    join.error = ErrorCode::kNotCoordinator;
    join.member_id = id;
    answer_join(member, std::move(join), out);
    SyncResult sync;
    sync.error = ErrorCode::kNotCoordinator;
    answer_sync(member, std::move(sync), out);
    member.expires = TimePoint::max();
  }
  rebalance_.reset();
  pending_members_.clear();
  pending_sync_.clear();
  sync_deadline_ = TimePoint::max();
  state_ = GroupState::kDead;
}

void Group::loaded(Now now, GroupEffects& out) {
  for (auto& [id, member] : members_) restart_session(member, now);
  if (members_.size() > static_cast<size_t>(config_.max_size)) {
    maybe_prepare_rebalance(now, out, "Freshly-loaded group is over capacity");
  }
}

TimePoint Group::deadline() const {
  TimePoint first = sync_deadline_;
  if (rebalance_) first = std::min(first, rebalance_->deadline);
  for (const auto& [id, member] : members_) first = std::min(first, member.expires);
  for (const auto& [id, expires] : pending_members_) first = std::min(first, expires);
  return first;
}

void Group::on_tick(Now now, GroupEffects& out) {
  if (is(GroupState::kDead)) return;
  std::vector<std::string> late;
  for (auto& [id, member] : members_) {
    if (member.expires > now.mono) continue;
    member.expires = TimePoint::max();
    // Members that wait for a rebalance keep their session; new ones have the time that a join may take.
    if (member.is_new || (!member.awaits_join() && !member.awaits_sync())) late.push_back(id);
  }
  for (const std::string& id : late) {
    if (!members_.contains(id)) continue;
    log_.info("Member {} in group {} has failed, removing it from the group", id, id_);
    remove_and_update(id, now, out, "removing member " + id + " on heartbeat expiration");
  }
  std::vector<std::string> pending;
  for (const auto& [id, expires] : pending_members_) {
    if (expires <= now.mono) pending.push_back(id);
  }
  for (const std::string& id : pending) {
    log_.info("Pending member {} in group {} has been removed after session timeout expiration.", id, id_);
    remove_pending(id, now, out);
  }
  if (sync_deadline_ <= now.mono) {
    sync_deadline_ = TimePoint::max();
    const bool waiting = is(GroupState::kCompletingRebalance) || is(GroupState::kStable);
    if (waiting && !pending_sync_.empty()) {
      const std::vector<std::string> silent(pending_sync_.begin(), pending_sync_.end());
      for (const std::string& id : silent) remove_member(id);
      prepare_rebalance(now, out, fmt::format("Removing {} members on pending sync request expiration", silent.size()));
    }
  }
  if (rebalance_ && rebalance_->deadline <= now.mono) {
    if (rebalance_->initial && new_member_added_ && rebalance_->remaining_ms != 0) {
      new_member_added_ = false;
      const int64_t delay = std::min<int64_t>(config_.initial_rebalance_delay_ms, rebalance_->remaining_ms);
      const int64_t remaining = std::max<int64_t>(rebalance_->remaining_ms - rebalance_->delay_ms, 0);
      rebalance_ = Rebalance{now.mono + ms(delay), true, delay, remaining};
    } else {
      complete_join(now, out);
    }
  }
}

bool Group::all_joined() const {
  return pending_members_.empty() &&
         std::ranges::all_of(members_, [](const auto& m) { return m.second.awaits_join(); });
}

int32_t Group::max_rebalance_timeout_ms() const {
  int32_t out = 0;
  for (const auto& [id, m] : members_) out = std::max(out, m.rebalance_timeout_ms);
  return out;
}

std::optional<std::set<std::string>> Group::subscribed_topics() const {
  if (protocol_type_ != "consumer") return std::nullopt;
  std::set<std::string> topics;
  if (members_.empty()) return topics;
  if (!protocol_name_) return std::nullopt;
  for (const auto& [id, member] : members_) {
    const Slice* metadata = member.metadata(*protocol_name_);
    const auto subscription = metadata ? kafka::decode_subscription(*metadata) : fail(Errc::kMalformed);
    if (!subscription) {
      log_.warn(
          "Failed to parse Consumer Protocol consumer:{} of group {}. Consumer group coordinator is not aware of "
          "the subscribed topics.",
          *protocol_name_, id_);
      return std::nullopt;
    }
    topics.insert(subscription->topics.begin(), subscription->topics.end());
  }
  return topics;
}

}  // namespace kz::broker
