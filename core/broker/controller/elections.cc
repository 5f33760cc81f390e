#include "core/broker/controller/elections.h"

#include <algorithm>

namespace kz::broker {

ElectionResult elect_leader(ElectionKind kind, const ElectionInput& input, bool recovery_supported,
                            const std::function<bool(BrokerId)>& online,
                            const std::function<bool(BrokerId)>& shutting_down) {
  const std::vector<BrokerId>& isr = input.current.isr;
  const auto in_isr = [&](BrokerId id) { return std::ranges::find(isr, id) != isr.end(); };
  const auto first = [](const std::vector<BrokerId>& from, auto&& fits) -> std::optional<BrokerId> {
    const auto it = std::ranges::find_if(from, fits);
    if (it == from.end()) return std::nullopt;
    return *it;
  };
  const auto keep = [](std::vector<BrokerId> from, auto&& fits) {
    std::erase_if(from, [&](BrokerId id) { return !fits(id); });
    return from;
  };
  ElectionResult out;
  std::optional<BrokerId> leader;
  std::vector<BrokerId> new_isr = isr;
  bool recovering = input.current.recovering;
  switch (kind) {
    case ElectionKind::kOffline:
      out.recipients = keep(input.replicas, online);
      leader = first(input.replicas, [&](BrokerId id) { return online(id) && in_isr(id); });
      if (leader) {
        new_isr = keep(isr, online);
      } else if (input.unclean_allowed && (leader = first(input.replicas, online))) {
        new_isr = {*leader};
        recovering = recovering || recovery_supported;
      }
      break;
    case ElectionKind::kReassign:
      out.recipients = input.target_replicas;
      leader = first(input.target_replicas, [&](BrokerId id) { return online(id) && in_isr(id); });
      break;
    case ElectionKind::kPreferred:
      out.recipients = input.replicas;
      if (!input.replicas.empty() && online(input.replicas[0]) && in_isr(input.replicas[0])) leader = input.replicas[0];
      break;
    case ElectionKind::kControlledShutdown:
      out.recipients = keep(input.replicas, [&](BrokerId id) { return online(id) || shutting_down(id); });
      leader = first(input.replicas, [&](BrokerId id) { return online(id) && in_isr(id) && !shutting_down(id); });
      new_isr = keep(isr, [&](BrokerId id) { return !shutting_down(id); });
      break;
  }
  if (!leader) return out;
  out.state = input.current;
  out.state->leader = *leader;
  out.state->leader_epoch = input.current.leader_epoch + 1;
  out.state->isr = std::move(new_isr);
  out.state->recovering = recovering;
  return out;
}

}  // namespace kz::broker
