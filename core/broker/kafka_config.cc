#include "core/broker/kafka_config.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

namespace kz::broker {

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) out.push_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

// EndPoint.scala: name://[host]:port; the host may be empty or an IPv6 address in brackets.
std::expected<Endpoint, std::string> parse_endpoint(std::string_view text) {
  const auto bad = [&] { return std::unexpected("Unable to parse " + std::string(text) + " to a broker endpoint"); };
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return bad();
  const std::string_view rest = text.substr(scheme + 3);
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return bad();
  std::string_view host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);
  if (host.starts_with('[')) host.remove_prefix(1);
  if (host.ends_with(']')) host.remove_suffix(1);
  const bool host_ok = std::ranges::all_of(host, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '%' || c == '.' || c == '_' || c == ':';
  });
  Endpoint out;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (!host_ok || error != std::errc{} || end != port.data() + port.size() || out.port < 0 || out.port > 65535) {
    return bad();
  }
  out.listener = upper(text.substr(0, scheme));
  out.host = std::string(host);
  return out;
}

// How config_keys.h kinds take their value.
template <class T>
void assign(T& to, const ConfigValue& value) {
  if constexpr (std::is_same_v<T, std::vector<std::string>> || std::is_same_v<T, std::string> ||
                std::is_same_v<T, bool> || std::is_same_v<T, double>) {
    to = std::get<T>(value);
  } else {
    to = static_cast<T>(std::get<int64_t>(value));
  }
}
template <class T>
void assign(std::optional<T>& to, const ConfigValue& value) {
  if (is_null(value)) {
    to.reset();
  } else {
    assign(to.emplace(), value);
  }
}

std::string check_relations(const KafkaConfig& c) {
  if (c.broker_id_generation_enable) {
    if (c.broker_id < -1 || c.broker_id > c.reserved_broker_max_id) {
      return "broker.id must be greater than or equal to -1 and not greater than reserved.broker.max.id";
    }
  } else if (c.broker_id < 0) {
    return "broker.id must be greater than or equal to 0";
  }
  if (c.node_id != c.broker_id) return "You must set `node.id` to the same value as `broker.id`.";
  if (c.roll_ms < 1) return "log.roll.ms must be greater than or equal to 1";
  if (c.roll_jitter_ms < 0) return "log.roll.jitter.ms must be greater than or equal to 0";
  if (c.retention_ms < 1 && c.retention_ms != -1) {
    return "log.retention.ms must be unlimited (-1) or, greater than or equal to 1";
  }
  if (c.data_dirs.empty()) return "At least one log directory must be defined via log.dirs or log.dir.";
  if (c.log_cleaner_threads > 0 && c.log_cleaner_dedupe_buffer_size / c.log_cleaner_threads <= 1024 * 1024) {
    return "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.";
  }
  if (c.replica_fetch_wait_max_ms > c.replica_socket_timeout_ms) {
    return "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary "
           "socket timeouts";
  }
  if (c.replica_fetch_wait_max_ms > c.replica_lag_time_max_ms) {
    return "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent "
           "frequent changes in ISR";
  }
  if (c.offsets_commit_required_acks < -1 || c.offsets_commit_required_acks > c.offsets_topic_replication_factor) {
    return "offsets.commit.required.acks must be greater or equal -1 and less or equal to "
           "offsets.topic.replication.factor";
  }
  if (c.queued_max_request_bytes > 0 && c.queued_max_request_bytes < c.socket_request_max_bytes) {
    return "queued.max.request.bytes must be larger or equal to socket.request.max.bytes";
  }
  if (c.max_connections_per_ip == 0 && c.max_connections_per_ip_overrides.empty()) {
    return "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.";
  }
  if (c.connections_max_idle_ms >= 0 && c.connection_failed_authentication_delay_ms >= c.connections_max_idle_ms) {
    return "connection.failed.authentication.delay.ms=" + std::to_string(c.connection_failed_authentication_delay_ms) +
           " should always be less than connections.max.idle.ms=" + std::to_string(c.connections_max_idle_ms) +
           " to prevent failed authentication responses from timing out";
  }
  return {};
}

