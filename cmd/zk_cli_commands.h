// zk-cli's commands that need a session. Source: cli/*.java, CommandFactory.java @ release-3.8.0.
#pragma once
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/zk_cli_args.h"
#include "cmd/zk_cli_session.h"

namespace kz::cmd {

// What went wrong in a command: its text on stderr, and the exit status.
struct CliError {
  std::string message;
  int status = 1;
  bool uncaught = false;  // Java's shell ends with it, and so does one command from the arguments
};
using Outcome = std::expected<void, CliError>;
using Words = std::vector<std::string>;

inline std::unexpected<CliError> cli_error(std::string message) {
  return std::unexpected(CliError{std::move(message)});
}
// An exception that ends Java's shell: "java.lang.NumberFormatException", its message.
inline std::unexpected<CliError> uncaught(std::string_view exception, std::string_view message) {
  return std::unexpected(
      CliError{"Exception in thread \"main\" " + std::string(exception) + ": " + std::string(message), 1, true});
}

struct ZkCommand {
  const char* name;
  const char* usage;  // after the name
  Outcome (*run)(CliSession& session, const Words& words);
  std::string usage_line() const { return std::string(name) + " " + usage; }
};
// All of them, and the one of a name (null: none).
std::span<const ZkCommand> zk_commands();
const ZkCommand* find_zk_command(std::string_view name);

// ---- what commands share ----

// The options and at least `words` words; else the usage.
std::expected<ZkArgs, CliError> parse_command(const ZkCommand& command, const Words& words,
                                              std::span<const ZkOption> options, size_t words_min,
                                              bool group_required = false);
// As above, and the word behind the path stands for -w, as old releases had it.
std::expected<ZkArgs, CliError> parse_with_old_watch(const ZkCommand& command, Words words,
                                                     std::span<const ZkOption> options, size_t words_min = 2);
// kOk, or the error's text.
Outcome outcome_of(zk::KeeperCode code, const std::string& path);
Outcome check_path(const std::string& path);
// A Java int.
std::expected<int32_t, CliError> parse_java_int(const std::string& text);
// Calls fn(path) for the node and everything below it: all children of a node before any of theirs.
Outcome visit_tree(CliSession& session, const std::string& path, bool watch,
                   const std::function<Outcome(const std::string&)>& fn);

// ---- the commands, by file ----

#define KZ_ZK_COMMAND(name) Outcome zk_##name(CliSession& session, const Words& words)
// zk_cli_nodes.cc
KZ_ZK_COMMAND(create);
KZ_ZK_COMMAND(delete);
KZ_ZK_COMMAND(deleteall);
KZ_ZK_COMMAND(get);
KZ_ZK_COMMAND(get_acl);
KZ_ZK_COMMAND(ls);
KZ_ZK_COMMAND(set);
KZ_ZK_COMMAND(set_acl);
KZ_ZK_COMMAND(stat);
// zk_cli_quota.cc
KZ_ZK_COMMAND(del_quota);
KZ_ZK_COMMAND(list_quota);
KZ_ZK_COMMAND(set_quota);
// zk_cli_session_commands.cc
KZ_ZK_COMMAND(add_auth);
KZ_ZK_COMMAND(add_watch);
KZ_ZK_COMMAND(all_children);
KZ_ZK_COMMAND(close);
KZ_ZK_COMMAND(config);
KZ_ZK_COMMAND(ephemerals);
KZ_ZK_COMMAND(reconfig);
KZ_ZK_COMMAND(remove_watches);
KZ_ZK_COMMAND(sync);
KZ_ZK_COMMAND(version);
KZ_ZK_COMMAND(whoami);
#undef KZ_ZK_COMMAND

}  // namespace kz::cmd
