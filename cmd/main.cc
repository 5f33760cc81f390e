// kz: one executable for every command. The command is chosen by argv[0] (kafka-topics.sh), else by argv[1] (kz
// topics).
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "cmd/command_line.h"
#include "cmd/config_toml.h"
#include "cmd/help.h"
#include "cmd/logging.h"

namespace {

using namespace kz::cmd;

// The release whose tools' behaviour is the default; scripts read it from --version.
constexpr const char* kKafkaRelease = "3.4.0";

std::string base_name(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// The path by which the program was called, without following links: a home directory is found through it.
std::string called_path(const std::string& argv0) {
  if (argv0.find('/') != std::string::npos) return argv0;
  const char* path = std::getenv("PATH");
  std::string rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string candidate = rest.substr(0, colon) + "/" + argv0;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return argv0;
}

int print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    std::perror("kz: cannot write to standard output");
    return 1;
  }
  return 0;
}

int unknown_command(const std::string& name) {
  std::fprintf(stderr, "kz: unknown command '%s'\n", name.c_str());
  std::vector<std::string> names{"help"};
  for (const Command* c : commands()) names.emplace_back(c->name);
  const std::string near = nearest(name, names);
  hint(near.empty() ? "`kz help` lists the commands" : "did you mean `kz " + near + "`?");
  return 1;
}

int help(const std::vector<std::string>& args) {
  if (args.empty()) return print(overview());
  if (args[0] == "--bash") return print(bash_completion());
  if (args[0] == "--zsh") return print(zsh_completion());
  if (args[0] == "--fish") return print(fish_completion());
  if (args[0] == "--names") {
    std::string names;
    for (const Command* c : commands()) {
      names += c->name;
      for (const char* alias : c->aliases) names += " " + std::string(alias);
      names += "\n";
    }
    return print(names);
  }
  const bool man = args[0] == "--man";
  if (man && args.size() == 1) return print(man_overview());
  const Command* command = find_command(args[man ? 1 : 0]);
  if (command == nullptr) return unknown_command(args[man ? 1 : 0]);
  return print(man ? man_page(*command) : command_help(*command));
}

int run(Invocation& invocation) {
  const Command& command = *invocation.command;
  const auto configured = configured_defaults(command);
  if (!configured) {
    std::fprintf(stderr, "kz: %s\n", configured.error().c_str());
    return 1;
  }
  const ParseOutcome outcome = parse_command_line(command, invocation.args, *configured);
  if (!outcome.errors.empty()) return report_usage_error(command, outcome.errors[0]);
  if (outcome.help) return print(command_help(command));
  if (outcome.version) return print(std::string(kKafkaRelease) + " (kz " KZ_VERSION ")\n");
  const int status = command.run(invocation, outcome.parsed);
  stop_logging();
  return status;
}

int dispatch(int argc, char** argv) {
  Invocation invocation;
  invocation.called_path = called_path(argv[0]);
  invocation.called_as = base_name(argv[0]);
  std::vector<std::string> args(argv + 1, argv + argc);
  invocation.command = find_command(invocation.called_as);
  if (invocation.command == nullptr) {
    if (args.empty()) {
      std::fputs(overview().c_str(), stderr);
      return 1;
    }
    const std::string name = args[0];
    args.erase(args.begin());
    if (name == "help" || name == "--help" || name == "-h") return help(args);
    if (name == "--version" || name == "version") return print("kz " KZ_VERSION " (ZooKeeper 3.8, Kafka 3.4)\n");
    invocation.command = find_command(name);
    if (invocation.command == nullptr) return unknown_command(name);
    invocation.called_as = name;
  }
  invocation.args = std::move(args);
  return run(invocation);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "kz: %s\n", e.what());
    return 1;
  }
}
