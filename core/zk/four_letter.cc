#include "core/zk/four_letter.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "core/bytes/reader.h"
#include "core/zk/monitor.h"

namespace kz::zk {
namespace {

constexpr std::array<std::string_view, 18> kWords{"conf", "cons", "crst", "dirs", "dump", "envi",
                                                  "gtmk", "hash", "isro", "mntr", "ruok", "srst",
                                                  "srvr", "stat", "stmk", "wchc", "wchp", "wchs"};
constexpr std::string_view kNotServing = "This ZooKeeper instance is not currently serving requests\n";

std::string hex(int64_t value) { return fmt::format("0x{:x}", static_cast<uint64_t>(value)); }

// java.util.Date's text, in UTC.
std::string java_date(int64_t wall_ms) {
  const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
  return fmt::format("{:%a %b %d %H:%M:%S} UTC {:%Y}", fmt::gmtime(seconds), fmt::gmtime(seconds));
}

std::string connection_line(const ConnectionStats& c, bool brief) {
  const bool v6 = c.ip.find(':') != std::string::npos;
  std::string out = fmt::format(" /{}{}{}:{}[{:x}](queued={},recved={},sent={}", v6 ? "[" : "", c.ip, v6 ? "]" : "",
                                c.port, c.interest_ops, c.queued, c.received, c.sent);
  if (!brief && c.session != 0) {
    out += fmt::format(",sid={},lop={},est={},to={}", hex(c.session), c.last_op, c.established_ms, c.timeout_ms);
    if (c.last_cxid >= 0) out += ",lcxid=" + hex(c.last_cxid);
    const int64_t average = c.latency.count ? c.latency.total_ms / c.latency.count : 0;
    out += fmt::format(",lzxid={},lresp={},llat={},minlat={},avglat={},maxlat={}", hex(c.last_zxid), c.last_response_ms,
                       c.last_latency_ms, c.latency.min_ms, average, c.latency.max_ms);
  }
  return out + ")\n";
}

std::string server_text(const ServerInfo& info, bool clients) {
  const ServerEnvironment& env = *info.environment;
  std::string out = fmt::format("Zookeeper version: {}, built on {}\n", env.version, env.build);
  if (info.read_only) out += "READ-ONLY mode; serving only read-only clients\n";
  if (clients) {
    out += "Clients:\n";
    for (const ConnectionStats& c : info.connections) out += connection_line(c, true);
    out += '\n';
  }
  out += fmt::format("Latency min/avg/max: {}/{}/{}\nReceived: {}\nSent: {}\nConnections: {}\nOutstanding: {}\n",
                     info.stats.latency.min_ms,
                     java_double_text(std::floor(info.stats.latency.average() * 10000 + 0.5) / 10000),
                     info.stats.latency.max_ms, info.stats.packets_received, info.stats.packets_sent,
                     info.alive_connections, info.outstanding);
  out += fmt::format("Zxid: {}\nMode: {}\nNode count: {}\n", hex(info.last_zxid), info.mode, info.node_count);
  if (const EnsembleInfo* e = info.ensemble(); e && e->leading) {
    out +=
        fmt::format("Proposal sizes last/min/max: {}/{}/{}\n", e->proposals.last, e->proposals.min, e->proposals.max);
  }
  return out;
}

std::string conf_text(const ServerInfo& info) {
  const ZooConfig& c = *info.config;
  const ServerEnvironment& env = *info.environment;
  const int port = env.client_port != 0 ? env.client_port : c.client_port.value_or(0);
  std::string out = fmt::format(
      "clientPort={}\nsecureClientPort={}\ndataDir={}/version-2\ndataDirSize={}\ndataLogDir={}/version-2\n"
      "dataLogSize={}\ntickTime={}\nmaxClientCnxns={}\nminSessionTimeout={}\nmaxSessionTimeout={}\n"
      "clientPortListenBacklog={}\nserverId={}\n",
      port == 0 ? -1 : port, c.secure_client_port ? int{*c.secure_client_port} : -1, c.data_dir, env.data_dir_bytes,
      c.data_log_dir, env.log_dir_bytes, c.tick_time_ms, c.max_client_cnxns, c.min_session_timeout_ms,
      c.max_session_timeout_ms, c.client_port_listen_backlog, info.server_id);
  const auto self = c.quorum.servers.find(info.server_id);
  if (info.mode == "standalone" || self == c.quorum.servers.end()) return out;
  const QuorumServer::Address& address = self->second.addresses.front();
  out += fmt::format("initLimit={}\nsyncLimit={}\nelectionAlg=3\nelectionPort={}\nquorumPort={}\npeerType={}\n",
                     c.init_limit, c.sync_limit, address.election.port, address.quorum.port,
                     self->second.observer ? 1 : 0);
  return info.read_only ? out : out + "membership: \n" + c.quorum.text();
}

// ExpiryQueue.dump: buckets with their expiry.
template <class Print>
std::string buckets_text(const std::map<int64_t, std::vector<std::string>>& buckets, size_t items, Print at) {
  std::string out = fmt::format("Sets ({})/({}):\n", buckets.size(), items);
  for (const auto& [ms, lines] : buckets) {
    out += fmt::format("{} expire at {}:\n", lines.size(), at(ms));
    for (const std::string& line : lines) out += "\t" + line + "\n";
  }
  return out;
}

constexpr int64_t kConnectionBucketMs = 10000;  // NIOServerCnxnFactory's, of nio.sessionlessCnxnTimeout

std::string session_buckets_text(const ServerInfo::SessionBuckets& buckets, const auto& date) {
  std::map<int64_t, std::vector<std::string>> lines;
  size_t sessions = 0;
  for (const auto& [at, ids] : buckets) {
    for (const SessionId id : ids) lines[at].push_back(hex(id));
    sessions += ids.size();
  }
  return "Session " + buckets_text(lines, sessions, date);
}

std::string sessions_text(const ServerInfo& info, const auto& date) {
  std::string out;
  if (info.local_session_buckets) out += "Local " + session_buckets_text(*info.local_session_buckets, date);
  if (!info.global_timeouts_ms) {
    return out + (info.local_session_buckets ? "Global " : "") + session_buckets_text(info.session_buckets, date);
  }
  out += fmt::format("Global Sessions({}):\n", info.global_timeouts_ms->size());
  for (const auto& [id, timeout_ms] : *info.global_timeouts_ms) out += fmt::format("{}\t{}ms\n", hex(id), timeout_ms);
  return out;
}

std::string dump_text(const ServerInfo& info) {
  const int64_t to_wall_ms = info.now_wall_ms - info.now_mono_ms;
  const auto date = [&](int64_t mono_ms) { return java_date(mono_ms + to_wall_ms); };
  std::string out = "SessionTracker dump:\n" + sessions_text(info, date);
  out += fmt::format("ephemeral nodes dump:\nSessions with Ephemerals ({}):\n", info.ephemerals.size());
  for (const auto& [session, paths] : info.ephemerals) {
    out += hex(session) + ":\n";
    for (const std::string& path : paths) out += "\t" + path + "\n";
  }
  std::map<int64_t, std::vector<std::string>> connections;
  for (const ConnectionStats& c : info.connections) {
    const int64_t until = c.touched_ms + c.timeout_ms;
    connections[(until / kConnectionBucketMs + 1) * kConnectionBucketMs].push_back(
        fmt::format("ip: /{}:{} sessionId: {}", c.ip, c.port, hex(c.session)));
  }
  return out + "Connections dump:\nConnections " + buckets_text(connections, info.connections.size(), date);
}

std::string monitor_text(const ServerInfo& info) {
  std::string out;
  for (const auto& [key, value] : monitor_lines(info)) out += fmt::format("zk_{}\t{}\n", key, metric_text(value));
  return out;
}

template <class Key, class Value, class PrintKey, class PrintValue>
std::string watch_text(const std::map<Key, std::set<Value>>& watches, PrintKey key, PrintValue value) {
  std::string out;
  for (const auto& [k, values] : watches) {
    out += key(k) + "\n";
    for (const Value& v : values) out += "\t" + value(v) + "\n";
  }
  return out + "\n";
}

std::string same(const std::string& path) { return path; }

}  // namespace

std::string_view four_letter_word(int32_t first_bytes) {
  const auto bits = static_cast<uint32_t>(first_bytes);
  const char text[4] = {static_cast<char>(bits >> 24), static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
                        static_cast<char>(bits)};
  return four_letter_word(std::string_view(text, 4));
}

std::string_view four_letter_word(std::string_view text) {
  const auto it = std::find(kWords.begin(), kWords.end(), text);
  return it == kWords.end() ? std::string_view() : *it;
}

std::optional<int64_t> trace_mask_of(std::string_view args) {
  if (args.size() < 8) return std::nullopt;
  return Reader(as_bytes(args)).i64();
}

bool four_letter_enabled(std::string_view word, const ZooConfig& config) {
  if (word == "srvr" || (word == "isro" && config.read_only_mode_enabled)) return true;
  return std::any_of(config.four_letter_whitelist.begin(), config.four_letter_whitelist.end(),
                     [&](const std::string& listed) { return listed == "*" || listed == word; });
}

InfoNeeds four_letter_needs(std::string_view word) {
  return {word == "cons" || word == "stat" || word == "dump", word == "dump", word == "wchc" || word == "wchp",
          word == "mntr"};
}

std::string four_letter_answer(std::string_view word, const ServerInfo& info) {
  if (!four_letter_enabled(word, *info.config)) {
    return fmt::format("{} is not executed because it is not in the whitelist.\n", word);
  }
  if (word == "ruok") return "imok";
  if (word == "isro") return !info.serving ? "null" : info.read_only ? "ro" : "rw";
  if (word == "gtmk" || word == "stmk") return std::to_string(info.environment->trace_mask);
  if (word == "envi") {
    const ServerEnvironment& env = *info.environment;
    std::string out = fmt::format("Environment:\nzookeeper.version={}, built on {}\nhost.name={}\n", env.version,
                                  env.build, env.host_name);
    for (const auto& [key, value] : env.environment) out += key + "=" + value + "\n";
    return out;
  }
  if (!info.serving) return std::string(word == "hash" ? kNotServing.substr(0, kNotServing.size() - 1) : kNotServing);
  if (word == "srvr" || word == "stat") return server_text(info, word == "stat");
  if (word == "conf") return conf_text(info);
  if (word == "cons") {
    std::string out;
    for (const ConnectionStats& c : info.connections) out += connection_line(c, false);
    return out + "\n";
  }
  if (word == "crst") return "Connection stats reset.\n";
  if (word == "srst") return "Server stats reset.\n";
  if (word == "dirs") {
    return fmt::format("datadir_size: {}\nlogdir_size: {}\n", info.environment->data_dir_bytes,
                       info.environment->log_dir_bytes);
  }
  if (word == "dump") return dump_text(info);
  if (word == "mntr") return monitor_text(info);
  if (word == "hash") {
    std::string out;
    for (const auto& [zxid, digest] : info.digest_log) {
      out += fmt::format("{:x}: {}\n", static_cast<uint64_t>(zxid), static_cast<int64_t>(digest));
    }
    return out;
  }
  if (word == "wchs") {
    return fmt::format("{} connections watching {} paths\nTotal watches:{}\n", info.watch_connections, info.watch_paths,
                       info.watch_count);
  }
  if (word == "wchc") return watch_text(info.watches_by_session, hex, same);
  return watch_text(info.watches_by_path, same, hex);  // wchp
}

}  // namespace kz::zk
