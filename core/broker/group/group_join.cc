// The join phase of a group. Source: GroupCoordinator.doNewMemberJoinGroup, doCurrentMemberJoinGroup,
// updateStaticMemberAndRebalance, prepareRebalance, onCompleteJoin @ 3.4.0.
#include <algorithm>

#include "core/base/check.h"
#include "core/broker/group/group.h"

namespace kz::broker {

using kafka::ErrorCode;

namespace {

// Java's UUID.randomUUID().toString().
std::string random_uuid(Rng& rng) {
  const uint64_t high = (rng() & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t low = (rng() & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48,
                     low & 0xffffffffffff);
}

void refuse(JoinDone done, GroupEffects& out, std::string member_id, ErrorCode code) {
  JoinResult result;
  result.error = code;
  result.member_id = std::move(member_id);
  out.calls.push_back([d = std::move(done), r = std::move(result)]() mutable { d(std::move(r)); });
}

bool same_protocols(const std::vector<std::pair<std::string, Slice>>& a,
                    const std::vector<std::pair<std::string, Slice>>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && std::ranges::equal(x.second.bytes(), y.second.bytes());
  });
}

}  // namespace

bool Group::accepts(const std::string& member_id) const {
  const auto limit = static_cast<size_t>(config_.max_size);
  switch (state_) {
    case GroupState::kEmpty:
    case GroupState::kDead:
      return true;
    case GroupState::kPreparingRebalance: {
      // By those who wait and not by the size: the group may be above a lowered limit, and who is late is let go.
      const auto it = members_.find(member_id);
      if (it != members_.end() && it->second.awaits_join()) return true;
      const auto waiting = std::ranges::count_if(members_, [](const auto& m) { return m.second.awaits_join(); });
      return static_cast<size_t>(waiting) < limit;
    }
    case GroupState::kCompletingRebalance:
    case GroupState::kStable:
      return members_.contains(member_id) || members_.size() < limit;
  }
  return false;
}

void Group::join(JoinInput input, Now now, Rng& rng, JoinDone done, GroupEffects& out) {
  // What is kept outlives the request: it must not hold the request's slab.
  for (auto& [name, metadata] : input.protocols) metadata = metadata.detach();
  if (!accepts(input.member_id)) {
    remove_member(input.member_id);
    refuse(std::move(done), out, {}, ErrorCode::kGroupMaxSizeReached);
  } else if (input.member_id.empty()) {
    join_new(std::move(input), now, rng, std::move(done), out);
  } else {
    join_known(std::move(input), now, std::move(done), out);
  }
  if (is(GroupState::kPreparingRebalance)) maybe_complete_join(now, out);
}

void Group::join_new(JoinInput input, Now now, Rng& rng, JoinDone done, GroupEffects& out) {
  if (is(GroupState::kDead)) return refuse(std::move(done), out, {}, ErrorCode::kCoordinatorNotAvailable);
  if (!supports(input.protocol_type, input.protocols)) {
    return refuse(std::move(done), out, {}, ErrorCode::kInconsistentGroupProtocol);
  }
  std::string member_id = input.instance_id.value_or(input.client_id) + "-" + random_uuid(rng);
  if (input.instance_id) {
    const auto known = static_members_.find(*input.instance_id);
    if (known == static_members_.end()) {
      log_.info(
          "Static member with groupInstanceId={} and unknown member id joins group {} in {} state. Created a new "
          "member id {} for this member and add to the group.",
          *input.instance_id, id_, group_state_name(state_), member_id);
      return add_member(std::move(input), std::move(member_id), now, std::move(done), out);
    }
    const std::string old_id = known->second;
    log_.info(
        "Static member with groupInstanceId={} and unknown member id joins group {} in {} state. Replacing "
        "previously mapped member {} with this groupInstanceId.",
        *input.instance_id, id_, group_state_name(state_), old_id);
    return replace_static(old_id, std::move(member_id), std::move(input), now, std::move(done), out);
  }
  if (input.require_known_member_id) {
    // KIP-394: the member asks again with its id, so that a lost answer leaves no ghost in the group.
    log_.info(
        "Dynamic member with unknown member id joins group {} in {} state. Created a new member id {} and "
        "request the member to rejoin with this id.",
        id_, group_state_name(state_), member_id);
    pending_members_[member_id] = now.mono + ms(input.session_timeout_ms);
    return refuse(std::move(done), out, std::move(member_id), ErrorCode::kMemberIdRequired);
  }
  log_.info(
      "Dynamic Member with unknown member id joins group {} in {} state. Created a new member id {} for this "
      "member and add to the group.",
      id_, group_state_name(state_), member_id);
  add_member(std::move(input), std::move(member_id), now, std::move(done), out);
}

