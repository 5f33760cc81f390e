// ZabSim: connections on the quorum port: ordered frames, partitions that hold them back, half-open ends.
#include <algorithm>

#include "tests/sim/lib/zab_sim_parts.h"

namespace kz::sim {

void ZabSim::close_link(uint64_t link, ServerId closer) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  const std::pair<ServerId, ServerId> ends{it->second.learner, it->second.leader};
  links_.erase(it);
  for (ServerId id : {ends.first, ends.second}) {
    Node& node = *nodes_[id];
    if (id == closer || !node.up || !node.links.contains(link)) {
      node.links.erase(link);
    } else if (closer != 0 && !reachable(closer, id)) {
      half_open_.emplace_back(id, link);
    } else {
      tell_closed(id, link);
    }
  }
}

void ZabSim::tell_closed(ServerId id, uint64_t link) {
  nodes_[id]->links.erase(link);
  on_node(id, latency(),
          [this, link](Node& n) { step(n, [&](zab::Effects& out) { n.peer->on_link_closed(link, now_, out); }); });
}

void ZabSim::transmit(uint64_t link, ServerId from, std::function<void(Node&)> arrive) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  const int direction = it->second.learner == from ? 1 : 0;
  const ServerId to = direction == 1 ? it->second.leader : it->second.learner;
  auto& held = it->second.held_back[direction];
  if (!held.empty() || !reachable(from, to)) {
    held.push_back(std::move(arrive));
    return;
  }
  TimePoint& last = it->second.last_delivery[direction];
  last = std::max(last, now_ + latency());
  on_node(to, last - now_, [link, arrive = std::move(arrive)](Node& n) {
    if (n.links.contains(link)) arrive(n);
  });
}

void ZabSim::reconnect_network() {
  cut_.clear();
  for (auto& [link, l] : links_) {
    for (int direction : {0, 1}) {
      auto held = std::move(l.held_back[direction]);
      l.held_back[direction].clear();
      for (auto& arrive : held) transmit(link, direction == 1 ? l.learner : l.leader, std::move(arrive));
    }
  }
  for (const auto& [id, link] : std::exchange(half_open_, {})) {
    if (nodes_[id]->up && nodes_[id]->links.contains(link)) tell_closed(id, link);
  }
}

void ZabSim::connect(Node& node, ServerId leader, int attempts) {
  on_node(node.id, latency(), [this, leader, attempts](Node& n) {
    if (n.peer->state() == election::ServerState::kLooking || n.peer->learner() != nullptr) return;
    Node& target = *nodes_[leader];
    if (target.up && target.port_open && reachable(n.id, leader) && reachable(leader, n.id)) {
      const LinkId link = next_link_++;
      links_[link] = Link{n.id, leader, {}, {}};
      n.links.insert(link);
      target.links.insert(link);
      step(target, [&](zab::Effects& out) { target.peer->on_link_open(link, now_, out); });
      if (links_.contains(link)) step(n, [&](zab::Effects& out) { n.peer->on_link_open(link, now_, out); });
    } else if (attempts > 1) {
      on_node(n.id, ms(100), [this, leader, attempts](Node& again) { connect(again, leader, attempts - 1); });
    } else {
      step(n, [&](zab::Effects& out) { n.peer->on_leader_unreachable(now_, out); });
    }
  });
}

}  // namespace kz::sim
