// A lean ZooKeeper load client: raw sockets, one thread, requests encoded by hand, so that the server is what is
// measured. kz_zk_pump HOST:PORT[,HOST:PORT...] MODE [key=value...]; one line of JSON on stdout.
//   create | set | get   count=30000 outstanding=200 (of each connection) connections=1 size=100 keys=1000
//   fill                 count=1000000 size=100 prefix=/fill: /fill/d<i/1000>/n<i>, 500 outstanding
//   idle                 sessions=10000 timeout=...: opens them, prints, holds them (pinging) until stdin ends
//   probe                seconds=10: one set outstanding, back to back; the slowest is what a client would have felt
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCreate = 1, kGet = 4, kSet = 5, kPing = 11;
constexpr int kNodeExists = -110;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "kz_zk_pump: %s\n", why.c_str());
  std::exit(1);
}

void put_i32(std::string& out, int32_t value) {
  const uint32_t be = htonl(static_cast<uint32_t>(value));
  out.append(reinterpret_cast<const char*>(&be), 4);
}
void put_i64(std::string& out, int64_t value) {
  put_i32(out, static_cast<int32_t>(value >> 32));
  put_i32(out, static_cast<int32_t>(value));
}
void put_text(std::string& out, const std::string& text) {
  put_i32(out, static_cast<int32_t>(text.size()));
  out += text;
}
int32_t get_i32(const char* at) {
  uint32_t be;
  std::memcpy(&be, at, 4);
  return static_cast<int32_t>(ntohl(be));
}

// One frame in place: the length is written when the body is there.
template <class F>
void frame(std::string& out, F&& body) {
  const size_t at = out.size();
  put_i32(out, 0);
  body();
  const uint32_t be = htonl(static_cast<uint32_t>(out.size() - at - 4));
  std::memcpy(out.data() + at, &be, 4);
}

void put_request(std::string& out, int32_t xid, int op, const std::string& path, const std::string& data) {
  frame(out, [&] {
    put_i32(out, xid);
    put_i32(out, op);
    if (op == kPing) return;
    put_text(out, path);
    if (op == kGet) {
      out += '\0';
      return;
    }
    put_text(out, data);
    if (op == kSet) return put_i32(out, -1);
    put_i32(out, 1);
    put_i32(out, 31);
    put_text(out, "world");
    put_text(out, "anyone");
    put_i32(out, 0);
  });
}

struct Address {
  std::string host;
  uint16_t port = 0;
};

std::vector<Address> parse_servers(const std::string& text) {
  std::vector<Address> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, end - at);
    const size_t colon = one.rfind(':');
    if (colon == std::string::npos) die("no port in " + one);
    out.push_back({one.substr(0, colon), static_cast<uint16_t>(std::atoi(one.c_str() + colon + 1))});
    at = end + 1;
  }
  return out;
}