void Group::join_known(JoinInput input, Now now, JoinDone done, GroupEffects& out) {
  const std::string member_id = input.member_id;
  if (is(GroupState::kDead)) return refuse(std::move(done), out, member_id, ErrorCode::kCoordinatorNotAvailable);
  if (!supports(input.protocol_type, input.protocols)) {
    return refuse(std::move(done), out, member_id, ErrorCode::kInconsistentGroupProtocol);
  }
  if (pending_members_.contains(member_id)) {
    // Ids of pending members belong to dynamic members only.
    if (input.instance_id) return refuse(std::move(done), out, member_id, ErrorCode::kUnknownMemberId);
    return add_member(std::move(input), member_id, now, std::move(done), out);
  }
  if (const ErrorCode code = check_member(member_id, input.instance_id); code != ErrorCode::kNone) {
    return refuse(std::move(done), out, member_id, code);
  }
  Member& member = members_.at(member_id);
  const bool same = same_protocols(member.protocols, input.protocols);
  const bool leads = leader_ == member_id;
  const auto answer_current = [&](bool with_members) {
    out.calls.push_back([d = std::move(done), r = current(member_id, with_members)]() mutable { d(std::move(r)); });
  };
  switch (state_) {
    case GroupState::kPreparingRebalance:
      break;
    case GroupState::kCompletingRebalance:
      // It may not have received the first answer.
      if (same) return answer_current(leads);
      break;
    case GroupState::kStable:
      // A leader that rejoins wants a rebalance, e.group-> because partitions were added.
      if (same && !leads) return answer_current(false);
      break;
    case GroupState::kEmpty:
    case GroupState::kDead:
      return refuse(std::move(done), out, member_id, ErrorCode::kUnknownMemberId);
  }
  std::string reason =
      fmt::format("{} {} re-joining group during {}", leads ? "Leader" : "Member", member_id, group_state_name(state_));
  update_member(member, input, std::move(done));
  maybe_prepare_rebalance(now, out, reason);
}

JoinResult Group::current(const std::string& member_id, bool with_members) const {
  JoinResult result;
  result.generation = generation_;
  result.protocol_type = protocol_type_;
  result.protocol_name = protocol_name_;
  result.leader = leader_.value_or("");
  result.member_id = member_id;
  if (!with_members) return result;
  for (const auto& [id, member] : members_) {
    const Slice* metadata = member.metadata(protocol_name_.value_or(""));
    result.members.push_back({id, member.instance_id, metadata ? *metadata : Slice{}});
  }
  return result;
}

void Group::add_member(JoinInput input, std::string member_id, Now now, JoinDone done, GroupEffects& out) {
  if (is(GroupState::kPreparingRebalance) && generation_ == 0) new_member_added_ = true;
  Member member;
  member.id = member_id;
  member.instance_id = input.instance_id;
  member.client_id = std::move(input.client_id);
  member.client_host = std::move(input.client_host);
  member.rebalance_timeout_ms = input.rebalance_timeout_ms;
  member.session_timeout_ms = input.session_timeout_ms;
  member.protocols = std::move(input.protocols);
  member.join = std::move(done);
  member.is_new = true;
  // A new member cannot send heartbeats before it knows its id.
  member.expires = now.mono + ms(kNewMemberJoinTimeoutMs);
  if (member.instance_id) static_members_[*member.instance_id] = member_id;
  if (members_.empty()) protocol_type_ = input.protocol_type;
  if (!leader_) leader_ = member_id;
  count_protocols(member, 1);
  pending_members_.erase(member_id);
  const std::string reason =
      fmt::format("Adding new member {} with group instance id {}", member_id, member.instance_id.value_or("None"));
  members_.emplace(std::move(member_id), std::move(member));
  maybe_prepare_rebalance(now, out, reason);
}

void Group::update_member(Member& member, JoinInput& input, JoinDone done) {
  count_protocols(member, -1);
  member.protocols = std::move(input.protocols);
  count_protocols(member, 1);
  member.rebalance_timeout_ms = input.rebalance_timeout_ms;
  member.session_timeout_ms = input.session_timeout_ms;
  member.join = std::move(done);
}

