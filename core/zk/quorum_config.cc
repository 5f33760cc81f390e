#include "core/zk/quorum_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/base/properties.h"

namespace kz::zk {
namespace {

constexpr const char* kForm =
    "not a server line (allowed: host:port:port or host:port:port:role, several joined by '|', then optionally "
    ";port or ;host:port; role is participant or observer)";

std::vector<std::string_view> split(std::string_view s, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = s.find(separator);
    parts.push_back(s.substr(0, at));
    if (at == std::string_view::npos) return parts;
    s.remove_prefix(at + 1);
  }
}

// host:a:b..., where an IPv6 host stands in brackets.
std::vector<std::string_view> split_host(std::string_view s) {
  if (!s.starts_with('[')) return split(s, ':');
  const size_t end = s.find(']');
  if (end == std::string_view::npos || s.find('[', 1) < end) return {};
  std::vector<std::string_view> parts{s.substr(1, end - 1)};
  const std::string_view rest = s.substr(end + 1);
  if (rest.empty()) return parts;
  if (rest[0] != ':') return {};
  for (const std::string_view part : split(rest.substr(1), ':')) parts.push_back(part);
  return parts;
}

template <class T>
std::optional<T> number(std::string_view s, T min, T max, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value, base);
  if (s.empty() || error != std::errc() || end != s.data() + s.size() || value < min || value > max) {
    return std::nullopt;
  }
  return value;
}

std::optional<uint16_t> port_of(std::string_view s) { return number<uint16_t>(s, 1, 65535); }

std::string lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool shared_address(std::string_view host) {
  return host == "0.0.0.0" || host == "::" || host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

std::string HostPort::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string QuorumServer::text() const {
  std::vector<Address> sorted = addresses;
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const Address& a : sorted) {
    if (!out.empty()) out += '|';
    out += fmt::format("{}:{}", a.quorum.text(), a.election.port);
  }
  out += observer ? ":observer" : ":participant";
  if (client) out += ";" + client->text();
  return out;
}

std::expected<QuorumServer, std::string> parse_server_line(ServerId id, std::string_view value) {
  QuorumServer server;
  server.id = id;
  const auto halves = split(value, ';');
  if (halves.size() > 2) return std::unexpected(kForm);
  if (halves.size() == 2) {
    const auto parts = split_host(halves[1]);
    const auto port = parts.empty() ? std::nullopt : port_of(parts.back());
    if (!port || parts.size() > 2) {
      return std::unexpected(fmt::format("client address '{}' is not port or host:port, 1 to 65535", halves[1]));
    }
    server.client = HostPort{parts.size() == 2 ? std::string(parts[0]) : "0.0.0.0", *port};
  }
  std::optional<bool> role;
  for (const std::string_view address : split(halves[0], '|')) {
    const auto parts = split_host(address);
    if (parts.size() < 3 || parts.size() > 4 || parts[0].empty()) return std::unexpected(kForm);
    const auto quorum = port_of(parts[1]);
    const auto election = port_of(parts[2]);
    if (!quorum || !election) {
      return std::unexpected(fmt::format("'{}' is not a port (allowed: 1 to 65535)", quorum ? parts[2] : parts[1]));
    }
    if (*quorum == *election) return std::unexpected("quorum and election port must be different");
    if (parts.size() == 4) {
      const std::string type = lower(parts[3]);
      if (type != "participant" && type != "observer") {
        return std::unexpected(fmt::format("'{}' is not a role (allowed: participant or observer)", parts[3]));
      }
      if (role && *role != (type == "observer")) return std::unexpected("the addresses of one server differ in role");
      role = type == "observer";
    }
    const std::string host(parts[0]);
    server.addresses.push_back({{host, *quorum}, {host, *election}});
  }
  server.observer = role.value_or(false);
  return server;
}

bool QuorumConfig::is_voter(ServerId id) const {
  const auto it = servers.find(id);
  return it != servers.end() && !it->second.observer;
}

std::vector<ServerId> QuorumConfig::voters() const {
  std::vector<ServerId> ids;
  for (const auto& [id, server] : servers) {
    if (!server.observer) ids.push_back(id);
  }
  return ids;
}

std::vector<ServerId> QuorumConfig::observers() const {
  std::vector<ServerId> ids;
  for (const auto& [id, server] : servers) {
    if (server.observer) ids.push_back(id);
  }
  return ids;
}

int64_t QuorumConfig::weight(ServerId id) const {
  if (!is_voter(id)) return 0;
  const auto it = weights.find(id);
  return it == weights.end() ? 1 : it->second;
}

bool QuorumConfig::is_quorum(const std::set<ServerId>& acks) const {
  if (!hierarchical()) {
    // Weights mean nothing without groups, as in QuorumMaj.
    size_t voters_in = 0;
    for (const ServerId id : acks) voters_in += is_voter(id) ? 1 : 0;
    return voters_in > voters().size() / 2;
  }
  size_t groups_won = 0;
  for (const auto& [group, members] : groups) {
    int64_t total = 0;
    int64_t acked = 0;
    for (const ServerId id : members) {
      total += weight(id);
      if (acks.contains(id)) acked += weight(id);
    }
    // A group of no weight cannot be won and does not count.
    if (acked > total / 2) ++groups_won;
  }
  const auto weighty = static_cast<size_t>(std::count_if(groups.begin(), groups.end(), [&](const auto& group) {
    return std::any_of(group.second.begin(), group.second.end(), [&](ServerId id) { return weight(id) > 0; });
  }));
  return groups_won > weighty / 2;
}

