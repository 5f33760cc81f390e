#include "core/zk/reconfig.h"

#include <algorithm>
#include <charconv>

#include "core/base/log.h"
#include "core/base/properties.h"
#include "core/bytes/reader.h"

namespace kz::zk {
namespace {

const log::Logger& logger() {
  static const log::Logger l("PrepRequestProcessor");
  return l;
}

std::unexpected<KeeperCode> refuse(KeeperCode code) { return std::unexpected(code); }

std::string_view trim(std::string_view s) {
  const size_t from = s.find_first_not_of(" \t\r\n");
  return from == std::string_view::npos ? std::string_view() : s.substr(from, s.find_last_not_of(" \t\r\n") - from + 1);
}

// Parts between separators, trimmed, without the empty ones.
std::vector<std::string_view> split(std::string_view s, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t at = s.find(separator);
    if (const auto part = trim(s.substr(0, at)); !part.empty()) out.push_back(part);
    if (at == std::string_view::npos) return out;
    s.remove_prefix(at + 1);
  }
}

std::optional<ServerId> server_id(std::string_view s) {
  if (s.starts_with('+')) s.remove_prefix(1);
  ServerId id = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), id);
  if (s.empty() || error != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return id;
}

// Wildcard and loopback addresses say nothing about which machine is meant.
bool telling(const HostPort& a) {
  return a.host != "0.0.0.0" && a.host != "::" && a.host != "localhost" && a.host != "::1" &&
         !a.host.starts_with("127.");
}

std::vector<HostPort> addresses_of(const QuorumServer& server) {
  std::vector<HostPort> out;
  for (const auto& a : server.addresses) {
    out.push_back(a.quorum);
    out.push_back(a.election);
  }
  if (server.client) out.push_back(*server.client);
  std::erase_if(out, [](const HostPort& a) { return !telling(a); });
  return out;
}

bool share_an_address(const QuorumServer& a, const QuorumServer& b) {
  const auto others = addresses_of(b);
  return std::ranges::any_of(addresses_of(a),
                             [&](const HostPort& mine) { return std::ranges::find(others, mine) != others.end(); });
}

std::expected<QuorumConfig, KeeperCode> whole(std::string text, const ReconfigRules& rules) {
  std::ranges::replace(text, ',', '\n');
  const auto properties = parse_properties(text);
  if (!properties) return refuse(KeeperCode::kMarshallingError);
  QuorumConfig out;
  for (const auto& [key, value] : to_map(*properties)) {
    const auto family = std::string_view(key).substr(0, key.find('.'));
    if (key != "version" && family != "server" && family != "group" && family != "weight") {
      logger().warn("Unrecognised parameter: {}", key);
      return refuse(KeeperCode::kBadArguments);
    }
    if (key != "version" && !server_id(std::string_view(key).substr(std::min(key.size(), family.size() + 1)))) {
      return refuse(KeeperCode::kMarshallingError);
    }
    if (const auto added = add_quorum_property(out, key, trim(value)); !added) {
      logger().warn("{}={}: {}", key, value, added.error());
      return refuse(KeeperCode::kBadArguments);
    }
  }
  if (const std::string problem = check_quorum_config(out); !problem.empty()) {
    logger().warn("Reconfiguration failed: {}", problem);
    return refuse(KeeperCode::kBadArguments);
  }
  const size_t voters = out.voters().size();
  const size_t observers = out.observers().size();
  if (voters == 0 && (!rules.standalone_enabled || observers > 0)) return refuse(KeeperCode::kMarshallingError);
  if (voters == 1 && rules.standalone_enabled && observers > 0) return refuse(KeeperCode::kMarshallingError);
  return out;
}

