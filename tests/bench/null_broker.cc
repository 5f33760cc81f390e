// The ceiling: a Kafka broker that decides nothing. One epoll thread; per batch a header read, a CRC check and an
// append to the topic's file; one partition a topic, no indexes, no configuration, no recovery.
// kz_null_broker PORT DIRECTORY. SIGTERM ends it. For measurement only.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <nmmintrin.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace {

using namespace kz;
using Clock = std::chrono::steady_clock;

struct Partition {
  int fd = -1;
  int64_t next_offset = 0;
  int64_t size = 0;
  std::vector<std::pair<int64_t, int64_t>> batches;  // base offset, file position
};

struct Connection {
  int fd = -1;
  std::vector<std::byte> input = std::vector<std::byte>(8 << 20);
  size_t have = 0;
  // The fetch that waits for data, if any.
  int32_t correlation_id = 0;
  std::string topic;
  int64_t offset = 0;
  int64_t max_bytes = 0;
  Clock::time_point until;
};

__attribute__((target("sse4.2"))) uint32_t plain_crc32c(const std::byte* p, size_t n) {
  uint64_t x = ~0u;
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    x = _mm_crc32_u64(x, word);
  }
  auto c = static_cast<uint32_t>(x);
  for (; n > 0; --n, ++p) c = _mm_crc32_u8(c, static_cast<uint8_t>(*p));
  return ~c;
}

class NullBroker {
 public:
  NullBroker(uint16_t port, std::string directory) : port_(port), directory_(std::move(directory)) {}

