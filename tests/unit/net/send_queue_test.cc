// SendQueue over a transport that takes as little as it likes: order, partial writes, both paths of a file piece.
#include "net/send_queue.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/rng.h"

using namespace kz;
using namespace kz::net;

namespace {

// Takes at most a random number of bytes a call, sometimes none.
class MeanTransport final : public Transport {
 public:
  MeanTransport(uint64_t seed, bool files, size_t most) : rng_(seed), files_(files), most_(most) {}
  Result<size_t> receive(MutableBytes) override { return size_t{0}; }
  Result<size_t> send(std::span<const iovec> pieces, bool) override {
    size_t room = rng_.below(most_);
    size_t taken = 0;
    for (const iovec& p : pieces) {
      const size_t n = std::min(room - taken, p.iov_len);
      sent.append(static_cast<const char*>(p.iov_base), n);
      taken += n;
    }
    return taken;
  }
  Result<size_t> send_file(int fd, int64_t position, size_t size) override {
    std::string buffer(std::min<size_t>(size, rng_.below(most_)), '\0');
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), position);
    sent.append(buffer, 0, static_cast<size_t>(n));
    return static_cast<size_t>(n);
  }
  bool sends_files() const override { return files_; }
  std::string sent;

 private:
  Rng rng_;
  bool files_;
  size_t most_;
};

struct TempFile {
  TempFile() : fd(::open("/tmp", O_TMPFILE | O_RDWR, 0600)) { REQUIRE(fd >= 0); }
  ~TempFile() { ::close(fd); }
  int fd;
};

}  // namespace

TEST_CASE("whatever the socket takes at a time, the bytes arrive whole and in order") {
  TempFile file;
  std::string content(300000, '\0');
  Rng rng(7);
  for (char& c : content) c = static_cast<char>(rng.below(256));
  REQUIRE(::pwrite(file.fd, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
  std::string scratch(4096, '\0');
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Rng draw(seed);
    MeanTransport transport(seed, seed % 2 == 0, 1 + draw.below(20000));
    SendQueue queue;
    std::string expected;
    for (int f = 0; f < 20; ++f) {
      Chain chain;
      std::string body;
      for (uint64_t i = draw.below(6); i > 0; --i) {
        const size_t from = draw.below(200000);
        const size_t size = draw.below(3) == 0 ? 0 : draw.below(30000);
        body += content.substr(from, size);
        if (draw.chance(0.5)) {
          chain.append(FileSlice{file.fd, static_cast<int64_t>(from), static_cast<int64_t>(size), nullptr});
        } else {
          chain.append(Slice::copy_of(std::string_view(content).substr(from, size)));
        }
      }
      const uint32_t be = __builtin_bswap32(static_cast<uint32_t>(body.size()));
      expected += std::string(reinterpret_cast<const char*>(&be), 4) + body;
      queue.push_frame(std::move(chain));
      REQUIRE(queue.flush(transport, {reinterpret_cast<std::byte*>(scratch.data()), scratch.size()}));
    }
    while (!queue.empty()) {
      REQUIRE(queue.flush(transport, {reinterpret_cast<std::byte*>(scratch.data()), scratch.size()}));
    }
    CHECK(transport.sent == expected);
  }
}

TEST_CASE("pieces are let go when they are sent") {
  TempFile file;
  REQUIRE(::pwrite(file.fd, "0123456789", 10, 0) == 10);
  auto keepalive = std::make_shared<int>(1);
  SendQueue queue;
  Chain chain;
  chain.append(FileSlice{file.fd, 0, 10, keepalive});
  queue.push_frame(std::move(chain));
  CHECK(keepalive.use_count() == 2);
  CHECK(queue.bytes() == 14);
  MeanTransport transport(1, false, 100);
  std::string scratch(4096, '\0');
  while (!queue.empty()) {
    REQUIRE(queue.flush(transport, {reinterpret_cast<std::byte*>(scratch.data()), scratch.size()}));
  }
  CHECK(keepalive.use_count() == 1);
  CHECK(transport.sent == std::string("\0\0\0\x0a", 4) + "0123456789");
}

TEST_CASE("a file that ends before its slice is an error, not silence or garbage") {
  TempFile file;
  REQUIRE(::pwrite(file.fd, "0123456789", 10, 0) == 10);
  SendQueue queue;
  Chain chain;
  chain.append(FileSlice{file.fd, 5, 10, nullptr});
  queue.push_raw(std::move(chain));
  MeanTransport transport(1, false, 100);
  std::string scratch(4096, '\0');
  Status status;
  for (int i = 0; i < 100 && status; ++i) {
    status = queue.flush(transport, {reinterpret_cast<std::byte*>(scratch.data()), scratch.size()});
  }
  REQUIRE(!status);
  CHECK(status.error().code == Errc::kIo);
}