// Listeners, advertised listeners and the one between brokers. Empty: fine; key: whose value is wrong.
std::string derive_listeners(KafkaConfig& c, bool inter_broker_protocol_given, std::string& key) {
  key = "listeners";
  auto bound = parse_listeners(c.listeners, c.listener_security_protocol_map, true);
  if (!bound) return bound.error();
  if (bound->empty()) return "There must be at least one listener.";
  c.bind_endpoints = std::move(*bound);
  c.advertised = c.bind_endpoints;
  key = "advertised.listeners";
  if (c.advertised_listeners) {
    auto advertised = parse_listeners(*c.advertised_listeners, c.listener_security_protocol_map, false);
    if (!advertised) return advertised.error();
    if (advertised->empty()) return "There must be at least one advertised listener.";
    c.advertised = std::move(*advertised);
  }
  const auto names = [](const std::vector<Endpoint>& endpoints) {
    std::string out;
    for (const Endpoint& e : endpoints) out += (out.empty() ? "" : ",") + e.listener;
    return out;
  };
  const auto has = [](const std::vector<Endpoint>& endpoints, const std::string& name) {
    return std::ranges::find(endpoints, name, &Endpoint::listener) != endpoints.end();
  };
  for (const Endpoint& e : c.advertised) {
    if (!has(c.bind_endpoints, e.listener)) {
      return "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. "
             "Found " +
             names(c.advertised) + ". The valid options based on the current configuration are " +
             names(c.bind_endpoints);
    }
    if (e.host == "0.0.0.0") {
      if (!c.advertised_listeners) key = "listeners";
      return "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.";
    }
  }
  key = "inter.broker.listener.name";
  if (c.inter_broker_listener_name && inter_broker_protocol_given) {
    return "Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.";
  }
  c.inter_broker_listener =
      c.inter_broker_listener_name ? upper(*c.inter_broker_listener_name) : c.security_inter_broker_protocol;
  if (!has(c.advertised, c.inter_broker_listener)) {
    return "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options "
           "based "
           "on currently configured listeners are " +
           names(c.advertised);
  }
  return {};
}

}  // namespace

std::expected<std::vector<Endpoint>, std::string> parse_listeners(std::string_view text, std::string_view protocol_map,
                                                                  bool distinct_ports) {
  std::map<std::string, std::string> protocols;
  for (const std::string_view item : split(protocol_map)) {
    const size_t colon = item.rfind(':');
    if (colon == std::string_view::npos)
      return std::unexpected("Cannot parse '" + std::string(item) + "' as name:protocol");
    const std::string protocol(item.substr(colon + 1));
    const auto known = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"};
    if (std::ranges::find(known, protocol) == known.end()) {
      return std::unexpected("Invalid security protocol `" + protocol + "` defined in listener.security.protocol.map");
    }
    protocols[upper(item.substr(0, colon))] = protocol;
  }
  const std::string prefix = "Error creating broker listeners from '" + std::string(text) + "': ";
  std::vector<Endpoint> out;
  std::set<std::string> names;
  std::set<int32_t> ports;
  for (const std::string_view item : split(text)) {
    auto endpoint = parse_endpoint(item);
    if (!endpoint) return std::unexpected(prefix + endpoint.error());
    const auto protocol = protocols.find(endpoint->listener);
    if (protocol == protocols.end()) {
      return std::unexpected(prefix + "No security protocol defined for listener " + endpoint->listener);
    }
    endpoint->security_protocol = protocol->second;
    if (!names.insert(endpoint->listener).second) {
      return std::unexpected("Each listener must have a different name, listeners: " + std::string(text));
    }
    if (distinct_ports && endpoint->port != 0 && !ports.insert(endpoint->port).second) {
      return std::unexpected("Each listener must have a different port, listeners: " + std::string(text));
    }
    out.push_back(std::move(*endpoint));
  }
  return out;
}

