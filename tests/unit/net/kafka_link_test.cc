// KafkaLink over real loopback sockets: framing, one request at a time, answers from anywhere, limits, closing.
#include "net/kafka_link.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <mutex>
#include <set>

#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::net;
using test::eventually;
using test::framed;
using test::SocketClient;

namespace {

// Does with a request what its first byte says: 'e' echo, 'h' hold until release(), 'n' nothing, 'x' close, 'd' lose
// the reply, 't' echo from another thread, 'f' answer with file pieces.
class EchoService final : public RequestService {
 public:
  // The reactors must outlive every reply that is still to be sent.
  void join_threads() {
    std::lock_guard lock(mutex_);
    for (auto& t : threads_) t.join();
    threads_.clear();
  }
  ~EchoService() override {
    if (file_ >= 0) ::close(file_);
  }
  void on_request(IncomingRequest r) override {
    const std::string text(r.frame.text());
    KZ_ASSERT(r.reactor && r.now.mono.ns > 0);
    requests.fetch_add(1);
    bytes.fetch_add(text.size());
    switch (text.empty() ? 'e' : text[0]) {
      case 'h': {
        std::lock_guard lock(mutex_);
        held_.emplace_back(std::move(r.reply), r.frame);
        return;
      }
      case 'n':
        return r.reply->nothing();
      case 'x':
        return r.reply->close();
      case 'd':
        return;
      case 't': {
        std::lock_guard lock(mutex_);
        threads_.emplace_back([reply = std::move(r.reply), frame = r.frame] { reply->send(Chain(frame)); });
        return;
      }
      case 'f': {
        Chain chain(Slice::copy_of("head"));
        chain.append(FileSlice{file_, 0, file_size_, nullptr});
        return r.reply->send(std::move(chain));
      }
      default:
        return r.reply->send(Chain(r.frame));
    }
  }
  void on_closed(ConnId conn) override {
    std::lock_guard lock(mutex_);
    closed_.insert(conn);
  }
  size_t held() {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  size_t closed() {
    std::lock_guard lock(mutex_);
    return closed_.size();
  }
  void release() {
    std::vector<std::pair<std::shared_ptr<Reply>, Slice>> held;
    {
      std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (auto& [reply, frame] : held) reply->send(Chain(frame));
  }
  std::string use_file(size_t size) {
    file_ = ::open("/tmp", O_TMPFILE | O_RDWR, 0600);
    std::string content(size, '\0');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 31 + i / 1000);
    KZ_ASSERT(::pwrite(file_, content.data(), size, 0) == static_cast<ssize_t>(size));
    file_size_ = static_cast<int64_t>(size);
    return content;
  }

  std::atomic<size_t> requests{0}, bytes{0};

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::shared_ptr<Reply>, Slice>> held_;
  std::set<ConnId> closed_;
  std::vector<std::thread> threads_;
  int file_ = -1;
  int64_t file_size_ = 0;
};

struct Fixture {
  explicit Fixture(KafkaListenOptions options = {}) {
    one.start_thread();
    two.start_thread();
    options.host = "127.0.0.1";
    options.port = 0;
    port = link.bind(options).value();
    link.start_accepting();
  }
  ~Fixture() {
    link.close();
    service.join_threads();
  }
  void limit(ConnectionLimits limits) {
    link.set_limits(std::move(limits));
    one.run_sync([] {});
  }
  EchoService service;
  Reactor one{"one"}, two{"two"};
  KafkaLink link{{&one, &two}, service, 0};
  uint16_t port = 0;
};

std::string pattern(char first, size_t size) {
  std::string s(size, '\0');
  for (size_t i = 0; i < size; ++i) s[i] = static_cast<char>(i * 7 + i / 255);
  s[0] = first;
  return s;
}

}  // namespace

TEST_CASE("frames cut anywhere arrive whole") {
  Fixture f;
  SocketClient client(f.port);
  const std::string stream = framed("e first") + framed("e") + framed("e third, a little longer");
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    const size_t before = f.service.bytes.load();
    client.write(stream.substr(0, cut));
    client.write(stream.substr(cut));
    CHECK(client.read_frame() == "e first");
    CHECK(client.read_frame() == "e");
    CHECK(client.read_frame() == "e third, a little longer");
    CHECK(f.service.bytes.load() - before == stream.size() - 12);
  }
  for (const char c : stream) client.write(std::string(1, c));
  CHECK(client.read(stream.size()) == stream);
}

