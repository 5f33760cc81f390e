// kz zk-cli: one command, or commands from standard input, against ZooKeeper. Source: ZooKeeperMain.java, cli/*.java @
// release-3.8.0.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command.h"
#include "core/zk/proto.h"

namespace kz::cmd {

extern const Command kZkCliCommand;

// Words of a line; ' and " group.
std::vector<std::string> split_words(std::string_view line);

// What a command's options say: flags given, options with values, other words.
struct ZkArgs {
  std::string flags;
  std::vector<std::pair<char, std::string>> values;
  std::vector<std::string> words;  // the command's name first
  bool has(char flag) const { return flags.find(flag) != std::string::npos; }
  const std::string* value(char option) const;
};
// flags: letters without a value; valued: letters with one. The error is commons-cli's text.
std::expected<ZkArgs, std::string> parse_zk_args(const std::vector<std::string>& args, std::string_view flags,
                                                 std::string_view valued);

// "scheme:id:perms,..."; complaints about parts that are none go to `complaints`.
std::vector<zk::Acl> parse_acl(std::string_view text, std::vector<std::string>& complaints);
std::string perm_letters(int32_t perms);
// The eleven lines of a stat.
std::string format_stat(const zk::Stat& stat);
// As CliWrapperException says it: "Node does not exist: /p".
std::string zk_error_text(zk::KeeperCode code, const std::string& path);
// Why a path is none, in Java's words; empty when it is one.
std::string path_problem(std::string_view path);

}  // namespace kz::cmd