std::expected<KafkaConfig, ConfigProblem> KafkaConfig::from(const ConfigMap& properties) {
  // broker.id and node.id fill each other; broker.id wins only when it is the one given.
  ConfigMap filled = properties;
  if (filled.contains("broker.id") && !filled.contains("node.id")) filled["node.id"] = filled["broker.id"];
  if (filled.contains("node.id") && !filled.contains("broker.id")) filled["broker.id"] = filled["node.id"];

  KafkaConfig c;
  std::optional<ConfigProblem> problem;
  const auto value_of = [&](std::string_view name) -> ConfigValue {
    const ConfigKey& key = *find_broker_key(name);
    const auto given = filled.find(std::string(name));
    if (given == filled.end()) {
      if (key.default_value == nullptr) return std::monostate{};
      return *parse_config(key, key.default_value);
    }
    auto value = parse_config(key, given->second);
    if (value) return std::move(*value);
    if (!problem) {
      problem = ConfigProblem{"", 0, std::string(name), key.sensitive() ? "***" : given->second,
                              value.error() + " (allowed: " + config_allowed(key) + ")"};
    }
    return key.default_value ? *parse_config(key, key.default_value) : ConfigValue{};
  };
#define X(kind, member, name, ...) assign(c.member, value_of(name));
  KZ_BROKER_CONFIG_TABLE(X)
#undef X
  if (problem) return std::unexpected(std::move(*problem));

  constexpr int64_t kMinute = 60 * 1000;
  constexpr int64_t kHour = 60 * kMinute;
  c.protocol_version = parse_protocol_version(c.inter_broker_protocol_version);
  const std::string& dirs = c.log_dirs ? *c.log_dirs : c.log_dir;
  for (const std::string_view dir : split(dirs)) c.data_dirs.emplace_back(dir);
  c.retention_ms = c.log_retention_ms        ? *c.log_retention_ms
                   : c.log_retention_minutes ? *c.log_retention_minutes * kMinute
                                             : c.log_retention_hours * kHour;
  if (c.retention_ms < 0) c.retention_ms = -1;
  c.roll_ms = c.log_roll_ms ? *c.log_roll_ms : c.log_roll_hours * kHour;
  c.roll_jitter_ms = c.log_roll_jitter_ms ? *c.log_roll_jitter_ms : c.log_roll_jitter_hours * kHour;
  c.flush_ms = c.log_flush_interval_ms ? *c.log_flush_interval_ms : c.log_flush_scheduler_interval_ms;
  c.zookeeper_connect_timeout_ms =
      c.zookeeper_connection_timeout_ms ? *c.zookeeper_connection_timeout_ms : c.zookeeper_session_timeout_ms;

  const auto refuse = [&](const std::string& key, std::string message) {
    const auto given = filled.find(key);
    return std::unexpected(ConfigProblem{"", 0, given == filled.end() ? "" : key,
                                         given == filled.end() ? "" : given->second, std::move(message)});
  };
  for (const std::string_view item : split(c.max_connections_per_ip_overrides)) {
    const size_t colon = item.rfind(':');
    int32_t count = -1;
    if (colon != std::string_view::npos && colon > 0) {
      const char* end = item.data() + item.size();
      const auto parsed = std::from_chars(item.data() + colon + 1, end, count);
      if (parsed.ec != std::errc{} || parsed.ptr != end) count = -1;
    }
    if (count < 0) {
      return refuse("max.connections.per.ip.overrides",
                    "'" + std::string(item) + "' is not host:count (allowed: a list such as 127.0.0.1:200,host:100)");
    }
    c.connection_overrides[std::string(item.substr(0, colon))] = count;
  }
  if (std::string why = check_relations(c); !why.empty()) {
    const std::string named = why.substr(0, why.find_first_of(" ="));
    return refuse(named, std::move(why));
  }
  std::string key;
  if (std::string why = derive_listeners(c, filled.contains("security.inter.broker.protocol"), key); !why.empty()) {
    return refuse(key, std::move(why));
  }
  return c;
}

}  // namespace kz::broker