TEST_CASE("an empty frame is a frame") {
  Fixture f;
  SocketClient client(f.port);
  client.write(framed("") + framed("e"));
  CHECK(client.read_frame().empty());
  CHECK(client.read_frame() == "e");
}

TEST_CASE("large frames of many sizes, back to back") {
  Fixture f;
  SocketClient client(f.port);
  for (const size_t size : {65535u, 65536u, 262140u, 262144u, 262145u, 1048576u, 2097152u, 2097153u, 9000000u}) {
    const std::string body = pattern('e', size);
    // Both directions at once: 9 MB echo exceeds what the sockets hold.
    std::thread writer([&] { client.write(framed(body) + framed("e small") + framed(body)); });
    CHECK(client.read_frame() == body);
    CHECK(client.read_frame() == "e small");
    CHECK(client.read_frame() == body);
    writer.join();
  }
}

TEST_CASE("thousands of pipelined requests are answered in order") {
  Fixture f;
  SocketClient client(f.port);
  constexpr int kCount = 20000;
  std::string all;
  for (int i = 0; i < kCount; ++i) all += framed("e" + std::to_string(i));
  std::thread writer([&] { client.write(all); });
  const std::string back = client.read(all.size());
  writer.join();
  CHECK(back == all);
}

TEST_CASE("one request of a connection at a time, also when the answer comes from another thread") {
  Fixture f;
  SocketClient client(f.port);
  client.write(framed("h1") + framed("h2") + framed("e3") + framed("t4") + framed("e5"));
  REQUIRE(eventually([&] { return f.service.held() == 1; }));
  SocketClient other(f.port);  // another connection is not held up
  other.write(framed("e other"));
  CHECK(other.read_frame() == "e other");
  CHECK(f.service.requests.load() == 2);
  CHECK_FALSE(client.readable(0));
  f.service.release();
  CHECK(client.read_frame() == "h1");
  REQUIRE(eventually([&] { return f.service.held() == 1; }));
  f.service.release();
  for (const char* expected : {"h2", "e3", "t4", "e5"}) CHECK(client.read_frame() == expected);
}

TEST_CASE("no answer, a dropped connection, a lost reply") {
  Fixture f;
  SocketClient a(f.port), b(f.port), c(f.port);
  a.write(framed("n") + framed("e after"));
  CHECK(a.read_frame() == "e after");
  b.write(framed("x") + framed("e after"));
  CHECK(b.closed_by_peer());
  c.write(framed("d"));
  CHECK(c.closed_by_peer());
  CHECK(eventually([&] { return f.service.closed() == 2; }));
  CHECK(f.link.connections() == 1);
}

