// QuorumCnx over loopback: one connection a pair, opened by the larger id; newest message, sent again after a break;
// what is reported of peers that are not there; garbage.
#include "net/quorum_cnx.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/bytes/writer.h"
#include "net/socket.h"
#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::net;
using election::Notification;
using test::eventually;
using test::framed;
using test::SocketClient;

namespace {

uint16_t unused_port() {
  const int fd = listen_socket("127.0.0.1", 0, 1, -1).value();
  const uint16_t port = local_port(fd).value();
  ::close(fd);
  return port;
}

Notification vote(ServerId leader, int64_t round) {
  Notification n;
  n.vote = {leader, 5, round, 1};
  return n;
}

struct Peer final : QuorumCnxHandler {
  void on_notification(ServerId from, Notification n) override { heard.emplace_back(from, n.vote.election_epoch); }
  void on_peer_reachable(ServerId peer) override { states.push_back("+" + std::to_string(peer)); }
  void on_peer_unreachable(ServerId peer) override { states.push_back("-" + std::to_string(peer)); }
  bool has(const std::string& state) const { return std::ranges::find(states, state) != states.end(); }

  std::vector<std::pair<ServerId, int64_t>> heard;
  std::vector<std::string> states;
  std::unique_ptr<QuorumCnx> cnx;
};

struct Fixture {
  Fixture() {
    reactor.start_thread();
    for (ServerId id = 1; id <= 3; ++id) {
      zk::QuorumServer& s = config.servers[id];
      s.id = id;
      s.addresses.push_back({{"127.0.0.1", unused_port()}, {"127.0.0.1", unused_port()}});
    }
  }
  ~Fixture() {
    on([&] { peers.clear(); });
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
  uint16_t port(ServerId id) const { return config.servers.at(id).addresses[0].election.port; }
  Peer& start(ServerId id, const QuorumSasl& sasl = {}) {
    on([&] {
      Peer& p = peers[id];
      QuorumCnxOptions options;
      options.self = id;
      options.sasl = sasl;
      p.cnx = std::make_unique<QuorumCnx>(reactor, options, config, p);
      REQUIRE(p.cnx->listen());
    });
    return peers[id];
  }
  void stop(ServerId id) {
    on([&] { peers[id].cnx.reset(); });
  }
  void send(ServerId from, ServerId to, int64_t round) {
    on([&] { peers[from].cnx->send(to, vote(from, round)); });
  }
  bool hears(ServerId at, ServerId from, int64_t round) {
    return until([&] {
      const auto& heard = peers[at].heard;
      return std::ranges::find(heard, std::pair{from, round}) != heard.end();
    });
  }

  Reactor reactor{"election"};
  zk::QuorumConfig config;
  std::map<ServerId, Peer> peers;
};

std::string greeting(ServerId sid, const std::string& address = "127.0.0.1:1") {
  return std::string(encode(election::Greeting{sid, {address}}, false).text());
}
QuorumSasl password(const char* own) {
  QuorumSasl sasl;
  sasl.enabled = sasl.required = sasl.as_learner = true;
  sasl.users = {{"peer", "secret"}};
  sasl.user = "peer";
  sasl.password = own;
  sasl.nonce = [] { return std::string("nonce"); };
  return sasl;
}
std::string message(int64_t round) { return framed(encode(vote(9, round)).text()); }

}  // namespace

TEST_CASE("messages reach the peer whichever side begins, over the connection of the larger id") {
  Fixture f;
  f.start(1);
  f.start(2);
  f.send(1, 2, 11);  // 1 knocks, 2 calls back, and 1's message goes over that
  CHECK(f.hears(2, 1, 11));
  f.send(2, 1, 22);
  CHECK(f.hears(1, 2, 22));
  f.start(3);
  f.send(3, 1, 31);
  f.send(3, 2, 32);
  CHECK(f.hears(1, 3, 31));
  CHECK(f.hears(2, 3, 32));
  f.send(1, 3, 13);
  CHECK(f.hears(3, 1, 13));
  f.on([&] {
    CHECK(f.peers[1].has("+2"));
    CHECK(f.peers[2].has("+1"));
    CHECK_FALSE(f.peers[1].has("-2"));
  });
}

TEST_CASE("a peer that is not there is reported at once; when it comes it gets the newest message alone") {
  Fixture f;
  f.start(2);
  for (int64_t round = 1; round <= 5; ++round) f.send(2, 1, round);
  REQUIRE(f.until([&] { return f.peers[2].has("-1"); }));
  f.start(1);
  CHECK(f.hears(1, 2, 5));
  f.on([&] { CHECK(f.peers[1].heard.size() == 1); });
}

TEST_CASE("after a break the last message goes again") {
  Fixture f;
  f.start(1);
  f.start(2);
  f.send(2, 1, 7);
  REQUIRE(f.hears(1, 2, 7));
  f.stop(1);
  REQUIRE(f.until([&] { return f.peers[2].has("-1"); }));
  f.on([&] { f.peers[1].heard.clear(); });
  f.start(1);
  f.on([&] { f.peers[2].cnx->connect_all(); });
  CHECK(f.hears(1, 2, 7));
}

TEST_CASE("a smaller id's connection is a knock: it is closed, and called back") {
  Fixture f;
  f.start(3);
  const int fd = listen_socket("127.0.0.1", f.port(1), 5, -1).value();  // server 1 is played by hand
  SocketClient knock(f.port(3));
  knock.write(greeting(1));
  CHECK(knock.closed_by_peer());
  int called = -1;
  REQUIRE(eventually([&] { return (called = ::accept(fd, nullptr, nullptr)) >= 0; }));
  std::string bytes(greeting(3, "127.0.0.1:" + std::to_string(f.port(3))).size(), '\0');
  REQUIRE(eventually([&, have = size_t{0}]() mutable {
    const ssize_t n = ::recv(called, bytes.data() + have, bytes.size() - have, MSG_DONTWAIT);
    if (n > 0) have += static_cast<size_t>(n);
    return have == bytes.size();
  }));
  CHECK(bytes == greeting(3, "127.0.0.1:" + std::to_string(f.port(3))));
  const std::string reply = message(4);
  CHECK(::send(called, reply.data(), reply.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(reply.size()));
  CHECK(f.hears(3, 1, 4));
  ::close(called);
  ::close(fd);
  CHECK(f.until([&] { return f.peers[3].has("-1"); }));
}

TEST_CASE("greeting and messages may come in any pieces, several at once") {
  Fixture f;
  f.start(1);
  SocketClient two(f.port(1));
  const std::string bytes = greeting(2) + message(1) + message(2) + message(3);
  for (size_t i = 0; i < bytes.size(); ++i) two.write(bytes.substr(i, 1));
  CHECK(f.hears(1, 2, 3));
  f.on([&] { CHECK(f.peers[1].heard.size() == 3); });
  // A newer connection of the same server replaces the older one.
  SocketClient again(f.port(1));
  again.write(greeting(2) + message(4));
  CHECK(f.hears(1, 2, 4));
  CHECK(two.closed_by_peer());
}

TEST_CASE("garbage, our own id and absurd lengths end their connection; a bad message alone is skipped") {
  Fixture f;
  f.start(1);
  const auto i32 = [](int32_t v) {
    Buffer b;
    b.i32(v);
    return std::string(as_text(b.bytes()));
  };
  for (const std::string& attack : {std::string("GET / HTTP/1.1\r\n\r\n\r\n\r\n"), std::string(64, '\xff'), greeting(1),
                                    greeting(2) + i32(-1), greeting(2) + i32(0), greeting(2) + i32(1 << 30)}) {
    SocketClient bad(f.port(1));
    bad.write(attack);
    CHECK(bad.closed_by_peer());
  }
  SocketClient good(f.port(1));
  good.write(greeting(2) + framed("not a notification") + message(8));
  CHECK(f.hears(1, 2, 8));
}

TEST_CASE("a server outside the configuration may ask, and is answered where it says") {
  Fixture f;
  f.start(1);
  SocketClient stranger(f.port(1));
  stranger.write(greeting(77) + message(5));
  CHECK(f.hears(1, 77, 5));
  f.send(1, 77, 6);
  CHECK(stranger.read_frame() == encode(vote(1, 6)).text());
  f.send(1, 78, 6);  // nobody knows it
}

TEST_CASE("a taken election port is an error that names it") {
  Fixture f;
  f.start(1);
  f.on([&] {
    Peer other;
    QuorumCnxOptions options;
    options.self = 1;
    other.cnx = std::make_unique<QuorumCnx>(f.reactor, options, f.config, other);
    const auto again = other.cnx->listen();
    REQUIRE_FALSE(again);
    CHECK(again.error().detail == f.port(1));
  });
}

TEST_CASE("servers authenticate, whichever knocks; who has no password hears nothing and is not heard") {
  Fixture f;
  f.start(1, password("secret"));
  f.start(2, password("secret"));
  f.start(3, password("guess"));
  f.send(1, 2, 11);
  CHECK(f.hears(2, 1, 11));
  f.send(2, 1, 22);
  CHECK(f.hears(1, 2, 22));
  f.send(3, 1, 31);
  f.send(2, 3, 23);
  REQUIRE(f.until([&] { return f.peers[3].has("-1"); }));
  SocketClient mute(f.port(1));
  mute.write(greeting(3) + message(5));  // does not try
  CHECK(mute.closed_by_peer());
  f.on([&] {
    CHECK(f.peers[3].heard.empty());
    CHECK_FALSE(f.peers[1].has("+3"));
    CHECK_FALSE(f.peers[2].has("+3"));
  });
  // One that is in the middle of it when the server goes.
  SocketClient slow(f.port(1));
  slow.write(greeting(3) + std::string(zab::QuorumAuth::learner("peer", "secret", "x").begin().text()));
  CHECK(slow.read(16).size() == 16);
  f.stop(1);
  while (!slow.closed_by_peer()) {
  }
}

TEST_CASE("a server that does not require passwords lets those pass who have none") {
  Fixture f;
  QuorumSasl lenient = password("secret");
  lenient.required = lenient.as_learner = false;
  f.start(1, lenient);
  f.start(2, password("secret"));
  f.start(3);
  f.send(2, 1, 21);
  CHECK(f.hears(1, 2, 21));
  f.send(3, 1, 31);
  CHECK(f.hears(1, 3, 31));
}
