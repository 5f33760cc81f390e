#include "cmd/zk_cli_shell.h"

#include <algorithm>

namespace kz::cmd {
namespace {

constexpr int kNotFoundStatus = 127;
constexpr int kHistoryShown = 10;  // before the current one

struct ShellCommand {
  const char* name;
  const char* usage;
};
constexpr ShellCommand kShellCommands[] = {
    {"connect", "host:port"}, {"history", ""}, {"printwatches", "on|off"}, {"quit", ""}, {"redo", "cmdno"}};

// Name and usage of every command, by name.
std::map<std::string, std::string> usages() {
  std::map<std::string, std::string> all;
  for (const auto& c : kShellCommands) all[c.name] = c.usage;
  for (const auto& c : zk_commands()) all[c.name] = c.usage;
  return all;
}

bool is_shell_command(std::string_view name) {
  return std::any_of(std::begin(kShellCommands), std::end(kShellCommands),
                     [&](const auto& c) { return name == c.name; });
}

}  // namespace

void print_zk_usage(ZkConsole& console) {
  std::string text = "ZooKeeper -server host:port -client-configuration properties-file cmd args";
  for (const auto& [name, usage] : usages()) text += "\n\t" + name + " " + usage;
  console.error(text);
}

void ZkShell::execute_line(const std::string& line) {
  const Words words = split_words(line);
  if (words.empty()) return;
  history_[count_] = line;
  execute(words);
  ++count_;
}

void ZkShell::execute(const Words& words) {
  const Outcome outcome = run(words);
  if (quit_) return;  // with the status of the command before it
  status_ = outcome ? 0 : outcome.error().status;
  if (!outcome) session_.console().error(outcome.error().message);
  session_.console().flush();
}

Outcome ZkShell::run(const Words& words) {
  ZkConsole& console = session_.console();
  const std::string& name = words[0];
  // Commands of 3.5.
  if (name == "rmr" || name == "ls2") {
    const bool rmr = name == "rmr";
    console.error(rmr ? "The command 'rmr' has been deprecated. Please use 'deleteall' instead."
                      : "'ls2' has been deprecated. Please use 'ls [-s] path' instead.");
    Words now = words;
    now[0] = rmr ? "deleteall" : "ls";
    if (!rmr) now.insert(now.begin() + 1, "-s");
    return run(now);
  }
  const ZkCommand* command = find_zk_command(name);
  if (command == nullptr && !is_shell_command(name)) {
    print_zk_usage(console);
    return std::unexpected(CliError{"Command not found: Command not found " + name, kNotFoundStatus});
  }
  if (name == "quit") {
    quit_ = true;
    console.flush();
    session_.close(true);
    return {};
  }
  if (name == "redo" && words.size() > 1) {
    if (Outcome o = redo(words[1]); !o || quit_) return o;
  } else if (name == "history") {
    for (int i = std::max(count_ - kHistoryShown, 0); i <= count_; ++i) {
      const auto it = history_.find(i);
      console.print(std::to_string(i) + " - " + (it == history_.end() ? "null" : it->second) + "\n");
    }
  } else if (name == "printwatches") {
    if (words.size() == 1) {
      console.print(std::string("printwatches is ") + (session_.print_watches() ? "on" : "off") + "\n");
    } else {
      session_.print_watches() = words[1] == "on";
    }
  } else if (name == "connect") {
    const std::string where = words.size() > 1 ? words[1] : session_.server();
    console.flush();
    if (!session_.connect(where)) return cli_error(where + " is no host:port[,host:port...][/chroot]");
  }
  if (!session_.alive()) {
    console.print("Not connected\n");
    return {};
  }
  return command == nullptr ? Outcome() : command->run(session_, words);
}

Outcome ZkShell::redo(const std::string& number) {
  const auto index = parse_java_int(number);
  if (!index) return std::unexpected(index.error());
  if (*index >= count_ || *index < 0) return cli_error("Command index out of range");
  const auto it = history_.find(*index);
  const Words words = split_words(it == history_.end() ? "" : it->second);
  if (words.empty() || words[0] == "redo") return cli_error("No redoing redos");
  history_[count_] = it->second;
  execute(words);
  return {};
}

std::string ZkShell::prompt() {
  return "[zk: " + session_.server() + "(" + session_.state() + ") " + std::to_string(count_) + "] ";
}

// A word that begins with / is a path, any other a command, wherever it stands; as JLineZNodeCompleter.
LineEditor::Completion ZkShell::complete(const std::string& before_cursor) {
  LineEditor::Completion out;
  const size_t blank = before_cursor.rfind(' ');
  out.from = blank == std::string::npos ? 0 : blank + 1;
  const std::string word = before_cursor.substr(out.from);
  if (!word.starts_with('/')) {
    for (const auto& [name, usage] : usages()) {
      if (name.starts_with(word)) out.candidates.push_back(name);
    }
    return out;
  }
  const size_t slash = word.rfind('/');
  const std::string directory = slash == 0 ? "/" : word.substr(0, slash);
  out.from += slash + 1;
  out.space_after = false;
  zk::GetChildren2Response r;
  if (!session_.connected() || session_.children(directory, false, r) != zk::KeeperCode::kOk) return out;
  std::sort(r.children.begin(), r.children.end());
  for (auto& child : r.children) {
    if (child.starts_with(word.substr(slash + 1))) out.candidates.push_back(std::move(child));
  }
  return out;
}

}  // namespace kz::cmd