std::expected<QuorumConfig, KeeperCode> changed(const ReconfigRequest& request, const QuorumConfig& last,
                                                const ReconfigRules&) {
  if (last.hierarchical()) {
    logger().warn("Incremental reconfiguration requested but last configuration seen has a non-majority quorum system");
    return refuse(KeeperCode::kBadArguments);
  }
  QuorumConfig out = last;
  out.weights.clear();
  if (request.leaving) {
    for (const auto leaving : split(*request.leaving, ',')) {
      const auto id = server_id(leaving);
      if (!id) return refuse(KeeperCode::kMarshallingError);
      out.servers.erase(*id);
    }
  }
  if (!request.joining) return out;
  for (const auto joining : split(*request.joining, ',')) {
    const auto parts = split(joining, '=');
    if (parts.size() != 2) return refuse(KeeperCode::kBadArguments);
    const auto id = server_id(parts[0].substr(parts[0].rfind('.') + 1));
    if (!id) return refuse(KeeperCode::kMarshallingError);
    auto server = parse_server_line(*id, parts[1]);
    if (!server) {
      logger().warn("Reconfiguration failed: {}: {}", joining, server.error());
      return refuse(KeeperCode::kBadArguments);
    }
    if (!server->client) {
      logger().warn("Wrong format of server string - each server should have 3 ports specified");
      return refuse(KeeperCode::kBadArguments);
    }
    for (const auto& [other, existing] : out.servers) {
      if (other == *id || !share_an_address(*server, existing)) continue;
      logger().warn("Reconfiguration failed: server.{} shares an address with server.{}", *id, other);
      return refuse(KeeperCode::kBadArguments);
    }
    out.servers[*id] = std::move(*server);
  }
  return out;
}

}  // namespace

std::expected<QuorumConfig, KeeperCode> reconfigured(const ReconfigRequest& request, Zxid zxid,
                                                     const Membership& membership, const ReconfigRules& rules) {
  const QuorumConfig& last = membership.last_seen();
  if (last.version != membership.config().version) return refuse(KeeperCode::kReconfigInProgress);
  if (request.cur_config_id != -1 && request.cur_config_id != last.version) {
    logger().warn("Reconfiguration from version {:x} failed -- last seen version is {:x}",
                  static_cast<uint64_t>(request.cur_config_id), static_cast<uint64_t>(last.version));
    return refuse(KeeperCode::kBadVersion);
  }
  auto next = request.new_members ? whole(*request.new_members, rules) : changed(request, last, rules);
  if (!next) return next;
  next->version = zxid;
  const bool several = std::ranges::any_of(next->servers, [](const auto& s) { return s.second.addresses.size() > 1; });
  if (several && !rules.multi_address_enabled) {
    logger().warn("Multiple address feature is disabled, but multiple addresses were specified");
    return refuse(KeeperCode::kBadArguments);
  }
  const size_t voters = next->voters().size();
  if (voters < (rules.standalone_enabled ? 2 : 1)) {
    logger().warn("Reconfig failed - new configuration must include at least {} follower(s)",
                  rules.standalone_enabled ? 2 : 1);
    return refuse(KeeperCode::kBadArguments);
  }
  if (!membership.quorum_synced(*next)) {
    logger().warn("Reconfig failed - there must be a connected and synced quorum in new configuration");
    return refuse(KeeperCode::kNewConfigNoQuorum);
  }
  return next;
}

std::optional<QuorumConfig> config_of_reconfig(const Slice& payload) {
  Reader r(payload.bytes());
  r.i64();  // client
  r.i32();  // cxid
  r.i64();  // zxid
  r.i64();  // time
  if (r.i32() != static_cast<int32_t>(OpCode::kReconfig) || !r.ok()) return std::nullopt;
  const auto txn = decode_txn(payload);
  const auto* set = txn ? std::get_if<SetDataTxn>(&txn->body) : nullptr;
  if (!set || !set->data) return std::nullopt;
  auto config = parse_quorum_config(set->data->text());
  if (config) return std::move(*config);
  logger().error("A reconfig transaction whose configuration cannot be read: {}", config.error());
  return std::nullopt;
}

}  // namespace kz::zk
