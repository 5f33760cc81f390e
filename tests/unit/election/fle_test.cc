// FastLeaderElection, hand-stepped and in a small seeded network.
#include "core/election/fle.h"

#include <doctest/doctest.h>

#include <deque>
#include <memory>

#include "core/base/rng.h"

using namespace kz;
using namespace kz::election;

namespace {

zk::QuorumConfig ensemble(int voters, int observers = 0) {
  zk::QuorumConfig c;
  for (int i = 1; i <= voters + observers; ++i) {
    zk::QuorumServer s;
    s.id = i;
    s.addresses.push_back(
        {{"127.0.0.1", static_cast<uint16_t>(2000 + i)}, {"127.0.0.1", static_cast<uint16_t>(3000 + i)}});
    s.observer = i > voters;
    c.servers[i] = s;
  }
  return c;
}

// Servers and the messages between them. Delivery order is random; only the newest message per pair is kept in flight,
// as QuorumCnxManager does.
class Net {
 public:
  Net(int voters, int observers, uint64_t seed, bool planted_bug = false) : rng_(seed) {
    const auto config = ensemble(voters, observers);
    for (const auto& [id, server] : config.servers) {
      ElectionOptions o;
      o.self = id;
      o.observer = server.observer;
      o.bug_order_by_id_first = planted_bug;
      nodes_.emplace(id, Node{std::make_unique<FastLeaderElection>(o, config), false, std::nullopt});
    }
  }

  // The server's election port answers; it has not begun to look. Until then others find the connection refused.
  void listen(ServerId id) { nodes_.at(id).up = true; }
  void start(ServerId id, Zxid zxid, int64_t epoch) {
    Node& n = nodes_.at(id);
    n.up = true;
    n.elected.reset();
    // A connection that comes up carries the last message again.
    for (const auto& [pair, notification] : last_sent_) {
      if (pair.second == id && nodes_.at(pair.first).up) in_flight_[pair] = notification;
    }
    ElectionEffects out;
    n.fle->look(zxid, epoch, now_, out);
    apply(id, out);
  }
  void crash(ServerId id) {
    nodes_.at(id).up = false;
    std::erase_if(in_flight_, [id](const auto& m) { return m.first.first == id || m.first.second == id; });
    for (auto& [other, n] : nodes_) {
      if (!n.up || other == id) continue;
      ElectionEffects out;
      n.fle->on_unreachable(id, now_, out);
      apply(other, out);
    }
  }
  // Delivers and lets time pass until all that run have an outcome; false when that takes too long.
  bool settle(Duration limit = ms(20000)) {
    const TimePoint end = now_ + limit;
    while (now_ < end) {
      if (all_settled()) return true;
      if (!in_flight_.empty() && rng_.chance(0.9)) {
        auto it = in_flight_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(rng_.below(in_flight_.size())));
        auto [pair, n] = *it;
        in_flight_.erase(it);
        deliver(pair.first, pair.second, n);
      } else {
        now_ = now_ + ms(rng_.between(1, 30));
        for (auto& [id, n] : nodes_) {
          if (!n.up || now_ < n.fle->deadline()) continue;
          ElectionEffects out;
          n.fle->on_tick(now_, out);
          apply(id, out);
        }
      }
    }
    return false;
  }
  ServerId leader_of(ServerId id) const { return nodes_.at(id).elected ? nodes_.at(id).elected->vote.leader : -1; }
  ServerState state_of(ServerId id) const { return nodes_.at(id).elected->state; }
  FastLeaderElection& fle(ServerId id) { return *nodes_.at(id).fle; }
  TimePoint now() const { return now_; }

 private:
  struct Node {
    std::unique_ptr<FastLeaderElection> fle;
    bool up = false;
    std::optional<Elected> elected;
  };
  bool all_settled() const {
    for (const auto& [id, n] : nodes_) {
      if (n.up && !n.elected) return false;
    }
    return true;
  }
  void deliver(ServerId from, ServerId to, const Notification& n) {
    if (!nodes_.at(to).up) return;
    auto copy = decode_notification(encode(n).bytes());
    REQUIRE(copy);
    ElectionEffects out;
    nodes_.at(to).fle->on_notification(from, *copy, now_, out);
    apply(to, out);
  }
  void apply(ServerId id, const ElectionEffects& effects) {
    for (const auto& e : effects) {
      if (const auto* s = std::get_if<SendNotification>(&e)) {
        last_sent_[{id, s->to}] = s->notification;
        if (nodes_.at(s->to).up) {
          in_flight_[{id, s->to}] = s->notification;
        } else {
          ElectionEffects more;
          nodes_.at(id).fle->on_unreachable(s->to, now_, more);
          apply(id, more);
        }
      } else if (const auto* elected = std::get_if<Elected>(&e)) {
        nodes_.at(id).elected = *elected;
      }
    }
  }

  Rng rng_;
  TimePoint now_;
  std::map<ServerId, Node> nodes_;
  std::map<std::pair<ServerId, ServerId>, Notification> in_flight_;
  std::map<std::pair<ServerId, ServerId>, Notification> last_sent_;
};

}  // namespace

