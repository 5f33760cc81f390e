// Sockets of the system: addresses, listening, options. Plain calls with errors turned into ours.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace kz::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  std::string ip() const;  // "127.0.0.1", "::1"; an IPv4 address mapped into IPv6 is shown as IPv4
  uint16_t port() const;
  bool loopback() const;
};

// getaddrinfo for streams; blocks unless the host is a number. kResolve.
Result<std::vector<Address>> resolve(const std::string& host, uint16_t port);
// A numeric address needs no resolver; empty when the host is a name.
std::vector<Address> parse_numeric(const std::string& host, uint16_t port);

// A bound, listening, non-blocking socket; "" = all addresses of both families. kAddressInUse, kPermission, kResolve,
// kIo. receive_buffer_bytes is set before listen, where TCP reads it; -1 = the kernel's choice.
Result<int> listen_socket(const std::string& host, uint16_t port, int backlog, int receive_buffer_bytes);
Result<uint16_t> local_port(int fd);

// TCP_NODELAY, keep-alive, buffer sizes (-1 = the kernel's choice).
void configure_stream(int fd, int send_buffer_bytes, int receive_buffer_bytes);

// TCP_USER_TIMEOUT: how long what was sent may stay unacknowledged.
void set_user_timeout(int fd, Duration limit);

Error error_of_connect(int error_number);

// A number for a new connection; never given twice in a process.
ConnId next_conn_id();

}  // namespace kz::net