void Group::replace_static(const std::string& old_id, std::string new_id, JoinInput input, Now now, JoinDone done,
                           GroupEffects& out) {
  const std::string instance = *input.instance_id;
  const std::string old_leader = leader_.value_or("");
  auto node = members_.extract(old_id);
  KZ_ASSERT(!node.empty());
  // Whoever still waits under the old id is a duplicate of the same instance.
  JoinResult fenced_join;
  fenced_join.error = ErrorCode::kFencedInstanceId;
  fenced_join.member_id = old_id;
  answer_join(node.mapped(), std::move(fenced_join), out);
  SyncResult fenced_sync;
  fenced_sync.error = ErrorCode::kFencedInstanceId;
  answer_sync(node.mapped(), std::move(fenced_sync), out);
  node.key() = new_id;
  node.mapped().id = new_id;
  Member& member = members_.insert(std::move(node)).position->second;
  if (leader_ == old_id) leader_ = new_id;
  static_members_[instance] = new_id;
  if (pending_sync_.erase(old_id) > 0) pending_sync_.insert(new_id);
  restart_session(member, now);

  const auto old_protocols = member.protocols;
  const int32_t old_rebalance = member.rebalance_timeout_ms;
  const int32_t old_session = member.session_timeout_ms;
  const bool skipping = input.supports_skipping;
  update_member(member, input, std::move(done));
  switch (state_) {
    case GroupState::kStable: {
      if (protocol_name_ != select_protocol()) {
        return maybe_prepare_rebalance(
            now, out,
            fmt::format("Group's selectedProtocol will change because static member {} with instance id {} joined with "
                        "change of protocol",
                        new_id, instance));
      }
      log_.info(
          "Static member which joins during Stable stage and doesn't affect selectProtocol will not trigger "
          "rebalance.");
      std::map<std::string, Slice> assignment;
      for (const auto& [id, m] : members_) assignment[id] = m.assignment;
      store_group(assignment, [=](Group* group, ErrorCode error, Offset, Now when, GroupEffects& effects) {
        const auto it = group->members_.find(new_id);
        if (it == group->members_.end()) return;
        Member& m = it->second;
        if (error != ErrorCode::kNone) {
          // The id is not stored: back to the old one.
          JoinResult result = group->current({}, false);
          result.error = error;
          result.leader = old_leader;
          group->answer_join(m, std::move(result), effects);
          group->count_protocols(m, -1);
          m.protocols = old_protocols;
          group->count_protocols(m, 1);
          m.rebalance_timeout_ms = old_rebalance;
          m.session_timeout_ms = old_session;
          auto back = group->members_.extract(new_id);
          back.key() = old_id;
          back.mapped().id = old_id;
          group->restart_session(group->members_.insert(std::move(back)).position->second, when);
          if (group->leader_ == new_id) group->leader_ = old_id;
          group->static_members_[instance] = old_id;
          return;
        }
        const bool leads = group->leader_ == new_id;
        JoinResult result = group->current(new_id, skipping && leads);
        if (skipping) {
          // KIP-814: it may know that it leads, but must not assign anew.
          result.skip_assignment = leads;
        } else {
          // With the old leader's id in the answer the new member will not think itself the leader.
          result.leader = old_leader;
        }
        group->answer_join(m, std::move(result), effects);
      });
      return;
    }
    case GroupState::kCompletingRebalance:
      // The old id may be in the leader's assignment already.
      return prepare_rebalance(
          now, out, fmt::format("Updating metadata for static member {} with instance id {}", new_id, instance));
    case GroupState::kPreparingRebalance:
    case GroupState::kEmpty:
    case GroupState::kDead:
      return;
  }
}

void Group::maybe_prepare_rebalance(Now now, GroupEffects& out, const std::string& reason) {
  if (is(GroupState::kStable) || is(GroupState::kCompletingRebalance) || is(GroupState::kEmpty)) {
    prepare_rebalance(now, out, reason);
  }
}

void Group::prepare_rebalance(Now now, GroupEffects& out, const std::string& reason) {
  if (is(GroupState::kCompletingRebalance)) {
    // Who waits for an assignment has to join again.
    for (auto& [id, m] : members_) m.assignment = {};
    propagate(ErrorCode::kRebalanceInProgress, now, out);
  }
  pending_sync_.clear();
  sync_deadline_ = TimePoint::max();
  const int32_t timeout_ms = max_rebalance_timeout_ms();
  if (is(GroupState::kEmpty)) {
    const int64_t delay = config_.initial_rebalance_delay_ms;
    rebalance_ = Rebalance{now.mono + ms(delay), true, delay, std::max<int64_t>(timeout_ms - delay, 0)};
  } else {
    rebalance_ = Rebalance{now.mono + ms(timeout_ms), false, timeout_ms, 0};
  }
  transition(GroupState::kPreparingRebalance, now);
  log_.info("Preparing to rebalance group {} in state PreparingRebalance with old generation {} (reason: {})", id_,
            generation_, reason);
  maybe_complete_join(now, out);
}

