// The arguments of zk-cli's commands: words of a line, and options anywhere between them, as commons-cli takes them.
// Source: DefaultParser @ commons-cli 1.5.0, ZooKeeperMain.MyCommandOptions @ release-3.8.0. Pure.
#pragma once
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kz::cmd {

// Words of a line; ' and " group. A quote that does not end is dropped.
std::vector<std::string> split_words(std::string_view line);

struct ZkOption {
  const char* name;  // without dashes: "s", "members"
  bool takes_value = false;
  const char* description = "";
  bool group = false;          // at most one of these may be given
  const char* long_name = "";  // may be cut short; with one dash or two
  bool required = false;
};

// What a command was given: options, values, and the other words, the command's name first.
struct ZkArgs {
  std::vector<std::pair<std::string, std::string>> options;  // in the order given
  std::vector<std::string> words;
  bool has(std::string_view name) const { return value(name) != nullptr; }
  const std::string* value(std::string_view name) const;  // of the first one; null when not given
};
// group_required: one of the options marked so must be there. The error is the exception's text, class first.
std::expected<ZkArgs, std::string> parse_zk_args(const std::vector<std::string>& args,
                                                 std::span<const ZkOption> options, bool group_required = false);

}  // namespace kz::cmd
