// Stream and Dial over loopback sockets: every byte, every way in which a connection ends.
#include "net/stream.h"

#include <doctest/doctest.h>

#include <atomic>

#include "net/listener.h"
#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::net;
using test::eventually;
using test::SocketClient;

namespace {

uint16_t unused_port() {
  const int fd = listen_socket("127.0.0.1", 0, 1, -1).value();
  const uint16_t port = local_port(fd).value();
  ::close(fd);
  return port;
}

// What became of one stream. Filled on the reactor, read through `on`.
struct End {
  std::shared_ptr<Stream> stream;
  std::string received;
  std::optional<Error> closed;
  int drained = 0;

  void take(std::shared_ptr<Stream> s) {
    stream = std::move(s);
    stream->on_drained([this] { ++drained; });
    stream->start([this](Bytes b) { received += as_text(b); }, [this](Error why) { closed = why; });
  }
};

struct Fixture {
  Fixture() {
    reactor.start_thread();
    on([&] { listen(); });
  }
  ~Fixture() {
    on([&] {
      dial.reset();
      listener.reset();
      for (End* e : {&here, &there}) {
        if (e->stream) e->stream->close();
        e->stream.reset();
      }
    });
  }
  void listen() {
    const int fd = listen_socket("127.0.0.1", 0, 10, -1).value();
    port = local_port(fd).value();
    listener = std::make_unique<Listener>(reactor, fd, [this](int f, const Address& from) {
      there.take(std::make_shared<Stream>(reactor, f, from.loopback()));
    });
    listener->start();
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
  void start_dial(std::vector<Dial::Target> targets) {
    on([&] {
      dial = std::make_unique<Dial>(reactor, std::move(targets), ms(5000), [this](auto result) {
        outcome = result ? std::nullopt : std::optional(result.error());
        done = true;
        if (result) here.take(std::move(*result));
      });
      CHECK_FALSE(done);  // never from inside the constructor
    });
  }
  void connect() {
    start_dial({{"127.0.0.1", port}});
    REQUIRE(until([&] { return here.stream && there.stream; }));
  }

  Reactor reactor{"stream"};
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Dial> dial;
  uint16_t port = 0;
  bool done = false;
  std::optional<Error> outcome;
  End here;
  End there;
};

std::string pattern(size_t n) {
  std::string out(n, '\0');
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<char>('a' + i % 23);
  return out;
}

}  // namespace

TEST_CASE("streams carry every byte both ways, more than the kernel takes at once, and say when it is gone") {
  Fixture f;
  f.connect();
  const std::string large = pattern(8 << 20);
  f.on([&] {
    f.here.stream->send(Chain(Slice::copy_of(large)));
    f.there.stream->send(Chain(Slice::copy_of("back")));
    CHECK(f.here.stream->bytes_to_send() > 0);
    CHECK(f.here.drained == 0);
  });
  REQUIRE(f.until([&] { return f.there.received.size() == large.size(); }));
  CHECK(f.there.received == large);
  CHECK(f.until([&] { return f.here.received == "back" && f.here.drained == 1; }));
  f.on([&] { CHECK(f.here.stream->bytes_to_send() == 0); });
}

TEST_CASE("close_after_send delivers what was sent, then ends; nothing can be added") {
  Fixture f;
  f.connect();
  const std::string large = pattern(4 << 20);
  f.on([&] {
    f.here.stream->send(Chain(Slice::copy_of(large)));
    f.here.stream->close_after_send();
    f.here.stream->send(Chain(Slice::copy_of("late")));
    f.here.stream.reset();  // it keeps itself alive that long
  });
  REQUIRE(f.until([&] { return f.there.closed.has_value(); }));
  CHECK(f.there.received == large);
  f.on([&] { CHECK_FALSE(f.here.closed); });  // who closes is not told
}

TEST_CASE("a peer that does not read cannot keep a closing stream for ever") {
  Fixture f;
  SocketClient deaf(f.port, 4096);
  REQUIRE(f.until([&] { return f.there.stream != nullptr; }));
  std::weak_ptr<Stream> watched = f.there.stream;
  f.on([&] {
    f.there.stream->send(Chain(Slice::copy_of(pattern(32 << 20))));
    f.there.stream->close_after_send();
    f.there.stream.reset();
  });
  CHECK_FALSE(watched.expired());
  CHECK(eventually([&] { return watched.expired(); }));
}

TEST_CASE("the other side's end is told once; after close() nothing is told") {
  Fixture f;
  f.connect();
  f.on([&] {
    f.there.stream->close();
    CHECK(f.there.stream->closed());
  });
  REQUIRE(f.until([&] { return f.here.closed.has_value(); }));
  f.on([&] { CHECK(f.here.stream->closed()); });
  f.on([&] { CHECK_FALSE(f.there.closed); });
  SocketClient client(f.port);
  REQUIRE(f.until([&] { return f.there.stream && !f.there.stream->closed(); }));
  f.on([&] { f.there.stream->close(); });
  client.write("into the void");
  client.close();
  SocketClient marker(f.port);  // accepted behind whatever the first one caused
  marker.write("x");
  REQUIRE(f.until([&] { return f.there.received == "x"; }));
  f.on([&] { CHECK_FALSE(f.there.closed); });
}

TEST_CASE("a dial says why it failed, and tries its targets in order") {
  Fixture f;
  const uint16_t nobody = unused_port();
  f.start_dial({{"127.0.0.1", nobody}});
  REQUIRE(f.until([&] { return f.done; }));
  REQUIRE(f.outcome);
  CHECK(f.outcome->code == Errc::kRefused);
  f.done = false;
  f.start_dial({{"no.such.host.invalid", 1}, {"127.0.0.1", nobody}, {"127.0.0.1", f.port}});
  REQUIRE(f.until([&] { return f.done; }));
  CHECK_FALSE(f.outcome);
  CHECK(f.until([&] { return f.there.stream != nullptr; }));
  f.done = false;
  f.start_dial({});
  REQUIRE(f.until([&] { return f.done; }));
  CHECK(f.outcome.has_value());
}

TEST_CASE("a dial that is destroyed says nothing") {
  Fixture f;
  f.on([&] {
    for (const char* host : {"127.0.0.1", "no.such.host.invalid", "localhost"}) {
      Dial dial(f.reactor, {{host, f.port}}, ms(5000), [](auto) { FAIL("told"); });
    }
  });
  f.connect();  // the reactor is well, and has done what was posted before
}
