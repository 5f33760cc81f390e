// Help text. Source of the two-column layout: joptsimple 5.0.4 BuiltinHelpFormatter(80, 2).
#include "cmd/help.h"

#include <algorithm>
#include <vector>

namespace kz::cmd {
namespace {

// The first line may be `width` wide; the ones after it are indented by two.
std::vector<std::string> wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  size_t pos = 0;
  while (pos < text.size()) {
    if (text[pos] == '\n') {
      lines.push_back(std::move(line));
      line.clear();
      ++pos;
      continue;
    }
    const size_t end = std::min(text.find_first_of(" \n", pos), text.size());
    std::string_view word = text.substr(pos, end - pos);
    if (!line.empty() && line.size() + 1 + word.size() > width - (lines.empty() ? 0 : 2)) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    pos = end;
    if (pos < text.size() && text[pos] == ' ') ++pos;
  }
  if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string left_column(const Option& option) {
  std::string text = "--" + std::string(option.name);
  if (option.short_name != 0) text = std::string("-") + option.short_name + ", " + text;
  if (option.kind == ArgKind::kFlag) return text;
  const std::string metavar = option.metavar[0] != '\0' ? option.metavar : "String";
  return text + (option.kind == ArgKind::kOptional ? " [" + metavar + "]" : " <" + metavar + ">");
}

std::string right_column(const Option& option) {
  std::string text = option.deprecated ? "DEPRECATED, use " + std::string(option.deprecated) + ": " : std::string();
  if (option.required) text = "REQUIRED: ";
  text += option.help;
  if (option.default_value[0] != '\0') text += " (default: " + std::string(option.default_value) + ")";
  return text;
}

std::vector<const Option*> sorted_options(const Command& command) {
  std::vector<const Option*> all;
  for (const Option& o : command.options) all.push_back(&o);
  std::sort(all.begin(), all.end(),
            [](const Option* a, const Option* b) { return std::string_view(a->name) < b->name; });
  return all;
}

}  // namespace

std::string option_columns(const Command& command) {
  static constexpr Option kHelp{.name = "help", .help = "Print usage information."};
  static constexpr Option kVersion{.name = "version", .help = "Display version."};
  std::vector<const Option*> all = sorted_options(command);
  if (command.grammar != Grammar::kRaw) {
    all.push_back(&kHelp);
    all.push_back(&kVersion);
    std::sort(all.begin(), all.end(),
              [](const Option* a, const Option* b) { return std::string_view(a->name) < b->name; });
  }
  if (all.empty()) return "";
  size_t left = 6;
  for (const Option* o : all) left = std::max(left, left_column(*o).size());
  left = std::min<size_t>(left, 39);
  const size_t right = 78 - left;
  std::string out =
      "Option" + std::string(left - 6 + 2, ' ') + "Description" + std::string(right > 11 ? right - 11 : 0, ' ') + "\n";
  out +=
      "------" + std::string(left - 6 + 2, ' ') + "-----------" + std::string(right > 11 ? right - 11 : 0, ' ') + "\n";
  for (const Option* o : all) {
    const auto l = wrap(left_column(*o), left);
    const auto r = wrap(right_column(*o), right);
    for (size_t i = 0; i < std::max(l.size(), r.size()); ++i) {
      std::string row = i < l.size() ? (i == 0 ? l[i] : "  " + l[i]) : "";
      row.resize(std::max(left, row.size()), ' ');
      row += "  " + (i < r.size() ? (i == 0 ? r[i] : "  " + r[i]) : "");
      while (!row.empty() && row.back() == ' ') row.pop_back();
      out += row + "\n";
    }
  }
  return out;
}

std::string command_help(const Command& command) {
  std::string out = "kz " + std::string(command.name) + " - " + command.summary + "\n\nUsage: kz " + command.name +
                    " " + command.synopsis + "\n";
  if (command.description[0] != '\0') out += "\n" + std::string(command.description) + "\n";
  if (const std::string columns = option_columns(command); !columns.empty()) out += "\n" + columns;
  if (!command.aliases.empty()) {
    out += "\nAlso called as:";
    for (const char* alias : command.aliases) out += " " + std::string(alias);
    out += "\n";
  }
  return out;
}

std::string overview() {
  std::string out =
      "kz - ZooKeeper and Kafka, servers and tools, in one binary\n\nUsage: kz COMMAND [OPTION]...\n       kz help "
      "COMMAND\n\nCommands:\n";
  size_t width = 0;
  for (const Command* c : commands()) width = std::max(width, std::string_view(c->name).size());
  for (const Command* c : commands()) {
    std::string name = c->name;
    name.resize(width, ' ');
    out += "  " + name + "  " + c->summary + "\n";
  }
  out +=
      "\nEach command also answers to the original's script name (kafka-topics.sh, zkServer.sh, ...) when kz is linked "
      "under it.\n";
  return out;
}

}  // namespace kz::cmd
