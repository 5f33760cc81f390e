// "host:port" lists, as bootstrap.servers has them. Source: Utils.getHost/getPort, ClientUtils.java @ 3.4.0.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kz::client {

struct HostPort {
  std::string host;
  uint16_t port = 0;
  std::string text() const;  // IPv6 in brackets
};

// One item: "h:1", "[::1]:1", "PLAINTEXT://h:1". nullopt: no host or no port in 1..65535.
std::optional<HostPort> parse_host_port(std::string_view text);

struct BootstrapList {
  std::vector<HostPort> servers;
  std::string bad;  // the first item that is not host:port; empty = all are
};
// Splits at commas, trims, skips empty items.
BootstrapList parse_bootstrap(std::string_view text);

}  // namespace kz::client
