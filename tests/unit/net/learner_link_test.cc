// LearnerLink over loopback: packets in any pieces, a snapshot between packets, retries, and what ends a link.
#include "net/learner_link.h"

#include <doctest/doctest.h>

#include "net/socket.h"
#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::net;
using test::eventually;
using test::SocketClient;
using zab::PacketType;
using zab::QuorumPacket;

namespace {

uint16_t unused_port() {
  const int fd = listen_socket("127.0.0.1", 0, 1, -1).value();
  const uint16_t port = local_port(fd).value();
  ::close(fd);
  return port;
}

Slice packet(PacketType type, Zxid zxid, std::optional<std::string> data = std::nullopt) {
  QuorumPacket p;
  p.type = type;
  p.zxid = zxid;
  if (data) p.data = Slice::copy_of(*data);
  return encode(p);
}

LearnerLinkOptions with_password(const char* password) {
  LearnerLinkOptions options;
  options.sasl.enabled = options.sasl.required = options.sasl.as_learner = true;
  options.sasl.users = {{"peer", "secret"}};
  options.sasl.user = "peer";
  options.sasl.password = password;
  options.sasl.nonce = [] { return std::string("nonce"); };
  return options;
}

struct Side final : LearnerLinkHandler {
  Side(Reactor& r, LearnerLinkOptions options) : link(std::make_unique<LearnerLink>(r, options, *this)) {}
  void on_link_open(ConnId id, const std::string&) override { open.push_back(id); }
  void on_quorum_packet(ConnId id, QuorumPacket p) override {
    packets.push_back(std::string(zab::packet_name(p.type)) + " " + std::to_string(p.zxid) +
                      (p.data ? " " + std::to_string(p.data->size()) : ""));
    if (p.type == PacketType::kSnap) link->expect_snapshot(id);
    if (p.type == PacketType::kTrunc) link->close(id);
  }
  int64_t on_snapshot_bytes(ConnId, Bytes bytes) override {
    const size_t missing = snapshot_size - snapshot.size();
    const size_t used = std::min(missing, bytes.size());
    snapshot += as_text(bytes.first(used));
    return snapshot.size() == snapshot_size ? static_cast<int64_t>(used) : -1;
  }
  void on_link_closed(ConnId id, Error why) override {
    closed.push_back(id);
    last = why;
  }
  void on_leader_unreachable() override { ++unreachable; }

  std::unique_ptr<LearnerLink> link;
  std::vector<ConnId> open, closed;
  std::vector<std::string> packets;
  std::string snapshot;
  size_t snapshot_size = 0;
  Error last;
  int unreachable = 0;
};

struct Fixture {
  explicit Fixture(LearnerLinkOptions options = {}) : Fixture(options, options) {}
  Fixture(const LearnerLinkOptions& of_leader, const LearnerLinkOptions& of_learner) {
    reactor.start_thread();
    on([&] {
      leader = std::make_unique<Side>(reactor, of_leader);
      learner = std::make_unique<Side>(reactor, of_learner);
    });
  }
  ~Fixture() {
    on([&] {
      leader.reset();
      learner.reset();
    });
  }
  template <class F>
  void on(F fn) {
    reactor.run_sync(fn);
  }
  template <class F>
  bool until(F condition) {
    return eventually([&] {
      bool yes = false;
      on([&] { yes = condition(); });
      return yes;
    });
  }
  void listen() {
    on([&] { REQUIRE(leader->link->listen({{"127.0.0.1", port}}, false)); });
  }
  void connect() {
    on([&] { learner->link->connect({{"127.0.0.1", port}}); });
  }

  Reactor reactor{"quorum"};
  uint16_t port = unused_port();
  std::unique_ptr<Side> leader, learner;
};

}  // namespace

TEST_CASE("packets of all sizes go both ways, whole and in order") {
  Fixture f;
  f.listen();
  f.connect();
  REQUIRE(f.until([&] { return f.learner->open.size() == 1 && f.leader->open.size() == 1; }));
  f.on([&] {
    for (int i = 0; i < 200; ++i)
      f.learner->link->send(f.learner->open[0],
                            Chain(packet(PacketType::kPing, i, std::string(static_cast<size_t>(i) * 997, 'p'))));
    f.leader->link->send(f.leader->open[0], Chain(packet(PacketType::kUpToDate, -1)));
  });
  REQUIRE(f.until([&] { return f.leader->packets.size() == 200 && f.learner->packets.size() == 1; }));
  for (int i = 0; i < 200; ++i)
    CHECK(f.leader->packets[static_cast<size_t>(i)] == "PING " + std::to_string(i) + " " + std::to_string(i * 997));
  CHECK(f.learner->packets[0] == "UPTODATE -1");
}

TEST_CASE("a packet may come byte by byte") {
  Fixture f;
  f.listen();
  SocketClient client(f.port);
  const Slice bytes = packet(PacketType::kFollowerInfo, 7, "abc");
  for (size_t i = 0; i < bytes.size(); ++i) {
    client.write(bytes.text().substr(i, 1));
    if (i + 1 == bytes.size()) break;
    f.on([&] { CHECK(f.leader->packets.empty()); });
  }
  CHECK(f.until([&] { return f.leader->packets == std::vector<std::string>{"FOLLOWERINFO 7 3"}; }));
}

