#include "tests/sim/lib/world.h"

#include <fmt/format.h>

#include <algorithm>

namespace kz::sim {

void World::note(Party who, const std::string& what) const {
  if (trace) trace(fmt::format("{:>12.3f} {:>4} {}", static_cast<double>(now.ns - 1'000'000'000) / 1e6, who, what));
}

void World::after(Duration delay, std::function<void()> run) {
  events_.push({now + std::max(delay, Duration{0}), ++sequence_, std::move(run)});
}

void World::turn() {
  Event e = events_.top();
  events_.pop();
  now = std::max(now, e.at);
  e.run();
}

Duration World::latency() { return std::chrono::microseconds{rng.between(50, rng.chance(0.02) ? 200000 : 3000)}; }

uint64_t World::open(LinkEnd a, LinkEnd b) {
  const uint64_t id = next_link_++;
  auto link = std::make_shared<Link>();
  link->end[0] = std::move(a);
  link->end[1] = std::move(b);
  links_[id] = std::move(link);
  return id;
}

void World::transmit(uint64_t id, int to, std::function<void()> arrive) {
  const auto it = links_.find(id);
  if (it == links_.end()) return;
  Link& l = *it->second;
  if (!l.held[to].empty() || !reachable(l.end[1 - to].party, l.end[to].party)) {
    l.held[to].push_back(std::move(arrive));
    return;
  }
  l.last[to] = std::max(l.last[to], now + latency());
  after(l.last[to] - now, [keep = it->second, arrive = std::move(arrive)] { arrive(); });
}

void World::send(uint64_t id, Party from, Frame frame) {
  const auto it = links_.find(id);
  if (it == links_.end()) return;
  Link& l = *it->second;
  const int to = l.end[0].party == from ? 1 : 0;
  if (l.stale) {
    // Nobody there knows the connection: a machine that is up says so.
    if (up_.contains(l.end[to].party)) after(latency(), [this, id, to] { tell_closed(id, 1 - to); });
    return;
  }
  // What a cut network holds back is held by the link itself: owning it would keep both for ever.
  transmit(id, to, [weak = std::weak_ptr<Link>(it->second), to, frame = std::move(frame)] {
    if (const auto link = weak.lock(); link && link->open[to]) link->end[to].on_frame(frame);
  });
}

void World::tell_closed(uint64_t id, int to) {
  const auto it = links_.find(id);
  if (it == links_.end()) return;
  const auto link = it->second;
  if (!link->open[to]) return;
  link->open[to] = false;
  if (!link->open[1 - to]) links_.erase(it);
  link->end[to].on_closed();
}

void World::close(uint64_t id, Party closer) {
  const auto it = links_.find(id);
  if (it == links_.end()) return;
  Link& l = *it->second;
  const int own = l.end[0].party == closer ? 0 : 1;
  if (!l.open[own]) return;
  l.open[own] = false;
  if (!l.open[1 - own]) {
    links_.erase(it);
  } else if (!l.stale) {
    transmit(id, 1 - own, [this, id, own] { tell_closed(id, 1 - own); });
  }
}

void World::reset(uint64_t id) {
  for (const int end : {0, 1}) after(latency(), [this, id, end] { tell_closed(id, end); });
}

void World::lose(Party party) {
  for (auto& [id, link] : links_) {
    for (const int end : {0, 1}) {
      if (link->end[end].party != party || !link->open[end]) continue;
      link->open[end] = false;
      link->stale = true;
      link->held[0].clear();
      link->held[1].clear();
    }
  }
  std::erase_if(links_, [](const auto& l) { return !l.second->open[0] && !l.second->open[1]; });
}

void World::set_up(Party party, bool up) {
  if (up) {
    up_.insert(party);
  } else {
    up_.erase(party);
  }
}

void World::mend() {
  cut_.clear();
  for (const uint64_t id : links()) {
    for (const int to : {0, 1}) {
      const auto it = links_.find(id);
      if (it == links_.end()) break;
      auto held = std::move(it->second->held[to]);
      it->second->held[to].clear();
      for (auto& arrive : held) transmit(id, to, std::move(arrive));
    }
  }
}

std::vector<uint64_t> World::links() const {
  std::vector<uint64_t> out;
  for (const auto& [id, link] : links_) out.push_back(id);
  return out;
}

}  // namespace kz::sim
