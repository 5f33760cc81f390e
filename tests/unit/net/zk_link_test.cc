// ZkLink over real loopback sockets: words, frames, limits, closing after the last answer.
#include "net/zk_link.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::net;
using test::eventually;
using test::framed;
using test::SocketClient;

namespace {

struct Server final : ZkLinkHandler {
  explicit Server(ZkListenOptions options = {}) {
    options.host = "127.0.0.1";
    options.port = 0;
    reactor.start_thread();
    reactor.run_sync([&] {
      link = std::make_unique<ZkLink>(reactor, *this);
      port = link->listen(options).value();
    });
  }
  ~Server() override {
    reactor.run_sync([&] { link.reset(); });
  }
  void on_accept(ConnId, const std::string& ip, uint16_t) override { events.push_back("accept " + ip); }
  void on_four_letter(ConnId c, const std::string& word, const std::string& args) override {
    events.push_back("word " + word + "|" + args);
    if (word == "ruok") {
      link->send_text_and_close(c, "imok");
    } else if (word == "long") {
      link->send_text_and_close(c, std::string(20 << 20, 'x'));
    } else {
      link->close(c);
    }
  }
  void on_frame(ConnId c, Slice frame) override {
    if (frame.text() == "bye") {
      link->send(c, frame);
      link->close_after_send(c);
    } else if (frame.text() == "stop") {
      link->pause(c);
      paused = c;
    } else {
      link->send(c, frame);
      link->stats(c)->last_operation = "ECHO";
    }
  }
  void on_closed(ConnId, Error why) override { events.push_back(std::string("closed ") + errc_text(why.code)); }
  std::vector<std::string> log() {
    std::vector<std::string> copy;
    reactor.run_sync([&] { copy = events; });
    return copy;
  }

  Reactor reactor{"zk"};
  std::unique_ptr<ZkLink> link;
  uint16_t port = 0;
  ConnId paused = 0;
  std::vector<std::string> events;
};

}  // namespace

TEST_CASE("four-letter words are text, answered and closed") {
  Server s;
  for (const char* sent : {"ruok", "ruok\n", "ruok\r\n"}) {
    SocketClient client(s.port);
    client.write(sent);
    CHECK(client.read(100) == "imok");
  }
  SocketClient slow(s.port);
  for (const char c : std::string("ruok")) slow.write(std::string(1, c));
  CHECK(slow.read(100) == "imok");
  SocketClient unknown(s.port);
  unknown.write("what");
  CHECK(unknown.closed_by_peer());
  CHECK(s.log()[1] == "word ruok|");
}

TEST_CASE("an answer larger than the socket's buffer arrives whole before the close") {
  Server s;
  SocketClient client(s.port, 4096);
  client.write("long");
  CHECK(client.read(21 << 20).size() == 20u << 20);
}

TEST_CASE("a word after the first frame is a length, and an absurd one") {
  Server s;
  SocketClient client(s.port);
  client.write(framed("hello") + "ruok");
  CHECK(client.read_frame() == "hello");
  CHECK(client.closed_by_peer());
  REQUIRE(eventually([&] { return s.log().size() == 2; }));
  CHECK(s.log()[1] == std::string("closed ") + errc_text(Errc::kTooLarge));
}

TEST_CASE("jute.maxbuffer is the largest frame") {
  ZkListenOptions options;
  options.frame_max = 10;
  Server s(options);
  SocketClient fits(s.port), too_long(s.port);
  fits.write(framed("0123456789"));
  CHECK(fits.read_frame() == "0123456789");
  too_long.write(framed("0123456789A"));
  CHECK(too_long.closed_by_peer());
}

TEST_CASE("the last answer is sent before close_after_send closes; no on_closed follows") {
  Server s;
  SocketClient client(s.port);
  client.write(framed("one") + framed("bye") + framed("never"));
  CHECK(client.read_frame() == "one");
  CHECK(client.read_frame() == "bye");
  CHECK(client.closed_by_peer());
  CHECK(s.log().size() == 1);
}

TEST_CASE("a paused connection keeps what it has received") {
  Server s;
  SocketClient client(s.port);
  client.write(framed("stop") + framed("a") + framed("b"));
  CHECK_FALSE(client.readable(20));
  s.reactor.run_sync([&] { s.link->resume(s.paused); });
  CHECK(client.read_frame() == "a");
  CHECK(client.read_frame() == "b");
}

TEST_CASE("connections per address are limited and counted down again") {
  ZkListenOptions options;
  options.max_per_ip = 2;
  Server s(options);
  auto a = std::make_unique<SocketClient>(s.port);
  SocketClient b(s.port);
  a->write(framed("x"));
  CHECK(a->read_frame() == "x");
  b.write(framed("x"));
  CHECK(b.read_frame() == "x");
  SocketClient c(s.port);
  CHECK(c.closed_by_peer());
  a.reset();
  CHECK(eventually([&] { return s.log().size() == 3; }));
  SocketClient d(s.port);
  d.write(framed("x"));
  CHECK(d.read_frame() == "x");
}

TEST_CASE("statistics count frames") {
  Server s;
  SocketClient client(s.port);
  for (int i = 0; i < 3; ++i) {
    client.write(framed("x"));
    CHECK(client.read_frame() == "x");
  }
  s.reactor.run_sync([&] {
    CHECK(s.link->connections() == 1);
    s.link->for_each([](ConnId, const ZkConnStats& stats) {
      CHECK(stats.received == 3);
      CHECK(stats.sent == 3);
      CHECK(stats.ip == "127.0.0.1");
      CHECK(stats.last_operation == "ECHO");
    });
    s.link->reset_stats();
    s.link->for_each([](ConnId, const ZkConnStats& stats) { CHECK(stats.received == 0); });
  });
}