// A connection with its session. Blocking; readiness is asked of poll.
class Connection {
 public:
  Connection(const Address& address, int32_t timeout_ms) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &to.sin_addr);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      die("connect: " + std::string(std::strerror(errno)));
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    frame(out_, [&] {
      put_i32(out_, 0);
      put_i64(out_, 0);
      put_i32(out_, timeout_ms);
      put_i64(out_, 0);
      put_text(out_, std::string(16, '\0'));
      out_ += '\0';
    });
    flush();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  int fd() const { return fd_; }
  void request(int op, const std::string& path, const std::string& data) {
    put_request(out_, op == kPing ? -2 : ++xid_, op, path, data);
    if (op != kPing) sent_.push_back(Clock::now());
  }
  void flush() {
    for (size_t at = 0; at < out_.size();) {
      const ssize_t n = ::send(fd_, out_.data() + at, out_.size() - at, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) die("send: " + std::string(std::strerror(errno)));
      at += static_cast<size_t>(n);
    }
    out_.clear();
  }
  // Blocks for bytes; done(error, latency us) for each answer.
  template <class F>
  void receive(F&& done) {
    const size_t held = in_.size();
    in_.resize(held + kRead);
    ssize_t n;
    do n = ::recv(fd_, in_.data() + held, kRead, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0) die("the server closed the connection");
    in_.resize(held + static_cast<size_t>(n));
    size_t at = 0;
    const auto now = Clock::now();
    while (in_.size() - at >= 4) {
      const auto size = static_cast<size_t>(get_i32(in_.data() + at));
      if (in_.size() - at < 4 + size) break;
      const char* body = in_.data() + at + 4;
      at += 4 + size;
      if (!open_) {
        if (get_i32(body + 4) <= 0) die("no session");
        open_ = true;
      } else if (get_i32(body) == xid_done_ + 1) {
        ++xid_done_;
        done(get_i32(body + 12), std::chrono::duration<double, std::micro>(now - sent_.front()).count());
        sent_.pop_front();
      } else if (get_i32(body) != -2) {
        die("an answer out of order");
      }
    }
    in_.erase(0, at);
  }
  void await_session() {
    while (!open_) receive([](int, double) {});
  }
  size_t outstanding() const { return sent_.size(); }

 private:
  static constexpr size_t kRead = 256 * 1024;
  int fd_;
  std::string out_, in_;
  bool open_ = false;
  int32_t xid_ = 0, xid_done_ = 0;
  std::deque<Clock::time_point> sent_;
};

using Connections = std::vector<std::unique_ptr<Connection>>;

Connections open_all(const std::vector<Address>& servers, int count, int timeout_ms) {
  Connections out;
  for (int i = 0; i < count; ++i) {
    out.push_back(std::make_unique<Connection>(servers[static_cast<size_t>(i) % servers.size()], timeout_ms));
    // A listener's backlog is finite: not all of them at once.
    if (i % 32 == 31) out[static_cast<size_t>(i) - 16]->await_session();
  }
  for (const auto& c : out) c->await_session();
  return out;
}

struct Outcome {
  double seconds = 0;
  std::vector<double> latencies_us;
  int errors = 0;
  double percentile(int p) const {
    return latencies_us.empty()
               ? 0
               : latencies_us[std::min(latencies_us.size() - 1, latencies_us.size() * static_cast<size_t>(p) / 100)];
  }
};

