// A blocking client socket for the tests of net/: writes what it is told, reads with a deadline.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "core/base/check.h"

namespace kz::net::test {

class SocketClient {
 public:
  explicit SocketClient(uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    KZ_ASSERT(::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
  }
  ~SocketClient() { close(); }
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // False when the peer has closed.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // Exactly n bytes, or what came until the peer closed or ten seconds passed.
  std::string read(size_t n) {
    std::string out(n, '\0');
    size_t have = 0;
    while (have < n) {
      pollfd p{fd_, POLLIN, 0};
      if (::poll(&p, 1, 10000) <= 0) break;
      const ssize_t got = ::recv(fd_, out.data() + have, n - have, 0);
      if (got <= 0) break;
      have += static_cast<size_t>(got);
    }
    out.resize(have);
    return out;
  }
  std::string read_frame() {
    const std::string head = read(4);
    if (head.size() < 4) return "<closed>";
    uint32_t be;
    std::memcpy(&be, head.data(), 4);
    return read(ntohl(be));
  }
  bool closed_by_peer() { return read(1).empty(); }
  // True if anything arrives within the time.
  bool readable(int wait_ms) {
    pollfd p{fd_, POLLIN, 0};
    return ::poll(&p, 1, wait_ms) > 0;
  }

 private:
  int fd_;
};

inline std::string prefix(size_t n) {
  const uint32_t be = htonl(static_cast<uint32_t>(n));
  return std::string(reinterpret_cast<const char*>(&be), 4);
}
inline std::string framed(std::string_view body) { return prefix(body.size()) + std::string(body); }

// Polls with a deadline of ten seconds.
template <class F>
bool eventually(F condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace kz::net::test