TEST_CASE("votes are ordered by epoch, then zxid, then server id") {
  CHECK(supersedes({1, 5, 0, 3}, {2, 9, 0, 2}));
  CHECK(supersedes({1, 9, 0, 2}, {2, 5, 0, 2}));
  CHECK(supersedes({2, 5, 0, 2}, {1, 5, 0, 2}));
  CHECK_FALSE(supersedes({1, 5, 0, 2}, {1, 5, 0, 2}));
}

TEST_CASE("first start: 1 and 2 of three elect 2, and 3 comes later and follows") {
  Net net(3, 0, 1);
  net.start(1, 0, 0);
  net.start(2, 0, 0);
  REQUIRE(net.settle());
  CHECK(net.leader_of(1) == 2);
  CHECK(net.state_of(2) == ServerState::kLeading);
  net.start(3, 0, 0);
  REQUIRE(net.settle());
  CHECK(net.leader_of(3) == 2);
  CHECK(net.state_of(3) == ServerState::kFollowing);
}

TEST_CASE("a lone server of three elects nobody") {
  Net net(3, 0, 1);
  net.start(3, 0, 0);
  CHECK_FALSE(net.settle(ms(5000)));
}

TEST_CASE("the highest zxid wins over the highest id, the highest epoch over both") {
  Net net(3, 0, 2);
  net.start(1, 0x100000009, 1);
  net.start(2, 0x100000003, 1);
  net.start(3, 0x100000003, 1);
  REQUIRE(net.settle());
  CHECK(net.leader_of(3) == 1);
  Net other(3, 0, 3);
  other.start(1, 0x200000001, 2);
  other.start(2, 0x1ffffffff, 1);
  other.start(3, 0x1ffffffff, 1);
  REQUIRE(other.settle());
  CHECK(other.leader_of(2) == 1);
}

TEST_CASE("when the leader dies, two survivors that know it need no fixed wait") {
  Net net(3, 0, 4);
  for (ServerId id = 1; id <= 3; ++id) net.start(id, 0x100000001, 1);
  REQUIRE(net.settle());
  REQUIRE(net.leader_of(1) == 3);
  net.crash(3);
  const TimePoint at = net.now();
  net.start(1, 0x100000005, 1);
  net.start(2, 0x100000005, 1);
  REQUIRE(net.settle());
  CHECK(net.leader_of(1) == 2);
  CHECK(net.now() - at < ms(150));
}

TEST_CASE("a peer that began to look after our notification came is answered at once") {
  ElectionOptions o;
  o.self = 3;
  FastLeaderElection fle(o, ensemble(3));
  ElectionEffects out;
  fle.look(0x100000001, 1, TimePoint{}, out);
  out.clear();
  Notification late;
  late.vote = {1, 0x100000001, fle.round(), 1};
  fle.on_notification(1, late, TimePoint{}, out);
  REQUIRE(out.size() == 1);
  CHECK(std::get<SendNotification>(out[0]).to == 1);
  CHECK(std::get<SendNotification>(out[0]).notification.vote.leader == 3);
  // The same vote as ours needs no answer: no ping-pong.
  out.clear();
  late.vote.leader = 3;
  fle.on_notification(1, late, TimePoint{}, out);
  for (const auto& e : out) CHECK(std::get_if<SendNotification>(&e) == nullptr);
}

TEST_CASE("observers follow and are not counted") {
  Net net(3, 2, 5);
  for (ServerId id : {4, 5}) net.start(id, INT64_MIN, INT64_MIN);
  net.start(1, 0, 0);
  CHECK_FALSE(net.settle(ms(3000)));
  net.start(2, 0, 0);
  REQUIRE(net.settle(ms(120000)));
  CHECK(net.leader_of(4) == 2);
  CHECK(net.state_of(5) == ServerState::kObserving);
}

TEST_CASE("a server with an empty, untrusted database (zxid -1) elects nobody with its vote") {
  Net net(3, 0, 6);
  net.start(1, -1, 0);
  net.start(2, -1, 0);
  CHECK_FALSE(net.settle(ms(5000)));
}

TEST_CASE("many seeds: one leader, and it is the best of those that ran") {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Rng rng(seed);
    const int voters = static_cast<int>(rng.between(3, 7));
    Net net(voters, 0, seed);
    Vote best;
    for (ServerId id = 1; id <= voters; ++id) net.listen(id);
    for (ServerId id = 1; id <= voters; ++id) {
      const Vote v{id, rng.between(0, 3), 0, rng.between(0, 2)};
      if (supersedes(v, best)) best = v;
      net.start(id, v.zxid, v.peer_epoch);
    }
    CAPTURE(seed);
    REQUIRE(net.settle(ms(30000)));
    for (ServerId id = 1; id <= voters; ++id) CHECK(net.leader_of(id) == net.leader_of(1));
    CHECK(net.leader_of(1) == best.leader);
  }
}

TEST_CASE("planted bug: votes by id before zxid are found within 20 seeds") {
  bool found = false;
  for (uint64_t seed = 1; seed <= 20 && !found; ++seed) {
    Rng rng(seed);
    Net net(3, 0, seed, true);
    Vote best;
    for (ServerId id = 1; id <= 3; ++id) net.listen(id);
    for (ServerId id = 1; id <= 3; ++id) {
      const Vote v{id, rng.between(0, 3), 0, 1};
      if (supersedes(v, best)) best = v;
      net.start(id, v.zxid, v.peer_epoch);
    }
    REQUIRE(net.settle());
    found = net.leader_of(1) != best.leader;
  }
  CHECK(found);
}
