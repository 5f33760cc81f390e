// zk-cli's commands on the session and the ensemble. Source: AddAuthCommand, AddWatchCommand, CloseCommand,
// GetAllChildrenNumberCommand, GetConfigCommand, GetEphemeralsCommand, ReconfigCommand, RemoveWatchesCommand,
// SyncCommand, VersionCommand, WhoAmICommand @ release-3.8.0.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "cmd/zk_cli_commands.h"
#include "cmd/zk_cli_text.h"
#include "cmd/zk_snapshot_tree.h"
#include "core/base/properties.h"
#include "core/zk/path.h"
#include "core/zk/quorum_config.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

using zk::KeeperCode;
using zk::OpCode;

// "2b00000001 host:port,host:port": the configuration's version and where clients may connect, in the order in which
// java.util.Properties gives its keys.
std::string client_config(std::string_view text) {
  const auto parsed = parse_properties(text);
  if (!parsed) return " ";
  const auto map = to_map(*parsed);
  const std::vector<std::pair<std::string, std::string>> entries(map.begin(), map.end());
  std::vector<int32_t> hashes;
  for (const auto& [key, value] : entries) hashes.push_back(java_string_hash(key));
  size_t capacity = 16;
  while (entries.size() >= capacity / 4 * 3) capacity *= 2;
  std::string version, out;
  bool first = true;
  for (const size_t i : java_hash_order(hashes, capacity)) {
    const auto& [key, value] = entries[i];
    if (key == "version") version = value;
    if (!key.starts_with("server.")) continue;
    const auto server = zk::parse_server_line(-1, value);
    if (!server) continue;
    if (!std::exchange(first, false)) out += ",";
    if (server->client) out += server->client->host + ":" + std::to_string(server->client->port);
  }
  return version + " " + out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The members that a dynamic configuration file names, one a line.
std::expected<std::string, CliError> members_of(const std::string& file) {
  const auto wrong = [&](const std::string& why) { return cli_error("Error processing " + file + why); };
  const auto text = storage::posix_fs().read_file(file);
  if (!text) return wrong(file + " (No such file or directory)");
  const auto config = zk::parse_quorum_config(*text);
  if (!config) return wrong(config.error());
  // QuorumPeerConfig.parseDynamicConfig, with standaloneEnabled as it is by default.
  const size_t voters = config->voters().size();
  if (voters < 2 && !config->observers().empty())
    return wrong(voters == 0 ? "Observers w/o participants is an invalid configuration"
                             : "Observers w/o quorum is an invalid configuration");
  return config->text();
}

}  // namespace

Outcome zk_add_auth(CliSession& session, const Words& words) {
  const auto a = parse_command(*find_zk_command("addauth"), words, {}, 2);
  if (!a) return std::unexpected(a.error());
  const std::string auth = a->words.size() > 2 ? a->words[2] : "";
  // A refusal ends the session: its event says so, and the command itself has no more to say. Without a connection the
  // credentials go out with the next one.
  if (!session.connected()) {
    session.add_auth_later(a->words[1], auth);
    return {};
  }
  session.code_of([&](client::ZkClient& zk, auto done) { zk.add_auth(a->words[1], auth, done); });
  return {};
}

Outcome zk_add_watch(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"m", true}};
  const ZkCommand& command = *find_zk_command("addWatch");
  const auto a = parse_command(command, words, kOptions, 2);
  if (!a) return std::unexpected(a.error());
  if (a->words.size() != 2) return cli_error(command.usage_line());
  auto mode = zk::AddWatchMode::kPersistentRecursive;
  if (const std::string* text = a->value("m")) {
    const std::string name = lower(*text);
    if (name != "persistent" && name != "persistent_recursive") return cli_error(command.usage_line());
    if (name == "persistent") mode = zk::AddWatchMode::kPersistent;
  }
  const std::string& path = a->words[1];
  if (std::string problem = path_problem(path); !problem.empty())
    return uncaught("java.lang.IllegalArgumentException", problem);
  return outcome_of(session.code_of([&](client::ZkClient& zk, auto done) { zk.add_watch(path, mode, done); }), path);
}

Outcome zk_all_children(CliSession& session, const Words& words) {
  const auto a = parse_command(*find_zk_command("getAllChildrenNumber"), words, {}, 2);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  if (Outcome o = check_path(path); !o) return o;
  zk::GetAllChildrenNumberResponse r;
  const KeeperCode code =
      session.ask(OpCode::kGetAllChildrenNumber, zk::GetAllChildrenNumberRequest{session.full(path)}, r);
  if (code != KeeperCode::kOk) return outcome_of(code, path);
  session.console().print(std::to_string(r.total) + "\n");
  return {};
}

Outcome zk_close(CliSession& session, const Words&) {
  session.console().flush();
  session.close(true);
  return {};
}