void Group::maybe_complete_join(Now now, GroupEffects& out) {
  if (!rebalance_ || rebalance_->initial || !all_joined()) return;
  complete_join(now, out);
}

bool Group::elect_joined_leader() {
  if (!leader_) return false;
  const auto it = members_.find(*leader_);
  if (it != members_.end() && it->second.awaits_join()) return true;
  for (const auto& [id, member] : members_) {
    if (!member.awaits_join()) continue;
    log_.info("Group leader [member.id: {}] failed to join before rebalance timeout, while new leader {} was elected.",
              *leader_, id);
    leader_ = id;
    return true;
  }
  return false;
}

void Group::complete_join(Now now, GroupEffects& out) {
  rebalance_.reset();
  std::vector<std::string> late;
  for (const auto& [id, member] : members_) {
    if (!member.awaits_join() && !member.instance_id) late.push_back(id);
  }
  if (!late.empty()) {
    log_.info("Group {} removed dynamic members who haven't joined: {}", id_, fmt::join(late, ", "));
    for (const std::string& id : late) remove_member(id);
  }
  if (!elect_joined_leader() && !members_.empty()) {
    // Static members only, none of them back: their sessions end it.
    log_.warn("Group {} could not complete rebalance because no members rejoined", id_);
    // A client may ask for no time at all; then once a second is often enough.
    const int32_t timeout_ms = std::max(max_rebalance_timeout_ms(), 1000);
    rebalance_ = Rebalance{now.mono + ms(timeout_ms), false, timeout_ms, 0};
    return;
  }
  next_generation(now);
  if (is(GroupState::kEmpty)) {
    log_.info("Group {} with generation {} is now empty", id_, generation_);
    store_group({}, [](Group* group, ErrorCode error, Offset, Now, GroupEffects&) {
      if (error == ErrorCode::kNone) return;
      // If this broker dies now the members of the last generation come back; they will expire.
      group->log_.warn("Failed to write empty metadata for group {}: {}", group->id_, kafka::error_message(error));
    });
    return;
  }
  log_.info("Stabilized group {} generation {} with {} members", id_, generation_, members_.size());
  for (auto& [id, member] : members_) {
    answer_join(member, current(id, leader_ == id), out);
    restart_session(member, now);
    member.is_new = false;
    pending_sync_.insert(id);
  }
  sync_deadline_ = now.mono + ms(max_rebalance_timeout_ms());
}

void Group::next_generation(Now now) {
  ++generation_;
  pending_sync_.clear();
  sync_deadline_ = TimePoint::max();
  if (members_.empty()) {
    protocol_name_.reset();
    leader_.reset();
    transition(GroupState::kEmpty, now);
  } else {
    protocol_name_ = select_protocol();
    transition(GroupState::kCompletingRebalance, now);
  }
  subscribed_ = subscribed_topics();
}

void Group::store_group(const std::map<std::string, Slice>& assignment,
                        std::move_only_function<void(Group*, ErrorCode, Offset, Now, GroupEffects&)> done) {
  kafka::GroupMetadataValue value;
  value.protocol_type = protocol_type_;
  value.generation = generation_;
  value.protocol = protocol_name_;
  value.leader = leader_;
  value.current_state_timestamp = state_since_ms_;
  for (const auto& [id, member] : members_) {
    auto& m = value.members.emplace_back();
    m.member_id = id;
    m.group_instance_id = member.instance_id;
    m.client_id = member.client_id;
    m.client_host = member.client_host;
    m.rebalance_timeout = member.rebalance_timeout_ms;
    m.session_timeout = member.session_timeout_ms;
    if (const Slice* metadata = member.metadata(protocol_name_.value_or(""))) m.subscription = *metadata;
    if (const auto a = assignment.find(id); a != assignment.end()) m.assignment = a->second;
  }
  GroupAppend append;
  append.group = std::move(value);
  append.done = std::move(done);
  outbox_.push_back(std::move(append));
}

}  // namespace kz::broker