// count requests over all connections, `outstanding` on each; path_of(i) names them.
template <class Path>
Outcome pump(Connections& connections, int op, int64_t count, size_t outstanding, const std::string& data,
             int tolerated, Path&& path_of) {
  Outcome out;
  out.latencies_us.reserve(static_cast<size_t>(count));
  int64_t next = 0, done = 0;
  const auto top_up = [&](Connection& c) {
    while (next < count && c.outstanding() < outstanding) c.request(op, path_of(next++), data);
    c.flush();
  };
  const auto start = Clock::now();
  std::vector<pollfd> polls;
  for (const auto& c : connections) {
    polls.push_back({c->fd(), POLLIN, 0});
    top_up(*c);
  }
  while (done < count) {
    if (polls.size() > 1 && ::poll(polls.data(), polls.size(), -1) < 0) continue;
    for (size_t i = 0; i < polls.size(); ++i) {
      Connection& c = *connections[i];
      if (polls.size() > 1 && (polls[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      if (c.outstanding() == 0) continue;
      c.receive([&](int error, double us) {
        ++done;
        out.errors += error != 0 && error != tolerated;
        out.latencies_us.push_back(us);
      });
      top_up(c);
    }
  }
  out.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(out.latencies_us.begin(), out.latencies_us.end());
  return out;
}

double own_cpu_seconds() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void print(const char* mode, const Outcome& o, double cpu) {
  if (o.errors > 0) die(std::to_string(o.errors) + " requests failed");
  std::printf(R"({"mode":"%s","ops_s":%.0f,"p50_us":%.1f,"p99_us":%.1f,"max_us":%.1f,"seconds":%.3f,"client_cpu":%.3f})"
              "\n",
              mode, static_cast<double>(o.latencies_us.size()) / o.seconds, o.percentile(50), o.percentile(99),
              o.latencies_us.empty() ? 0 : o.latencies_us.back(), o.seconds, cpu);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("usage: kz_zk_pump SERVERS create|set|get|fill|idle|probe [key=value...]");
  const auto servers = parse_servers(argv[1]);
  const std::string mode = argv[2];
  std::map<std::string, std::string> words;
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t eq = word.find('=');
    if (eq == std::string::npos) die("not key=value: " + word);
    words[word.substr(0, eq)] = word.substr(eq + 1);
  }
  const auto number = [&](const char* key, int64_t fallback) {
    const auto it = words.find(key);
    return it == words.end() ? fallback : std::atoll(it->second.c_str());
  };
  const std::string value(static_cast<size_t>(number("size", 100)), 'x');
  const int timeout_ms = static_cast<int>(number("timeout", 30000));

  if (mode == "idle") {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    auto connections = open_all(servers, static_cast<int>(number("sessions", 10000)), timeout_ms);
    std::printf("{\"sessions\":%zu}\n", connections.size());
    std::fflush(stdout);
    pollfd in{0, POLLIN, 0};
    auto last = Clock::now();
    while (true) {
      if (::poll(&in, 1, 200) > 0) {
        char c;
        if (::read(0, &c, 1) <= 0) return 0;
      }
      if (Clock::now() - last < std::chrono::milliseconds(timeout_ms / 3)) continue;
      last = Clock::now();
      for (const auto& c : connections) {
        c->request(kPing, "", "");
        c->flush();
      }
    }
  }

  auto connections = open_all(servers, static_cast<int>(number("connections", 1)), timeout_ms);
  Connections first;
  first.push_back(std::make_unique<Connection>(servers[0], timeout_ms));
  first[0]->await_session();
  const auto make = [&](const std::string& path) {
    pump(first, kCreate, 1, 1, value, kNodeExists, [&](int64_t) { return path; });
  };
  const std::string root = "/kz-bench";
  const double cpu = own_cpu_seconds();

  if (mode == "fill") {
    const std::string prefix = words.contains("prefix") ? words["prefix"] : "/fill";
    const int64_t count = number("count", 1000000);
    make(prefix);
    pump(first, kCreate, (count + 999) / 1000, 500, value, kNodeExists,
         [&](int64_t i) { return prefix + "/d" + std::to_string(i); });
    const Outcome o = pump(connections, kCreate, count, 500, value, kNodeExists, [&](int64_t n) {
      return prefix + "/d" + std::to_string(n / 1000) + "/n" + std::to_string(n);
    });
    print("fill", o, own_cpu_seconds() - cpu);
    return 0;
  }
  make(root);
  if (mode == "probe") {
    const std::string path = root + "/probe";
    make(path);
    Outcome all;
    const auto start = Clock::now();
    const auto until = start + std::chrono::milliseconds(number("ms", number("seconds", 10) * 1000));
    while (Clock::now() < until) {
      const Outcome one = pump(connections, kSet, 1, 1, value, 0, [&](int64_t) { return path; });
      all.errors += one.errors;
      all.latencies_us.push_back(one.latencies_us[0]);
    }
    all.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::sort(all.latencies_us.begin(), all.latencies_us.end());
    print("probe", all, own_cpu_seconds() - cpu);
    return 0;
  }
  const int op = mode == "create" ? kCreate : mode == "set" ? kSet : mode == "get" ? kGet : 0;
  if (op == 0) die("unknown mode " + mode);
  const int64_t keys = number("keys", 1000);
  std::string directory = root + "/keys";
  if (op == kCreate) directory = root + "/" + std::to_string(Clock::now().time_since_epoch().count());
  make(directory);
  if (op != kCreate) {
    pump(first, kCreate, keys, 200, value, kNodeExists, [&](int64_t i) { return directory + "/" + std::to_string(i); });
  }
  const double before = own_cpu_seconds();
  const Outcome o =
      pump(connections, op, number("count", 30000), static_cast<size_t>(number("outstanding", 200)), value, 0,
           [&](int64_t i) { return directory + "/" + std::to_string(op == kCreate ? i : i % keys); });
  print(mode.c_str(), o, own_cpu_seconds() - before);
  return 0;
}