Outcome zk_config(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"s"}, {"w"}, {"c"}};
  const auto a = parse_command(*find_zk_command("config"), words, kOptions, 1);
  if (!a) return std::unexpected(a.error());
  const std::string path(zk::kConfigNode);
  const bool watch = a->has("w");
  zk::GetDataResponse r;
  // The node has no chroot in front; a watch on it is told all the same.
  const KeeperCode code = session.ask(
      OpCode::kGetData, zk::PathRequest{path, watch}, r,
      watch ? client::ZkClient::WatchOn{client::ZkSession::WatchKind::kData, path} : client::ZkClient::WatchOn{});
  if (code != KeeperCode::kOk) return outcome_of(code, path);
  const std::string text(r.data ? r.data->text() : "null");
  session.console().print((a->has("c") ? client_config(text) : text) + "\n");
  if (a->has("s")) session.console().print(format_stat(r.stat));
  return {};
}

Outcome zk_ephemerals(CliSession& session, const Words& words) {
  const auto a = parse_command(*find_zk_command("getEphemerals"), words, {}, 0);
  if (!a) return std::unexpected(a.error());
  const std::string prefix = a->words.size() > 1 ? a->words[1] : "/";
  if (Outcome o = check_path(prefix); !o) return o;
  zk::GetEphemeralsResponse r;
  const KeeperCode code = session.ask(OpCode::kGetEphemerals, zk::GetEphemeralsRequest{prefix}, r);
  if (code != KeeperCode::kOk) return outcome_of(code, "null");
  std::string list;
  for (const auto& path : r.items) list += (list.empty() ? "" : ", ") + path;
  session.console().print("[" + list + "]\n");
  return {};
}

Outcome zk_reconfig(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"s"},         {"v", true},     {"file", true}, {"members", true},
                                          {"add", true}, {"remove", true}};
  const ZkCommand& command = *find_zk_command("reconfig");
  const auto a = parse_command(command, words, kOptions, 0);
  if (!a) return std::unexpected(a.error());
  const bool file = a->has("file"), members = a->has("members");
  const bool incremental = a->has("add") || a->has("remove");
  if (!file && !members && !incremental) return cli_error(command.usage_line());
  zk::ReconfigRequest request;
  if (const std::string* text = a->value("v")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), request.cur_config_id, 16);
    if (error != std::errc{} || end != text->data() + text->size())
      return cli_error("-v must be followed by a long (configuration version)");
  }
  if ((file || members) && incremental)
    return cli_error(
        "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is "
        "not allowed)");
  if (file && members) return cli_error("Can't use -file and -members together (conflicting non-incremental modes)");
  if (const std::string* text = a->value("add")) request.joining = lower(*text);
  if (const std::string* text = a->value("remove")) request.leaving = lower(*text);
  if (const std::string* text = a->value("members")) request.new_members = lower(*text);
  if (file) {
    auto text = members_of(*a->value("file"));
    if (!text) return std::unexpected(text.error());
    request.new_members = std::move(*text);
  }
  zk::GetDataResponse r;
  if (const KeeperCode code = session.ask(OpCode::kReconfig, request, r); code != KeeperCode::kOk)
    return outcome_of(code, "");
  session.console().print("Committed new configuration:\n" + std::string(r.data ? r.data->text() : "") + "\n");
  if (a->has("s")) session.console().print(format_stat(r.stat));
  return {};
}

Outcome zk_remove_watches(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"c"}, {"d"}, {"a"}, {"l"}};
  const auto a = parse_command(*find_zk_command("removewatches"), words, kOptions, 2);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  if (Outcome o = check_path(path); !o) return o;
  const auto type = a->has("c")   ? zk::WatcherType::kChildren
                    : a->has("d") ? zk::WatcherType::kData
                                  : zk::WatcherType::kAny;
  return outcome_of(
      session.code_of([&](client::ZkClient& zk, auto done) { zk.remove_watches(path, type, a->has("l"), done); }),
      path);
}

Outcome zk_sync(CliSession& session, const Words& words) {
  const auto a = parse_command(*find_zk_command("sync"), words, {}, 2);
  if (!a) return std::unexpected(a.error());
  if (Outcome o = check_path(a->words[1]); !o) return o;
  const KeeperCode code = session.tell(OpCode::kSync, zk::SyncRequest{session.full(a->words[1])});
  session.console().print(code == KeeperCode::kOk
                              ? "Sync is OK\n"
                              : "Sync has failed. rc=" + std::to_string(static_cast<int>(code)) + "\n");
  return {};
}

Outcome zk_version(CliSession& session, const Words& words) {
  const ZkCommand& command = *find_zk_command("version");
  const auto a = parse_command(command, words, {}, 0);
  if (!a) return std::unexpected(a.error());
  if (a->words.size() > 1) return cli_error(command.usage_line());
  session.console().print("ZooKeeper CLI version: 3.8.0-kz " KZ_VERSION "\n");
  return {};
}

Outcome zk_whoami(CliSession& session, const Words&) {
  const auto r = session.raw(OpCode::kWhoAmI, Slice());
  if (r.code != KeeperCode::kOk) return outcome_of(r.code, "null");
  session.console().print("Auth scheme: User\n");
  if (auto who = zk::jute::decode<zk::WhoAmIResponse>(r.body)) {
    for (const auto& info : who->client_info) session.console().print(info.auth_scheme + ": " + info.user + "\n");
  }
  return {};
}

}  // namespace kz::cmd