TEST_CASE("a snapshot stands between packets, wherever the reads cut it") {
  Fixture f;
  f.learner->snapshot_size = 1'000'003;
  std::string whole;
  for (const Slice& s : {packet(PacketType::kLeaderInfo, 1), packet(PacketType::kSnap, 2)}) whole += s.text();
  std::string snapshot(f.learner->snapshot_size, 's');
  // Bytes that would be packets, were they not in the snapshot.
  snapshot.replace(0, 20, packet(PacketType::kTrunc, 9).text().substr(0, 20));
  whole += snapshot;
  for (const Slice& s : {packet(PacketType::kNewLeader, 3, "config"), packet(PacketType::kUpToDate, 4)})
    whole += s.text();
  f.listen();
  f.connect();
  REQUIRE(f.until([&] { return f.learner->open.size() == 1 && f.leader->open.size() == 1; }));
  f.on([&] { f.leader->link->send(f.leader->open[0], Chain(Slice::copy_of(whole))); });
  REQUIRE(f.until([&] { return f.learner->packets.size() == 4; }));
  CHECK(f.learner->snapshot == snapshot);
  CHECK(f.learner->packets == std::vector<std::string>{"LEADERINFO 1", "SNAP 2", "NEWLEADER 3 6", "UPTODATE 4"});
}

TEST_CASE("garbage and absurd sizes end their link alone") {
  Fixture f;
  f.listen();
  SocketClient good(f.port);
  const std::string attacks[] = {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(64, '\xff'),
                                 std::string("\0\0\0\3\0\0\0\0\0\0\0\0\x7f\xff\xff\xff", 16)};
  for (const std::string& attack : attacks) {
    SocketClient bad(f.port);
    bad.write(attack);
    CHECK(bad.closed_by_peer());
  }
  CHECK(f.until([&] { return f.leader->closed.size() == 3; }));
  good.write(packet(PacketType::kAck, 5).text());
  CHECK(f.until([&] { return f.leader->packets == std::vector<std::string>{"ACK 5"}; }));
}

TEST_CASE("a link closed from inside its own packet takes nothing more, and its owner is not told") {
  Fixture f;
  f.listen();
  SocketClient client(f.port);
  client.write(std::string(packet(PacketType::kTrunc, 1).text()) + std::string(packet(PacketType::kAck, 2).text()));
  CHECK(client.closed_by_peer());
  f.on([&] {
    CHECK(f.leader->packets == std::vector<std::string>{"TRUNC 1"});
    CHECK(f.leader->closed.empty());
  });
}

TEST_CASE("what was sent before close() arrives, then the other side is told") {
  Fixture f;
  f.listen();
  f.connect();
  REQUIRE(f.until([&] { return f.learner->open.size() == 1 && f.leader->open.size() == 1; }));
  f.on([&] {
    f.leader->link->send(f.leader->open[0], Chain(packet(PacketType::kPing, 1, std::string(900'000, 'x'))));
    f.leader->link->close_all();
    CHECK(f.leader->link->bytes_to_send(f.leader->open[0]) == 0);  // no longer known
  });
  REQUIRE(f.until([&] { return f.learner->closed.size() == 1; }));
  CHECK(f.learner->packets == std::vector<std::string>{"PING 1 900000"});
  CHECK(f.leader->closed.empty());
}

TEST_CASE("connecting goes on until the leader listens, or gives up after its time") {
  LearnerLinkOptions options;
  options.retry = ms(5);
  options.give_up = ms(100);
  Fixture f(options);
  f.connect();
  CHECK(f.until([&] { return f.learner->unreachable == 1; }));
  f.on([&] { CHECK(f.learner->open.empty()); });
  LearnerLinkOptions patient = options;
  patient.give_up = ms(60'000);
  Fixture g(patient);
  g.connect();
  // Several refused attempts later the leader is there.
  CHECK(eventually([n = 0]() mutable { return ++n > 50; }));
  g.listen();
  CHECK(g.until([&] { return g.learner->open.size() == 1; }));
  CHECK(g.learner->unreachable == 0);
  // Nothing comes of an attempt that was called off.
  Fixture h(patient);
  h.connect();
  h.on([&] { h.learner->link->stop_connecting(); });
  h.listen();
  SocketClient marker(h.port);
  CHECK(h.until([&] { return h.leader->open.size() == 1; }));
  h.on([&] { CHECK(h.learner->open.empty()); });
}

TEST_CASE("a taken quorum port is an error that names it") {
  Fixture f;
  f.listen();
  f.on([&] {
    const auto again = f.learner->link->listen({{"127.0.0.1", f.port}}, false);
    REQUIRE_FALSE(again);
    CHECK(again.error().detail == f.port);
  });
}

TEST_CASE("learners authenticate first") {
  Fixture f(with_password("secret"));
  f.listen();
  f.connect();
  REQUIRE(f.until([&] { return f.learner->open.size() == 1 && f.leader->open.size() == 1; }));
  f.on([&] {
    f.learner->link->send(f.learner->open[0], Chain(packet(PacketType::kFollowerInfo, 7, "abc")));
    f.leader->link->send(f.leader->open[0], Chain(packet(PacketType::kUpToDate, -1)));
  });
  CHECK(f.until([&] { return f.leader->packets.size() == 1 && f.learner->packets.size() == 1; }));
  // Who does not try is turned away.
  SocketClient mute(f.port);
  mute.write(packet(PacketType::kFollowerInfo, 7, "abc").text());
  CHECK(mute.closed_by_peer());
  f.on([&] { CHECK(f.leader->open.size() == 1); });
}

TEST_CASE("a learner with a wrong password is turned away") {
  Fixture f(with_password("secret"), with_password("guess"));
  f.listen();
  f.connect();
  CHECK(f.until([&] { return f.learner->unreachable == 1; }));
  f.on([&] {
    CHECK(f.leader->open.empty());
    CHECK(f.learner->open.empty());
  });
}
