// GroupCoordinator::step, for the coordinator's own files.
#pragma once
#include "core/broker/group/coordinator.h"

namespace kz::broker {

template <class F>
void GroupCoordinator::step(const SlotPtr& slot, Caller from, F&& fn) {
  GroupEffects out;
  bool drains = false;
  TimePoint alarm = TimePoint::max();
  slot->with([&](Slot& s) {
    fn(s.group, out);
    // A rebalance delay of zero is due at once.
    while (s.group.deadline() <= from.now.mono && !s.group.is(GroupState::kDead)) s.group.on_tick(from.now, out);
    if (!s.group.outbox().empty() && !s.draining) drains = s.draining = true;
    const TimePoint due = s.group.deadline();
    if (due < s.armed) alarm = s.armed = due;
  });
  for (auto& call : out.calls) call();
  if (drains) drain(slot, from);
  if (alarm < TimePoint::max()) arm(slot, alarm);
}

}  // namespace kz::broker
