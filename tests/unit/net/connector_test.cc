// TcpConnector: what is reported when it works and in each way in which it does not.
#include "net/connector.h"

#include <doctest/doctest.h>

#include <vector>

#include "net/socket.h"
#include "net/zk_link.h"
#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::net;
using test::eventually;

namespace {

struct Echo final : ZkLinkHandler {
  void on_accept(ConnId, const std::string&, uint16_t) override {}
  void on_four_letter(ConnId c, const std::string&, const std::string&) override { link->close(c); }
  void on_frame(ConnId c, Slice f) override {
    if (f.text() == "bye") return link->close(c);
    if (f.text() == "garbage") return link->send_text_and_close(c, "HTTP/1.1 400 Bad Request\r\n\r\n");
    link->send(c, f);
  }
  void on_closed(ConnId, Error) override {}
  ZkLink* link = nullptr;
};

struct Client final : ConnectionHandler {
  void on_connected(ConnId) override { connected = true; }
  void on_frame(ConnId, Slice f) override { frames.emplace_back(f.text()); }
  void on_closed(ConnId, Error w, std::string first) override {
    closed = true;
    why = w;
    first_bytes = std::move(first);
  }
  bool connected = false, closed = false;
  Error why;
  std::string first_bytes;
  std::vector<std::string> frames;
};

struct Fixture {
  Fixture() {
    reactor.start_thread();
    reactor.run_sync([&] {
      link = std::make_unique<ZkLink>(reactor, echo);
      echo.link = link.get();
      ZkListenOptions options;
      options.host = "127.0.0.1";
      options.port = 0;
      port = link->listen(options).value();
      connector = std::make_unique<TcpConnector>(reactor);
    });
  }
  ~Fixture() {
    reactor.run_sync([&] {
      connector.reset();
      link.reset();
    });
  }
  template <class F>
  bool until(F condition) {
    return eventually([&] {
      bool yes = false;
      reactor.run_sync([&] { yes = condition(); });
      return yes;
    });
  }
  ConnId open(const std::string& host, uint16_t to, Client& client, size_t frame_max = 1 << 20) {
    ConnId id = 0;
    reactor.run_sync([&] {
      id = connector->open(host, to, client, frame_max);
      CHECK_FALSE(client.connected);  // never from inside open()
      CHECK_FALSE(client.closed);
    });
    return id;
  }
  void send(ConnId id, std::string_view body) {
    reactor.run_sync([&] { connector->send(id, Chain(Slice::copy_of(body))); });
  }
  Echo echo;
  Reactor reactor{"net"};
  std::unique_ptr<ZkLink> link;
  std::unique_ptr<TcpConnector> connector;
  uint16_t port = 0;
};

// A port that nothing listens on.
uint16_t free_port() {
  const int fd = listen_socket("127.0.0.1", 0, 1, -1).value();
  const uint16_t port = local_port(fd).value();
  ::close(fd);
  return port;
}

}  // namespace

TEST_CASE("connects by number and by name, frames both ways, names its peer as Java does") {
  Fixture f;
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    Client client;
    const ConnId id = f.open(host, f.port, client);
    REQUIRE(f.until([&] { return client.connected; }));
    f.send(id, "hello");
    f.send(id, std::string(3 << 18, 'x'));
    REQUIRE(f.until([&] { return client.frames.size() == 2; }));
    CHECK(client.frames[0] == "hello");
    f.reactor.run_sync([&] {
      CHECK(f.connector->peer(id) ==
            (host == "localhost" ? "localhost" : "") + std::string("/127.0.0.1:") + std::to_string(f.port));
      f.connector->close(id);
    });
    CHECK_FALSE(client.closed);
    f.reactor.run_sync([&] { CHECK(f.connector->peer(id).empty()); });
  }
}

TEST_CASE("refused, not resolved, closed by the peer") {
  Fixture f;
  Client refused, unresolved, left;
  f.open("127.0.0.1", free_port(), refused);
  REQUIRE(f.until([&] { return refused.closed; }));
  CHECK(refused.why.code == Errc::kRefused);
  CHECK_FALSE(refused.connected);
  f.open("no-such-host.invalid", 1, unresolved);
  REQUIRE(f.until([&] { return unresolved.closed; }));
  CHECK(unresolved.why.code == Errc::kResolve);
  const ConnId id = f.open("127.0.0.1", f.port, left);
  REQUIRE(f.until([&] { return left.connected; }));
  f.send(id, "bye");
  REQUIRE(f.until([&] { return left.closed; }));
  CHECK(left.why.code == Errc::kDisconnected);
  f.send(id, "into the void");
}

TEST_CASE("an absurd length is reported with what the peer sent first") {
  Fixture f;
  Client client;
  const ConnId id = f.open("127.0.0.1", f.port, client);
  REQUIRE(f.until([&] { return client.connected; }));
  f.send(id, "garbage");
  REQUIRE(f.until([&] { return client.closed; }));
  CHECK(client.why.code == Errc::kTooLarge);
  CHECK(client.first_bytes.starts_with("HTTP/1.1 400 Bad"));
  CHECK(client.frames.empty());
}

TEST_CASE("closing while connecting calls nobody; a connector may go while a name is being resolved") {
  Fixture f;
  Client client, resolving;
  f.reactor.run_sync([&] {
    const ConnId id = f.connector->open("127.0.0.1", f.port, client, 100);
    f.connector->close(id);
    f.connector->open("localhost", f.port, resolving, 100);
    f.connector.reset();
  });
  f.reactor.run_sync([] {});
  f.reactor.run_sync([&] {
    CHECK_FALSE(client.connected);
    CHECK_FALSE(client.closed);
    CHECK_FALSE(resolving.connected);
    f.connector = std::make_unique<TcpConnector>(f.reactor);
  });
}
