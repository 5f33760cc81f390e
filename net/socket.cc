#include "net/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace kz::net {
namespace {

const sockaddr_in& v4(const Address& a) { return reinterpret_cast<const sockaddr_in&>(a.storage); }
const sockaddr_in6& v6(const Address& a) { return reinterpret_cast<const sockaddr_in6&>(a.storage); }

Error error_of_bind(int e) {
  if (e == EADDRINUSE) return {Errc::kAddressInUse, "bind", e};
  if (e == EACCES || e == EPERM) return {Errc::kPermission, "bind", e};
  return {Errc::kIo, "bind", e};
}

void set_int(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

Result<int> listen_at(const Address& address, int backlog, int receive_buffer_bytes) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(Errc::kIo, "socket", errno);
  set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.storage.ss_family == AF_INET6) set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (receive_buffer_bytes > 0) set_int(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, backlog) != 0) {
    const int e = errno;
    ::close(fd);
    return std::unexpected(error_of_bind(e));
  }
  return fd;
}

}  // namespace

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &v4(*this).sin_addr, text, sizeof text);
  } else if (storage.ss_family == AF_INET6) {
    const in6_addr& a = v6(*this).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&a)) {
      ::inet_ntop(AF_INET, &a.s6_addr[12], text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &a, text, sizeof text);
    }
  }
  return text;
}

uint16_t Address::port() const {
  return ntohs(storage.ss_family == AF_INET6 ? v6(*this).sin6_port : v4(*this).sin_port);
}

bool Address::loopback() const {
  const std::string text = ip();
  return text.starts_with("127.") || text == "::1";
}

std::vector<Address> parse_numeric(const std::string& host, uint16_t port) {
  Address a;
  in_addr ip4;
  in6_addr ip6;
  if (::inet_pton(AF_INET, host.c_str(), &ip4) == 1) {
    auto& s = reinterpret_cast<sockaddr_in&>(a.storage);
    s.sin_family = AF_INET;
    s.sin_port = htons(port);
    s.sin_addr = ip4;
    a.size = sizeof s;
    return {a};
  }
  if (::inet_pton(AF_INET6, host.c_str(), &ip6) == 1) {
    auto& s = reinterpret_cast<sockaddr_in6&>(a.storage);
    s.sin6_family = AF_INET6;
    s.sin6_port = htons(port);
    s.sin6_addr = ip6;
    a.size = sizeof s;
    return {a};
  }
  return {};
}

Result<std::vector<Address>> resolve(const std::string& host, uint16_t port) {
  if (auto numeric = parse_numeric(host, port); !numeric.empty()) return numeric;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int rc = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (rc != 0) return fail(Errc::kResolve, "getaddrinfo", rc);
  std::vector<Address> out;
  for (const addrinfo* i = list; i != nullptr; i = i->ai_next) {
    Address a;
    std::memcpy(&a.storage, i->ai_addr, i->ai_addrlen);
    a.size = i->ai_addrlen;
    // IPv4 first, as Java's clients prefer it.
    if (i->ai_family == AF_INET) {
      auto at = out.begin();
      while (at != out.end() && at->storage.ss_family == AF_INET) ++at;
      out.insert(at, a);
    } else {
      out.push_back(a);
    }
  }
  ::freeaddrinfo(list);
  if (out.empty()) return fail(Errc::kResolve, "getaddrinfo");
  return out;
}

Result<int> listen_socket(const std::string& host, uint16_t port, int backlog, int receive_buffer_bytes) {
  if (host.empty()) {
    auto any = listen_at(parse_numeric("::", port)[0], backlog, receive_buffer_bytes);
    // A machine without IPv6 refuses the family or the address.
    if (any || any.error().code != Errc::kIo) return any;
    return listen_at(parse_numeric("0.0.0.0", port)[0], backlog, receive_buffer_bytes);
  }
  KZ_TRY(const auto addresses, resolve(host, port));
  return listen_at(addresses[0], backlog, receive_buffer_bytes);
}

Result<uint16_t> local_port(int fd) {
  Address a;
  a.size = sizeof a.storage;
  if (::getsockname(fd, a.get(), &a.size) != 0) return fail(Errc::kIo, "getsockname", errno);
  return a.port();
}

void configure_stream(int fd, int send_buffer_bytes, int receive_buffer_bytes) {
  set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (send_buffer_bytes > 0) set_int(fd, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  if (receive_buffer_bytes > 0) set_int(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
}

void set_user_timeout(int fd, Duration limit) {
  set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limit.count() / 1'000'000));
}

Error error_of_connect(int e) {
  switch (e) {
    case ECONNREFUSED:
      return {Errc::kRefused, "connect", e};
    case ETIMEDOUT:
      return {Errc::kTimeout, "connect", e};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
      return {Errc::kUnreachable, "connect", e};
    case EACCES:
    case EPERM:
      return {Errc::kPermission, "connect", e};
    case ECONNRESET:
      return {Errc::kDisconnected, "connect", e};
    default:
      return {Errc::kIo, "connect", e};
  }
}

ConnId next_conn_id() {
  static std::atomic<ConnId> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace kz::net