bool QuorumConfig::same_members(const QuorumConfig& other) const {
  return servers == other.servers && groups == other.groups && (!hierarchical() || weights == other.weights);
}

std::string QuorumConfig::text() const {
  std::string out;
  for (const auto& [id, server] : servers) out += fmt::format("server.{}={}\n", id, server.text());
  if (hierarchical()) {
    for (const auto& [group, members] : groups) {
      std::string list;
      for (const ServerId id : members) list += (list.empty() ? "" : ":") + std::to_string(id);
      out += fmt::format("group.{}={}\n", group, list);
    }
    std::map<ServerId, int64_t> all = weights;
    for (const ServerId id : voters()) all.emplace(id, 1);
    for (const auto& [id, value] : all) out += fmt::format("weight.{}={}\n", id, value);
  }
  return out + fmt::format("version={:x}", static_cast<uint64_t>(version));
}

std::string QuorumConfig::conflict() const {
  std::map<HostPort, ServerId> seen;
  for (const auto& [id, server] : servers) {
    std::vector<HostPort> mine;
    for (const QuorumServer::Address& a : server.addresses) {
      mine.push_back(a.quorum);
      mine.push_back(a.election);
    }
    if (server.client) mine.push_back(*server.client);
    for (const HostPort& address : mine) {
      if (shared_address(address.host) && server.client && address == *server.client) continue;
      const auto [it, added] = seen.emplace(address, id);
      if (!added && it->second != id) {
        return fmt::format("server.{} and server.{} share the address {}", it->second, id, address.text());
      }
    }
  }
  return {};
}

std::expected<bool, std::string> add_quorum_property(QuorumConfig& config, std::string_view key,
                                                     std::string_view value) {
  const size_t dot = key.find('.');
  const std::string_view family = key.substr(0, dot);
  if (key == "version") {
    const auto version = number<uint64_t>(value, 0, UINT64_MAX, 16);
    if (!version) return std::unexpected("not a hexadecimal number");
    config.version = static_cast<int64_t>(*version);
    return true;
  }
  if (dot == std::string_view::npos || (family != "server" && family != "group" && family != "weight")) return false;
  const auto id = number<int64_t>(key.substr(dot + 1), INT64_MIN, INT64_MAX);
  if (!id) return std::unexpected(fmt::format("'{}' is not a number", key.substr(dot + 1)));
  if (family == "server") {
    auto server = parse_server_line(*id, value);
    if (!server) return std::unexpected(server.error());
    if (!config.servers.emplace(*id, std::move(*server)).second) {
      return std::unexpected(fmt::format("a second line for server {}", *id));
    }
    return true;
  }
  if (family == "weight") {
    const auto weight = number<int64_t>(value, 0, INT64_MAX);
    if (!weight) return std::unexpected("not a weight (allowed: a number from 0)");
    config.weights[*id] = *weight;
    return true;
  }
  for (const std::string_view member : split(value, ':')) {
    const auto server = number<int64_t>(member, INT64_MIN, INT64_MAX);
    if (!server) return std::unexpected("not a group (allowed: server ids separated by ':')");
    for (const auto& [group, members] : config.groups) {
      if (members.contains(*server)) return std::unexpected(fmt::format("server {} is in multiple groups", *server));
    }
    config.groups[*id].insert(*server);
  }
  return true;
}

std::string check_quorum_config(const QuorumConfig& config) {
  if (!config.hierarchical()) return {};
  for (const ServerId id : config.voters()) {
    const bool grouped = std::any_of(config.groups.begin(), config.groups.end(),
                                     [&](const auto& group) { return group.second.contains(id); });
    if (!grouped) return fmt::format("server {} is not in a group", id);
  }
  for (const auto& [group, members] : config.groups) {
    for (const ServerId id : members) {
      if (!config.servers.contains(id)) return fmt::format("group.{} names server {}, which has no line", group, id);
    }
  }
  return {};
}

std::expected<QuorumConfig, std::string> parse_quorum_config(std::string_view text) {
  const auto properties = parse_properties(text);
  if (!properties) return std::unexpected(properties.error().what);
  QuorumConfig config;
  for (const Property& p : *properties) {
    const size_t end = p.value.find_last_not_of(" \t\r");
    const auto added = add_quorum_property(config, p.key, std::string_view(p.value).substr(0, end + 1));
    if (!added) return std::unexpected(fmt::format("{}={}: {}", p.key, p.value, added.error()));
    if (!*added) return std::unexpected(fmt::format("{}: not a key of a quorum configuration", p.key));
  }
  if (std::string problem = check_quorum_config(config); !problem.empty()) return std::unexpected(problem);
  return config;
}

}  // namespace kz::zk
