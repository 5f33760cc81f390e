#include "core/zk/admin_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "core/zk/monitor.h"

namespace kz::zk {
namespace {

namespace json = boost::json;
using Object = json::object;  // keeps the order of insertion
using Info = const ServerInfo&;

// ---- texts ----

std::string address(std::string_view host, int port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

std::string full_version(Info info) {
  return fmt::format("{}, built on {}", info.environment->version, info.environment->build);
}

// Jackson's DefaultPrettyPrinter: objects indent by two, arrays stay on their line.
void print(std::string& out, const json::value& value, size_t level) {
  if (const auto* object = value.if_object()) {
    if (object->empty()) {
      out += "{ }";
      return;
    }
    out += '{';
    const char* separator = "\n";
    for (const auto& member : *object) {
      out += separator;
      out.append(2 * (level + 1), ' ');
      out += json::serialize(json::string(member.key())) + " : ";
      print(out, member.value(), level + 1);
      separator = ",\n";
    }
    out += '\n';
    out.append(2 * level, ' ');
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    const char* separator = " ";
    for (const json::value& element : *array) {
      out += separator;
      print(out, element, level);
      separator = ", ";
    }
    out += " ]";
  } else if (const double* number = value.if_double()) {
    out += java_double_text(*number);
  } else {
    out += json::serialize(value);
  }
}

template <class Range>
json::array array_of(const Range& range) {
  json::array out;
  for (const auto& element : range) out.emplace_back(element);
  return out;
}

json::value value_of(const MetricValue& value) {
  return std::visit([](const auto& v) { return json::value(v); }, value);
}

// ---- pieces ----

Object connection(const ConnectionStats& c, bool brief) {
  Object out{{"remote_socket_address", address(c.ip, c.port)},
             {"interest_ops", c.interest_ops},
             {"outstanding_requests", c.queued},
             {"packets_received", c.received},
             {"packets_sent", c.sent}};
  if (brief) return out;
  out["session_id"] = c.session;
  out["last_operation"] = c.last_op;
  out["established"] = c.established_ms;
  out["session_timeout"] = c.timeout_ms;
  out["last_cxid"] = c.last_cxid;
  out["last_zxid"] = c.last_zxid;
  out["last_response_time"] = c.last_response_ms;
  out["last_latency"] = c.last_latency_ms;
  out["min_latency"] = c.latency.min_ms;
  out["avg_latency"] = c.latency.count ? c.latency.total_ms / c.latency.count : 0;
  out["max_latency"] = c.latency.max_ms;
  return out;
}

void connections(Info info, Object& out, bool brief) {
  json::array list;
  for (const ConnectionStats& c : info.connections) list.push_back(connection(c, brief));
  out["connections"] = std::move(list);
  out["secure_connections"] = json::array();
}

Object sizes(const BufferSizes& s) {
  return {{"last_buffer_size", s.last}, {"min_buffer_size", s.min}, {"max_buffer_size", s.max}};
}

double average(Info info) {
  return static_cast<double>(static_cast<int64_t>(info.stats.latency.average() * 10000 + 0.5)) / 10000;
}

// MultipleAddresses, as Jackson sees its getters. Which addresses answer is not probed for this.
Object addresses(const std::vector<HostPort>& all) {
  json::array texts, wildcards, ports, hosts;
  for (const HostPort& a : all) {
    texts.emplace_back(a.text());
    wildcards.emplace_back(fmt::format("0.0.0.0:{}", a.port));
    ports.emplace_back(a.port);
    hosts.emplace_back(a.host);
  }
  const json::value one = all.empty() ? json::value(nullptr) : json::value(all.front().text());
  return {{"empty", all.empty()},
          {"all_addresses", texts},
          {"all_reachable_addresses", texts},
          {"one", one},
          {"reachable_address", one},
          {"wildcard_addresses", wildcards},
          {"all_ports", ports},
          {"all_host_strings", hosts},
          {"all_reachable_addresses_or_all", texts},
          {"reachable_or_one", one}};
}

std::string own_client_address(Info info) {
  const std::string& host = info.config->client_port_address;
  return address(host.empty() ? "0.0.0.0" : host, info.environment->client_port);
}

std::vector<HostPort> ports_of(const QuorumServer& server, HostPort QuorumServer::Address::* port) {
  std::vector<HostPort> out;
  for (const auto& a : server.addresses) out.push_back(a.*port);
  return out;
}

json::array texts_of(const std::vector<HostPort>& ports) {
  json::array out;
  for (const HostPort& p : ports) out.emplace_back(p.text());
  return out;
}

// ---- commands ----

void nothing(Info, Object&) {}

void configuration(Info info, Object& out) {
  const ZooConfig& c = *info.config;
  out["client_port"] = info.environment->client_port;
  out["data_dir"] = c.data_dir + "/version-2";
  out["data_log_dir"] = c.data_log_dir + "/version-2";
  out["tick_time"] = c.tick_time_ms;
  out["max_client_cnxns"] = c.max_client_cnxns;
  out["min_session_timeout"] = c.min_session_timeout_ms;
  out["max_session_timeout"] = c.max_session_timeout_ms;
  out["server_id"] = info.server_id;
  out["client_port_listen_backlog"] = c.client_port_listen_backlog;
}

void dump(Info info, Object& out) {
  Object expiry, ephemerals;
  for (const auto& [at, sessions] : info.session_buckets) expiry[std::to_string(at)] = array_of(sessions);
  for (const auto& [session, paths] : info.ephemerals) ephemerals[std::to_string(session)] = array_of(paths);
  out["expiry_time_to_session_ids"] = std::move(expiry);
  out["session_id_to_ephemeral_paths"] = std::move(ephemerals);
}

void environment(Info info, Object& out) {
  out["zookeeper.version"] = full_version(info);
  out["host.name"] = info.environment->host_name;
  for (const auto& [key, value] : info.environment->environment) out[key] = value;
}

void hash(Info info, Object& out) {
  json::array digests;
  for (const auto& [zxid, digest] : info.digest_log) {
    digests.push_back(Object{{"zxid", zxid}, {"digest", static_cast<int64_t>(digest)}, {"digest_version", 2}});
  }
  out["digests"] = std::move(digests);
}

void initial_configuration(Info info, Object& out) {
  const auto& text = info.environment->initial_config;
  out["initial_configuration"] = text ? json::value(*text) : json::value(nullptr);
}

void last_snapshot(Info info, Object& out) {
  const auto snapshot = info.environment->snapshot.value_or(std::pair<Zxid, int64_t>{-1, -1});
  out["zxid"] = fmt::format("{:x}", static_cast<uint64_t>(snapshot.first));
  out["timestamp"] = snapshot.second;
}

void leader(Info info, Object& out) {
  const EnsembleInfo* e = info.ensemble();
  if (!e) {
    out["error"] = "server is not initialized";
    return;
  }
  out["is_leader"] = e->leading;
  out["leader_id"] = e->leader_id;
  out["leader_ip"] = e->leader_ip;
}

void monitor(Info info, Object& out) {
  for (const auto& [key, value] : monitor_lines(info)) out[key] = value_of(value);
}

void observers(Info info, Object& out) {
  const EnsembleInfo* e = info.ensemble();
  json::array list;
  if (e && e->leading) {
    for (const LearnerLine& o : e->observers) {
      list.push_back(Object{{"remote_socket_address", o.remote},
                            {"sid", o.sid},
                            {"established", o.established_ms},
                            {"queued_packets", 0},  // they are bytes of the socket's queue at once
                            {"queued_packets_size", o.queued_bytes},
                            {"packets_received", o.received},
                            {"packets_sent", o.sent},
                            {"requests", o.requests},
                            {"last_zxid", o.last_zxid}});
    }
  }
  out["synced_observers"] = e && e->leading ? e->synced_observers : 0;
  out["observers"] = std::move(list);
}

void server_stats(Info info, Object& out) {
  const ServerEnvironment& env = *info.environment;
  out["version"] = full_version(info);
  out["read_only"] = info.read_only;
  out["server_stats"] = Object{{"packets_sent", info.stats.packets_sent},
                               {"packets_received", info.stats.packets_received},
                               {"fsync_threshold_exceed_count", env.fsync_threshold_exceeded},
                               {"client_response_stats", sizes(info.stats.responses)},
                               {"data_dir_size", env.data_dir_bytes},
                               {"log_dir_size", env.log_dir_bytes},
                               {"provider_null", false},
                               {"server_state", info.mode},
                               {"last_processed_zxid", info.last_zxid},
                               {"outstanding_requests", info.outstanding},
                               {"avg_latency", average(info)},
                               {"max_latency", info.stats.latency.max_ms},
                               {"min_latency", info.stats.latency.min_ms},
                               {"num_alive_client_connections", info.alive_connections},
                               {"auth_failed_count", info.stats.auth_failed},
                               {"non_mtlsremote_conn_count", 0},
                               {"non_mtlslocal_conn_count", 0},
                               {"uptime", info.uptime_ms}};
  out["client_response"] = sizes(info.stats.responses);
  if (const EnsembleInfo* e = info.ensemble(); e && e->leading) out["proposal_stats"] = sizes(e->proposals);
  out["node_count"] = info.node_count;
}

// Java's would show its system properties: here the settings of zoo.cfg and -D, under the names that they have there.
void system_properties(Info info, Object& out) {
  std::map<std::string, std::string> all;
  for (const auto& [key, value] : info.environment->environment) all[key] = value;
  for (const auto& [key, value] : info.config->values) {
    const bool secret = key.find("assw") != std::string::npos || key.find("superDigest") != std::string::npos;
    all["zookeeper." + key] = secret ? "***" : value;
  }
  for (const auto& [key, value] : all) out[key] = value;
}

void voting_view(Info info, Object& out) {
  Object view;
  if (info.ensemble()) {
    for (const auto& [id, server] : info.config->quorum.servers) {
      if (server.observer) continue;
      const std::string client = server.client          ? server.client->text()
                                 : id == info.server_id ? own_client_address(info)
                                                        : "";
      view[std::to_string(id)] =
          Object{{"server_addresses", texts_of(ports_of(server, &QuorumServer::Address::quorum))},
                 {"election_addresses", texts_of(ports_of(server, &QuorumServer::Address::election))},
                 {"client_address", client},
                 {"learner_type", "participant"}};
    }
  }
  out["current_config"] = std::move(view);
}

void watch_summary(Info info, Object& out) {
  out["num_connections"] = info.watch_connections;
  out["num_paths"] = info.watch_paths;
  out["num_total_watches"] = info.watch_count;
}

void watches(Info info, Object& out) {
  Object map;
  for (const auto& [session, paths] : info.watches_by_session) map[std::to_string(session)] = array_of(paths);
  out["session_id_to_watched_paths"] = std::move(map);
}

void watches_by_path(Info info, Object& out) {
  Object map;
  for (const auto& [path, sessions] : info.watches_by_path) map[path] = array_of(sessions);
  out["path_to_session_ids"] = std::move(map);
}

void zab_state(Info info, Object& out) {
  const EnsembleInfo* e = info.serving ? info.ensemble() : nullptr;
  const auto& servers = info.config->quorum.servers;
  const auto self = servers.find(info.server_id);
  if (!e || self == servers.end()) {
    out["voting"] = false;
    out["zabstate"] = "";
    return;
  }
  out["myid"] = info.server_id;
  out["is_leader"] = e->leading;
  out["quorum_address"] = addresses(ports_of(self->second, &QuorumServer::Address::quorum));
  out["election_address"] = addresses(ports_of(self->second, &QuorumServer::Address::election));
  out["client_address"] = own_client_address(info);
  out["voting"] = info.config->quorum.is_voter(info.server_id);
  out["last_zxid"] = fmt::format("0x{:x}", static_cast<uint64_t>(info.last_zxid));
  out["zab_epoch"] = info.last_zxid >> 32;
  out["zab_counter"] = info.last_zxid & 0xffffffff;
  out["zabstate"] = e->phase;
}

void trace_mask(Info info, Object& out) { out["tracemask"] = info.environment->trace_mask; }

struct Command {
  const char* name;
  const char* aliases;  // separated by spaces
  bool needs_server;
  void (*fill)(Info, Object&);
  AdminAction action = AdminAction::kNone;
  InfoNeeds needs{};
  const char* word = "";
};

constexpr InfoNeeds kConnections{true, false, false, false};
constexpr InfoNeeds kDump{false, true, false, false};
constexpr InfoNeeds kWatches{false, false, true, false};
constexpr InfoNeeds kQuotas{false, false, false, true};

const Command kCommands[] = {
    {"configuration", "conf config", true, configuration, AdminAction::kNone, {}, "conf"},
    {"connection_stat_reset", "crst", true, nothing, AdminAction::kResetConnections},
    {"connections", "cons", true, [](Info i, Object& o) { connections(i, o, false); }, AdminAction::kNone,
     kConnections},
    {"dirs",
     "",
     true,
     [](Info i, Object& o) {
       o["datadir_size"] = i.environment->data_dir_bytes;
       o["logdir_size"] = i.environment->log_dir_bytes;
     },
     AdminAction::kNone,
     {},
     "dirs"},
    {"dump", "", true, dump, AdminAction::kNone, kDump},
    {"environment", "env envi", false, environment, AdminAction::kNone, {}, "envi"},
    {"get_trace_mask", "gtmk", false, trace_mask},
    {"hash", "", true, hash},
    {"initial_configuration", "icfg", true, initial_configuration},
    {"is_read_only", "isro", true, [](Info i, Object& o) { o["read_only"] = i.read_only; }},
    {"last_snapshot", "lsnp", true, last_snapshot, AdminAction::kNone, {}, "lsnp"},
    {"leader", "lead", true, leader},
    // Java's answers 500 to this one while there is no leader.
    {"monitor", "mntr", true, monitor, AdminAction::kNone, kQuotas, "mntr"},
    {"observer_connection_stat_reset", "orst", true, nothing, AdminAction::kResetObservers},
    {"observers", "obsr", true, observers},
    {"ruok", "", true, nothing},
    {"server_stats", "srvr", true, server_stats, AdminAction::kNone, {}, "dirs"},
    {"set_trace_mask", "stmk", false, trace_mask, AdminAction::kSetTraceMask},
    {"stat_reset", "srst", true, nothing, AdminAction::kResetServer},
    {"stats", "stat", true,
     [](Info i, Object& o) {
       server_stats(i, o);
       connections(i, o, true);
     },
     AdminAction::kNone, kConnections, "dirs"},
    {"system_properties", "sysp", false, system_properties, AdminAction::kNone, {}, "envi"},
    {"voting_view", "", true, voting_view},
    {"watch_summary", "wchs", true, watch_summary},
    {"watches", "wchc", true, watches, AdminAction::kNone, kWatches},
    {"watches_by_path", "wchp", true, watches_by_path, AdminAction::kNone, kWatches},
    {"zabstate", "", false, zab_state},
};

const Command* find(std::string_view name) {
  for (const Command& c : kCommands) {
    if (c.name == name) return &c;
    std::string_view aliases = c.aliases;
    while (!aliases.empty()) {
      const size_t space = aliases.find(' ');
      if (aliases.substr(0, space) == name) return &c;
      aliases.remove_prefix(space == std::string_view::npos ? aliases.size() : space + 1);
    }
  }
  return nullptr;
}

std::optional<int64_t> trace_mask_of_parameter(const AdminRequest& request) {
  const auto it = request.parameters.find("traceMask");
  if (it == request.parameters.end()) return std::nullopt;
  int64_t mask = 0;
  const char* begin = it->second.data();
  const char* end = begin + it->second.size();
  if (begin != end && *begin == '+') ++begin;
  const auto [at, error] = std::from_chars(begin, end, mask);
  return error == std::errc() && at == end ? std::optional(mask) : std::nullopt;
}

std::string finish(Object out, std::string_view command, const json::value& error) {
  if (!out.contains("command")) out["command"] = command;
  if (!out.contains("error")) out["error"] = error;
  std::string text;
  print(text, out, 0);
  return text;
}

}  // namespace

AdminPlan admin_plan(const AdminRequest& request) {
  const Command* command = find(request.command);
  if (!command) return {};
  AdminPlan plan{command->action, {}, command->needs, command->word};
  if (command->action == AdminAction::kSetTraceMask) plan.trace_mask = trace_mask_of_parameter(request);
  return plan;
}

std::string admin_answer(const AdminRequest& request, const ServerInfo& info) {
  const Command* command = find(request.command);
  if (!command) return finish({}, request.command, json::string("Unknown command: " + request.command));
  if (command->needs_server && !info.serving) {
    return finish({}, request.command, "This ZooKeeper instance is not currently serving requests");
  }
  Object out;
  if (command->action == AdminAction::kSetTraceMask && !trace_mask_of_parameter(request)) {
    const auto it = request.parameters.find("traceMask");
    out["error"] = "setTraceMask requires long traceMask argument" +
                   (it == request.parameters.end() ? std::string() : ", got " + it->second);
  } else {
    command->fill(info, out);
  }
  return finish(std::move(out), command->name, nullptr);
}

std::string admin_index(std::string_view command_url) {
  std::string out;
  for (const Command& c : kCommands) {
    out += fmt::format("<a href=\"{0}/{1}\">{1}</a>\n<br/>\n", command_url, c.name);
  }
  return out;
}

}  // namespace kz::zk
