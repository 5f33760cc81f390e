// What the group coordinator answers. Source: GroupCoordinator.scala handle*, GroupMetadataManager.getOffsets @ 3.4.0.
#include <algorithm>

#include "core/broker/group/coordinator.h"
#include "core/broker/group/coordinator_step.h"

namespace kz::broker {

using kafka::ErrorCode;

void GroupCoordinator::join(const std::string& group, JoinInput input, Caller from, JoinDone done) {
  JoinResult refused;
  refused.member_id = input.member_id;
  refused.error = check(group, EmptyId::kRefused);
  if (refused.error == ErrorCode::kNone && (input.session_timeout_ms < config_.group.min_session_timeout_ms ||
                                            input.session_timeout_ms > config_.group.max_session_timeout_ms)) {
    refused.error = ErrorCode::kInvalidSessionTimeout;
  }
  SlotPtr slot;
  if (refused.error == ErrorCode::kNone) {
    slot = input.member_id.empty() ? find_or_create(group, from.now) : find(group);
    if (!slot) refused.error = ErrorCode::kUnknownMemberId;
  }
  if (!slot) {
    done(std::move(refused));
    return;
  }
  step(slot, from, [&](Group& g, GroupEffects& out) {
    Rng rng(rng_.with([](Rng& r) { return r(); }));
    g.join(std::move(input), from.now, rng, std::move(done), out);
  });
}

void GroupCoordinator::sync(const std::string& group, SyncInput input, Caller from, SyncDone done) {
  SyncResult refused;
  refused.error = check(group, EmptyId::kRefused);
  // Old clients do not expect "loading" here; the state of the rebalance is lost anyway.
  if (refused.error == ErrorCode::kCoordinatorLoadInProgress) refused.error = ErrorCode::kRebalanceInProgress;
  SlotPtr slot;
  if (refused.error == ErrorCode::kNone) {
    slot = find(group);
    if (!slot) refused.error = ErrorCode::kUnknownMemberId;
  }
  if (!slot) {
    done(std::move(refused));
    return;
  }
  step(slot, from, [&](Group& g, GroupEffects& out) { g.sync(std::move(input), from.now, std::move(done), out); });
}

ErrorCode GroupCoordinator::heartbeat(const std::string& group, const std::string& member,
                                      const std::optional<std::string>& instance, int32_t generation, Caller from) {
  const ErrorCode status = check(group, EmptyId::kRefused);
  if (status == ErrorCode::kCoordinatorLoadInProgress) return ErrorCode::kNone;
  if (status != ErrorCode::kNone) return status;
  const SlotPtr slot = find(group);
  if (!slot) return ErrorCode::kUnknownMemberId;
  return slot->with([&](Slot& s) { return s.group.heartbeat(member, instance, generation, from.now); });
}

ErrorCode GroupCoordinator::leave(const std::string& group, const std::vector<MemberIdentity>& members, Caller from,
                                  std::vector<ErrorCode>& codes) {
  if (const ErrorCode status = check(group, EmptyId::kRefused); status != ErrorCode::kNone) return status;
  const SlotPtr slot = find(group);
  if (!slot) {
    codes.assign(members.size(), ErrorCode::kUnknownMemberId);
    return ErrorCode::kNone;
  }
  ErrorCode result = ErrorCode::kNone;
  step(slot, from, [&](Group& g, GroupEffects& out) { result = g.leave(members, from.now, codes, out); });
  return result;
}

void GroupCoordinator::commit(const std::string& group, const std::string& member,
                              const std::optional<std::string>& instance, int32_t generation, OffsetMap offsets,
                              Caller from, Group::CommitDone done) {
  OffsetCodes codes;
  const auto refuse_all = [&](ErrorCode code) {
    for (const auto& [tp, value] : offsets) codes[tp] = code;
    done(std::move(codes));
  };
  if (const ErrorCode status = check(group, EmptyId::kAllowed); status != ErrorCode::kNone) return refuse_all(status);
  SlotPtr slot = find(group);
  if (!slot) {
    // Offsets without a group of members are stored for whoever asks; anything else is from a time long gone.
    if (generation >= 0) return refuse_all(ErrorCode::kIllegalGeneration);
    slot = find_or_create(group, from.now);
  }
  step(slot, from, [&](Group& g, GroupEffects& out) {
    const ErrorCode code = g.check_commit(member, instance, generation, from.now);
    OffsetMap accepted;
    for (auto& [tp, value] : offsets) {
      const bool fits = value.metadata.size() <= static_cast<size_t>(config_.offset_metadata_max_size);
      codes[tp] = code != ErrorCode::kNone ? code : fits ? ErrorCode::kNone : ErrorCode::kOffsetMetadataTooLarge;
      if (code == ErrorCode::kNone && fits) accepted.emplace(tp, std::move(value));
    }
    if (accepted.empty()) {
      out.calls.push_back([d = std::move(done), c = std::move(codes)]() mutable { d(std::move(c)); });
      return;
    }
    g.commit(std::move(accepted), [d = std::move(done), c = std::move(codes)](const OffsetCodes& stored) mutable {
      for (const auto& [tp, one] : stored) c[tp] = one;
      d(std::move(c));
    });
  });
}

ErrorCode GroupCoordinator::fetch(const std::string& group,
                                  const std::optional<std::vector<TopicPartition>>& partitions, bool require_stable,
                                  std::map<TopicPartition, FetchedOffset>& out) {
  if (const ErrorCode status = check(group, EmptyId::kAllowed); status != ErrorCode::kNone) return status;
  if (partitions) {
    for (const TopicPartition& tp : *partitions) out[tp] = {};
  }
  const SlotPtr slot = find(group);
  if (!slot) return ErrorCode::kNone;
  slot->with([&](Slot& s) {
    if (s.group.is(GroupState::kDead)) return;
    const OffsetMap& offsets = s.group.offsets();
    if (!partitions) {
      for (const auto& [tp, value] : offsets) out[tp] = {};
    }
    for (auto& [tp, fetched] : out) {
      if (require_stable && s.group.has_pending_offset(tp)) {
        fetched.error = ErrorCode::kUnstableOffsetCommit;
      } else if (const auto it = offsets.find(tp); it != offsets.end()) {
        fetched.value = it->second;
      }
    }
  });
  return ErrorCode::kNone;
}

ErrorCode GroupCoordinator::list(const std::vector<std::string>& states, std::vector<Overview>& out) {
  if (!active_) return ErrorCode::kCoordinatorNotAvailable;
  const bool loading = partitions_.with([](const auto& all) {
    return std::ranges::any_of(all, [](const auto& p) { return p.second.ownership == Ownership::kLoading; });
  });
  std::vector<SlotPtr> all;
  for (auto& shard : groups_) {
    shard.with([&](Groups& g) {
      for (auto& [id, slot] : g) all.push_back(slot);
    });
  }
  for (const SlotPtr& slot : all) {
    Overview one = slot->with([](Slot& s) { return Overview{s.group.id(), s.group.protocol_type(), s.group.state()}; });
    const std::string_view name = group_state_name(one.state);
    if (states.empty() || std::ranges::find(states, name) != states.end()) out.push_back(std::move(one));
  }
  std::ranges::sort(out, {}, &Overview::id);
  return loading ? ErrorCode::kCoordinatorLoadInProgress : ErrorCode::kNone;
}

GroupCoordinator::Description GroupCoordinator::describe(const std::string& group) {
  Description out;
  out.error = check(group, EmptyId::kAllowed);
  if (out.error != ErrorCode::kNone) return out;
  const SlotPtr slot = find(group);
  if (!slot) {
    out.state = group_state_name(GroupState::kDead);
    return out;
  }
  slot->with([&](Slot& s) {
    const Group& g = s.group;
    out.state = group_state_name(g.state());
    out.protocol_type = g.protocol_type();
    const bool stable = g.is(GroupState::kStable);
    if (stable) out.protocol = g.protocol_name().value_or("");
    for (const auto& [id, m] : g.members()) {
      Description::Member& to = out.members.emplace_back();
      to.id = id;
      to.instance_id = m.instance_id;
      to.client_id = m.client_id;
      to.client_host = m.client_host;
      if (!stable) continue;
      if (const Slice* metadata = m.metadata(out.protocol)) to.metadata = *metadata;
      to.assignment = m.assignment;
    }
  });
  return out;
}

ErrorCode GroupCoordinator::remove(const std::string& group, Caller from) {
  if (const ErrorCode status = check(group, EmptyId::kAllowed); status != ErrorCode::kNone) return status;
  const SlotPtr slot = find(group);
  if (!slot) return ErrorCode::kGroupIdNotFound;
  std::vector<TopicPartition> removed;
  const ErrorCode code = slot->with([&](Slot& s) {
    if (s.group.is(GroupState::kDead)) return ErrorCode::kGroupIdNotFound;
    if (!s.group.is(GroupState::kEmpty)) return ErrorCode::kNonEmptyGroup;
    s.group.die(from.now);
    removed = s.group.remove_all_offsets();
    return ErrorCode::kNone;
  });
  if (code != ErrorCode::kNone) return code;
  tombstones(slot, removed, from);
  log_.info("The following groups were deleted: {}. A total of {} offsets were removed.", group, removed.size());
  return ErrorCode::kNone;
}

ErrorCode GroupCoordinator::remove_offsets(const std::string& group, const std::vector<TopicPartition>& partitions,
                                           Caller from, OffsetCodes& codes) {
  if (const ErrorCode status = check(group, EmptyId::kRefused); status != ErrorCode::kNone) return status;
  const SlotPtr slot = find(group);
  if (!slot) return ErrorCode::kGroupIdNotFound;
  std::vector<TopicPartition> removed;
  const ErrorCode code = slot->with([&](Slot& s) {
    Group& g = s.group;
    if (g.is(GroupState::kDead)) return ErrorCode::kGroupIdNotFound;
    if (!g.is(GroupState::kEmpty) && !g.consumer_group()) return ErrorCode::kNonEmptyGroup;
    std::vector<TopicPartition> eligible;
    for (const TopicPartition& tp : partitions) {
      const bool used = !g.is(GroupState::kEmpty) && g.subscribed_to(tp.topic);
      codes[tp] = used ? ErrorCode::kGroupSubscribedToTopic : ErrorCode::kNone;
      if (!used) eligible.push_back(tp);
    }
    removed = g.remove_offsets(eligible);
    return ErrorCode::kNone;
  });
  if (code != ErrorCode::kNone) return code;
  tombstones(slot, removed, from);
  return ErrorCode::kNone;
}

}  // namespace kz::broker