TEST_CASE("absurd lengths close the connection and disturb nobody") {
  KafkaListenOptions options;
  options.frame_max = 1000;
  Fixture f(options);
  SocketClient good(f.port);
  good.write(framed("e before"));
  CHECK(good.read_frame() == "e before");
  for (const std::string& bad : {test::prefix(1001) + std::string(10, 'x'), std::string("\xff\xff\xff\xff", 4),
                                 std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\x16\x03\x01\x02", 4)}) {
    SocketClient client(f.port);
    client.write(bad);
    CHECK(client.closed_by_peer());
  }
  SocketClient exact(f.port);
  exact.write(framed(pattern('e', 1000)));
  CHECK(exact.read_frame().size() == 1000);
  good.write(framed("e after"));
  CHECK(good.read_frame() == "e after");
}

TEST_CASE("a client that leaves in the middle of a frame or of its request") {
  Fixture f;
  {
    SocketClient a(f.port), b(f.port);
    a.write(test::prefix(100) + "e only a part");
    b.write(framed("h"));
    REQUIRE(eventually([&] { return f.service.held() == 1; }));
  }
  f.service.release();  // the answer finds no one
  CHECK(eventually([&] { return f.service.closed() == 2; }));
  CHECK(f.link.connections() == 0);
}

TEST_CASE("a slow reader holds up its own requests only, and gets every byte of a file in the end") {
  Fixture f;
  const std::string content = f.service.use_file(8 << 20);
  SocketClient slow(f.port, 4096);
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += framed("f");
  slow.write(requests);
  SocketClient quick(f.port);
  for (int i = 0; i < 100; ++i) {
    quick.write(framed("e"));
    CHECK(quick.read_frame() == "e");
  }
  CHECK(f.service.requests.load() < 103);  // not all ten are executed into memory
  for (int i = 0; i < 10; ++i) CHECK(slow.read_frame() == "head" + content);
}

TEST_CASE("limits per address; the place of a connection that ended is free again") {
  Fixture f;
  f.limit({.per_ip = 2});
  auto a = std::make_unique<SocketClient>(f.port);
  SocketClient b(f.port);
  a->write(framed("e"));
  b.write(framed("e"));
  CHECK(a->read_frame() == "e");
  CHECK(b.read_frame() == "e");
  SocketClient c(f.port);
  CHECK(c.closed_by_peer());
  a.reset();
  REQUIRE(eventually([&] { return f.link.connections() == 1; }));
  SocketClient d(f.port);
  d.write(framed("e"));
  CHECK(d.read_frame() == "e");
}

TEST_CASE("max.connections leaves the next one in the backlog until there is room") {
  Fixture f;
  f.limit({.total = 1});
  auto a = std::make_unique<SocketClient>(f.port);
  a->write(framed("e"));
  CHECK(a->read_frame() == "e");
  SocketClient b(f.port);
  b.write(framed("e waiting"));
  CHECK_FALSE(b.readable(20));
  a.reset();
  CHECK(b.read_frame() == "e waiting");
}

TEST_CASE("limits change while the link serves") {
  Fixture f;
  f.limit({.per_ip = 1, .per_ip_overrides = {{"127.0.0.1", 2}}});
  SocketClient a(f.port), b(f.port);
  for (SocketClient* c : {&a, &b}) {
    c->write(framed("e"));
    CHECK(c->read_frame() == "e");
  }
  SocketClient refused(f.port);
  CHECK(refused.closed_by_peer());
  f.limit({.listeners = {{"PLAINTEXT", {.total = 2, .per_second = INT32_MAX}}}});
  SocketClient waiting(f.port);
  waiting.write(framed("e waiting"));
  CHECK_FALSE(waiting.readable(20));
  f.limit({});
  CHECK(waiting.read_frame() == "e waiting");
}

TEST_CASE("idle connections are closed, waiting ones are not") {
  KafkaListenOptions options;
  options.idle_ms = 60;
  Fixture f(options);
  SocketClient idle(f.port), waiting(f.port);
  waiting.write(framed("h"));
  CHECK(idle.closed_by_peer());
  REQUIRE(f.service.held() == 1);
  f.service.release();
  CHECK(waiting.read_frame() == "h");
}

TEST_CASE("above the process limit no new frame is read, and reading goes on when requests are answered") {
  KafkaListenOptions options;
  options.process_bytes_max = 1000;
  Fixture f(options);
  SocketClient a(f.port), b(f.port);
  a.write(framed(pattern('h', 2000)));
  REQUIRE(eventually([&] { return f.service.held() == 1; }));
  b.write(framed("e"));
  CHECK_FALSE(b.readable(30));
  f.service.release();
  CHECK(b.read_frame() == "e");
  CHECK(a.read_frame().size() == 2000);
}

TEST_CASE("close races: clients that connect, send and leave while the link closes") {
  for (int round = 0; round < 20; ++round) {
    Fixture f;
    std::atomic<bool> stop{false};
    std::vector<std::thread> clients;
    for (int t = 0; t < 3; ++t) {
      clients.emplace_back([&stop, t, connected = std::make_shared<SocketClient>(f.port)] {
        SocketClient& client = *connected;
        for (int i = 0; !stop && i < 200; ++i) {
          if (!client.write(framed((i + t) % 5 == 0 ? "t" : "e")) || client.read_frame() == "<closed>") break;
        }
      });
    }
    REQUIRE(eventually([&] { return f.service.requests.load() > 20; }));
    f.link.close();
    stop = true;
    for (auto& t : clients) t.join();
    CHECK(f.link.connections() == 0);
  }
}

TEST_CASE("a port in use and a foreign address are told apart") {
  Fixture f;
  KafkaListenOptions options;
  options.host = "127.0.0.1";
  options.port = f.port;
  auto again = f.link.bind(options);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::kAddressInUse);
  options.host = "no-such-host.invalid";
  CHECK(f.link.bind(options).error().code == Errc::kResolve);
}
