#include "cmd/zk_cli_commands.h"

#include <algorithm>
#include <charconv>

#include "cmd/zk_cli_text.h"

namespace kz::cmd {
namespace {

// By name: also the order of the usage text.
constexpr ZkCommand kCommands[] = {
    {"addWatch",
     "[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE",
     zk_add_watch},
    {"addauth", "scheme auth", zk_add_auth},
    {"close", "", zk_close},
    {"config", "[-c] [-w] [-s]", zk_config},
    {"create", "[-s] [-e] [-c] [-t ttl] path [data] [acl]", zk_create},
    {"delete", "[-v version] path", zk_delete},
    {"deleteall", "path [-b batch size]", zk_deleteall},
    {"delquota", "[-n|-b|-N|-B] path", zk_del_quota},
    {"get", "[-s] [-w] path", zk_get},
    {"getAcl", "[-s] path", zk_get_acl},
    {"getAllChildrenNumber", "path", zk_all_children},
    {"getEphemerals", "path", zk_ephemerals},
    {"listquota", "path", zk_list_quota},
    {"ls", "[-s] [-w] [-R] path", zk_ls},
    {"reconfig",
     "[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | "
     "[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]",
     zk_reconfig},
    {"removewatches", "path [-c|-d|-a] [-l]", zk_remove_watches},
    {"set", "[-s] [-v version] path data", zk_set},
    {"setAcl", "[-s] [-v version] [-R] path acl", zk_set_acl},
    {"setquota", "-n|-b|-N|-B val path", zk_set_quota},
    {"stat", "[-w] path", zk_stat},
    {"sync", "path", zk_sync},
    {"version", "", zk_version},
    {"whoami", "", zk_whoami},
};

Outcome visit_below(CliSession& session, const std::string& path, bool watch,
                    const std::function<Outcome(const std::string&)>& fn) {
  zk::GetChildren2Response r;
  const zk::KeeperCode code = session.children(path, watch, r);
  if (code == zk::KeeperCode::kNoNode) return {};  // gone since it was listed
  if (code != zk::KeeperCode::kOk) return outcome_of(code, path);
  std::sort(r.children.begin(), r.children.end());
  const std::string prefix = path == "/" ? path : path + "/";
  for (const auto& name : r.children) {
    if (Outcome o = fn(prefix + name); !o) return o;
  }
  for (const auto& name : r.children) {
    if (Outcome o = visit_below(session, prefix + name, watch, fn); !o) return o;
  }
  return {};
}

}  // namespace

std::span<const ZkCommand> zk_commands() { return kCommands; }

const ZkCommand* find_zk_command(std::string_view name) {
  const auto it =
      std::find_if(std::begin(kCommands), std::end(kCommands), [&](const auto& c) { return name == c.name; });
  return it == std::end(kCommands) ? nullptr : it;
}

std::expected<ZkArgs, CliError> parse_command(const ZkCommand& command, const Words& words,
                                              std::span<const ZkOption> options, size_t words_min,
                                              bool group_required) {
  auto args = parse_zk_args(words, options, group_required);
  if (!args) return cli_error(args.error());
  if (args->words.size() < words_min) return cli_error(command.usage_line());
  return std::move(*args);
}

std::expected<ZkArgs, CliError> parse_with_old_watch(const ZkCommand& command, Words words,
                                                     std::span<const ZkOption> options, size_t words_min) {
  auto args = parse_command(command, words, options, words_min);
  if (!args || args->words.size() <= 2) return args;
  // As Java's: the third word as it was typed, be it an option.
  words[2] = "-w";
  std::fprintf(stderr, "'%s path [watch]' has been deprecated. Please use '%s %s' instead.\n", command.name,
               command.name, command.name == std::string_view("ls") ? "[-w] path" : command.usage);
  return parse_command(command, words, options, words_min);
}

Outcome outcome_of(zk::KeeperCode code, const std::string& path) {
  if (code == zk::KeeperCode::kOk) return {};
  return cli_error(zk_error_text(code, path));
}

Outcome check_path(const std::string& path) {
  std::string problem = path_problem(path);
  if (problem.empty()) return {};
  return cli_error(std::move(problem));
}

std::expected<int32_t, CliError> parse_java_int(const std::string& text) {
  int32_t value = 0;
  const char* first = text.c_str() + (text.size() > 1 && text[0] == '+' && text[1] != '-' ? 1 : 0);
  const auto [end, error] = std::from_chars(first, text.c_str() + text.size(), value);
  if (error != std::errc{} || *end != '\0' || text.empty())
    return uncaught("java.lang.NumberFormatException", "For input string: \"" + text + "\"");
  return value;
}

Outcome visit_tree(CliSession& session, const std::string& path, bool watch,
                   const std::function<Outcome(const std::string&)>& fn) {
  if (Outcome o = check_path(path); !o) return o;
  zk::GetDataResponse top;
  if (Outcome o = outcome_of(session.get(path, watch, top), path); !o) return o;
  if (Outcome o = fn(path); !o) return o;
  return visit_below(session, path, watch, fn);
}

}  // namespace kz::cmd