  [[noreturn]] void run() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 64) != 0) {
      std::perror("kz_null_broker: bind");
      std::exit(1);
    }
    epoll_ = ::epoll_create1(0);
    watch(listener, nullptr);
    epoll_event events[64];
    for (;;) {
      const int n = ::epoll_wait(epoll_, events, 64, waiting_.empty() ? 1000 : 5);
      for (int i = 0; i < n; ++i) {
        if (events[i].data.ptr == nullptr) {
          accept_one(listener);
        } else {
          receive(static_cast<Connection*>(events[i].data.ptr));
        }
      }
      const auto now = Clock::now();
      answer_waiting([now](const Connection& c, const Partition&) { return now >= c.until; });
    }
  }

 private:
  void watch(int fd, Connection* c) const {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.ptr = c;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e);
  }

  void accept_one(int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* c = new Connection;
    c->fd = fd;
    watch(fd, c);
  }

  void receive(Connection* c) {
    const ssize_t got = ::recv(c->fd, c->input.data() + c->have, c->input.size() - c->have, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return drop(c);
    if (got > 0) c->have += static_cast<size_t>(got);
    size_t at = 0;
    while (c->have - at >= 4) {
      const size_t size = Reader(Bytes(c->input).subspan(at)).u32();
      if (size + 4 > c->input.size()) c->input.resize(size + 4 + (1 << 20));
      if (c->have - at < size + 4) break;
      if (!handle(*c, MutableBytes(c->input).subspan(at + 4, size))) return drop(c);
      at += size + 4;
    }
    if (at > 0) std::memmove(c->input.data(), c->input.data() + at, c->have - at);
    c->have -= at;
  }

  void drop(Connection* c) {
    waiting_.erase(c);
    ::close(c->fd);
    delete c;
  }

  Partition& partition(const std::string& topic) {
    Partition& p = partitions_[topic];
    if (p.fd < 0) p.fd = ::open((directory_ + "/" + topic + ".log").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0644);
    return p;
  }

  static void send_all(int fd, Bytes bytes, int flags = 0) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd, bytes.data(), bytes.size(), flags | MSG_NOSIGNAL);
      if (n > 0) {
        bytes = bytes.subspan(static_cast<size_t>(n));
      } else if (errno == EAGAIN) {
        pollfd p{fd, POLLOUT, 0};
        ::poll(&p, 1, 1000);
      } else {
        return;
      }
    }
  }

  static void reply(const Connection& c, int32_t correlation_id, const Buffer& body, size_t more = 0) {
    Buffer out;
    out.i32(static_cast<int32_t>(4 + body.size() + more));
    out.i32(correlation_id);
    out.raw(body.bytes());
    send_all(c.fd, out.bytes(), more > 0 ? MSG_MORE : 0);
  }

  static void text(Buffer& out, const std::string& s) {
    out.i16(static_cast<int16_t>(s.size()));
    out.raw(s);
  }
  static std::string text(Reader& in) {
    const int16_t n = in.i16();
    return n < 0 ? "" : in.text(static_cast<size_t>(n));
  }

  bool handle(Connection& c, MutableBytes frame) {
    Reader in{Bytes(frame)};
    const int16_t api = in.i16();
    const int16_t version = in.i16();
    const int32_t correlation_id = in.i32();
    text(in);
    switch (api) {
      case 0:
        produce(c, in, frame, correlation_id);
        return true;
      case 1:
        fetch(c, in, correlation_id);
        return true;
      case 2:
        list_offsets(c, in, correlation_id);
        return true;
      case 3:
        metadata(c, in, correlation_id);
        return true;
      case 18:
        api_versions(c, version, correlation_id);
        return true;
      default:
        std::fprintf(stderr, "kz_null_broker: api %d version %d\n", api, version);
        return false;
    }
  }

  void api_versions(const Connection& c, int16_t version, int32_t correlation_id) const {
    static constexpr int16_t kApis[][3] = {{0, 3, 7}, {1, 4, 4}, {2, 1, 1}, {3, 4, 4}, {10, 0, 0}, {18, 0, 2}};
    Buffer out;
    out.i16(version > 2 ? 35 : 0);
    out.i32(static_cast<int32_t>(std::size(kApis)));
    for (const auto& api : kApis) {
      for (const int16_t n : api) out.i16(n);
    }
    if (version == 1 || version == 2) out.i32(0);
    reply(c, correlation_id, out);
  }

  void metadata(const Connection& c, Reader& in, int32_t correlation_id) {
    std::vector<std::string> topics;
    const int32_t count = in.i32();
    for (int32_t i = 0; i < count; ++i) topics.push_back(text(in));
    if (count < 0) {
      for (const auto& [name, p] : partitions_) topics.push_back(name);
    }
    Buffer out;
    out.i32(0);
    out.i32(1);
    out.i32(1);
    text(out, "127.0.0.1");
    out.i32(port_);
    out.i16(-1);
    text(out, "null-broker");
    out.i32(1);
    out.i32(static_cast<int32_t>(topics.size()));
    for (const std::string& topic : topics) {
      partition(topic);
      out.i16(0);
      text(out, topic);
      out.i8(0);
      out.i32(1);
      out.i16(0);
      for (const int32_t n : {0, 1, 1, 1, 1, 1}) out.i32(n);  // partition, leader, one replica, one in sync
    }
    reply(c, correlation_id, out);
  }

  void list_offsets(const Connection& c, Reader& in, int32_t correlation_id) {
    in.i32();
    Buffer out;
    const int32_t topics = in.i32();
    out.i32(topics);
    for (int32_t i = 0; i < topics; ++i) {
      const std::string topic = text(in);
      text(out, topic);
      const int32_t count = in.i32();
      out.i32(count);
      for (int32_t j = 0; j < count; ++j) {
        const int32_t number = in.i32();
        const int64_t timestamp = in.i64();
        out.i32(number);
        out.i16(0);
        out.i64(-1);
        out.i64(timestamp == -2 ? 0 : partition(topic).next_offset);
      }
    }
    reply(c, correlation_id, out);
  }

  void produce(const Connection& c, Reader& in, MutableBytes frame, int32_t correlation_id) {
    text(in);
    const int16_t acks = in.i16();
    in.i32();
    Buffer out;
    const int32_t topics = in.i32();
    out.i32(topics);
    for (int32_t i = 0; i < topics; ++i) {
      const std::string topic = text(in);
      text(out, topic);
      const int32_t count = in.i32();
      out.i32(count);
      for (int32_t j = 0; j < count; ++j) {
        const int32_t number = in.i32();
        const auto size = static_cast<size_t>(in.i32());
        const MutableBytes records = frame.subspan(in.position(), size);
        in.skip(size);
        Partition& p = partition(topic);
        const int64_t base = p.next_offset;
        append(p, records);
        out.i32(number);
        out.i16(0);
        out.i64(base);
        out.i64(-1);
        out.i64(0);
      }
    }
    out.i32(0);
    if (acks != 0) reply(c, correlation_id, out);
    answer_waiting([](const Connection& w, const Partition& p) { return p.next_offset > w.offset; });
  }

  // Batch header: base offset 8, length 4, leader epoch 4, magic 1, crc 4, attributes 2, last offset delta 4.
  void append(Partition& p, MutableBytes records) {
    for (size_t at = 0; at < records.size();) {
      std::byte* batch = records.data() + at;
      Reader in{Bytes(records).subspan(at)};
      in.i64();
      const auto length = static_cast<size_t>(in.i32());
      in.skip(5);
      const uint32_t crc = in.u32();
      in.skip(2);
      const int32_t last_delta = in.i32();
      if (crc != plain_crc32c(batch + 21, length + 12 - 21)) std::fputs("kz_null_broker: bad crc\n", stderr);
      Writer(MutableBytes(batch, 8)).i64(p.next_offset);
      p.batches.emplace_back(p.next_offset, p.size + static_cast<int64_t>(at));
      p.next_offset += last_delta + 1;
      at += 12 + length;
    }
    if (::pwrite(p.fd, records.data(), records.size(), p.size) != static_cast<ssize_t>(records.size())) {
      std::perror("kz_null_broker: pwrite");
    }
    p.size += static_cast<int64_t>(records.size());
  }

  void fetch(Connection& c, Reader& in, int32_t correlation_id) {
    in.i32();
    const int32_t max_wait_ms = in.i32();
    in.skip(4 + 4 + 1 + 4);  // min bytes, max bytes, isolation level, one topic
    c.topic = text(in);
    in.skip(4 + 4);  // one partition, its number
    c.offset = in.i64();
    c.max_bytes = in.i32();
    c.correlation_id = correlation_id;
    if (partition(c.topic).next_offset <= c.offset && max_wait_ms > 0) {
      c.until = Clock::now() + std::chrono::milliseconds(max_wait_ms);
      waiting_.insert(&c);
    } else {
      answer_fetch(c);
    }
  }

  template <class F>
  void answer_waiting(F ready) {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      Connection& c = **it;
      if (!ready(c, partition(c.topic))) {
        ++it;
        continue;
      }
      it = waiting_.erase(it);
      answer_fetch(c);
    }
  }

  void answer_fetch(const Connection& c) {
    const Partition& p = partition(c.topic);
    int64_t from = 0;
    int64_t end = 0;
    if (c.offset < p.next_offset && !p.batches.empty()) {
      auto it = std::upper_bound(p.batches.begin(), p.batches.end(), std::make_pair(c.offset, INT64_MAX));
      if (it != p.batches.begin()) --it;
      from = it->second;
      // The first batch always, then whole ones up to the limit.
      do {
        ++it;
        end = it == p.batches.end() ? p.size : it->second;
      } while (it != p.batches.end() && (it + 1 == p.batches.end() ? p.size : (it + 1)->second) - from <= c.max_bytes);
    }
    Buffer out;
    out.i32(0);
    out.i32(1);
    text(out, c.topic);
    out.i32(1);
    out.i32(0);
    out.i16(0);
    out.i64(p.next_offset);
    out.i64(p.next_offset);
    out.i32(-1);
    out.i32(static_cast<int32_t>(end - from));
    reply(c, c.correlation_id, out, static_cast<size_t>(end - from));
    while (from < end) {
      const auto want = std::min(static_cast<size_t>(end - from), file_buffer_.size());
      const ssize_t got = ::pread(p.fd, file_buffer_.data(), want, from);
      if (got <= 0) return;
      send_all(c.fd, Bytes(file_buffer_).first(static_cast<size_t>(got)));
      from += got;
    }
  }

  const uint16_t port_;
  const std::string directory_;
  int epoll_ = -1;
  std::map<std::string, Partition> partitions_;
  std::set<Connection*> waiting_;
  std::vector<std::byte> file_buffer_ = std::vector<std::byte>(256 << 10);
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: kz_null_broker PORT DIRECTORY\n", stderr);
    return 2;
  }
  NullBroker(static_cast<uint16_t>(std::atoi(argv[1])), argv[2]).run();
}
