#include "cmd/zk_script_env.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>

#include "storage/fs.h"

extern char** environ;

namespace kz::cmd {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

void add(Variables& variables, std::string_view entry) {
  const size_t eq = entry.find('=');
  if (eq != std::string_view::npos) variables[std::string(entry.substr(0, eq))] = entry.substr(eq + 1);
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// `. file`, with every variable that it sets.
void source(Variables& variables, const std::string& file) {
  if (!storage::posix_fs().exists(file)) return;
  std::string assignments;
  for (const auto& [name, value] : variables) {
    if (name.starts_with("ZOO") || name.ends_with("JVMFLAGS")) assignments += name + "=" + quoted(value) + " ";
  }
  const std::string script = assignments + "/bin/sh -c " + quoted("set -a; . " + quoted(file) + "; env -0");
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(script.c_str(), "re"), &::pclose);
  if (!pipe) return;
  std::string all;
  std::array<char, 4096> block;
  while (const size_t n = std::fread(block.data(), 1, block.size(), pipe.get())) all.append(block.data(), n);
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\0', at), all.size());
    add(variables, std::string_view(all).substr(at, end - at));
    at = end + 1;
  }
}

std::string absolute_directory(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  // `cd dir; pwd` keeps links in the way down; realpath of "." alone is what a relative path needs.
  if (path.starts_with('/')) return path;
  if (::realpath(".", resolved.data()) == nullptr) return path;
  return path == "." ? resolved.data() : std::string(resolved.data()) + "/" + path;
}

std::string trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(" \t\r") - from + 1));
}

// The directory of the name by which the program was called, or of the first link target on the way to the program,
// that has a home around it.
std::string bin_directory(const std::string& called_path) {
  std::string path = called_path;
  const std::string first = absolute_directory(storage::parent_directory(path));
  for (int hops = 0; hops < 16; ++hops) {
    const std::string dir = absolute_directory(storage::parent_directory(path));
    if (storage::posix_fs().exists(dir + "/../conf")) return dir;
    std::array<char, PATH_MAX> target{};
    const ssize_t n = ::readlink(path.c_str(), target.data(), target.size() - 1);
    if (n <= 0) break;
    const std::string next(target.data(), static_cast<size_t>(n));
    path = next.starts_with('/') ? next : dir + "/" + next;
  }
  return first;
}

}  // namespace

std::string ZkScriptEnv::variable(std::string_view name) const {
  const auto it = variables.find(name);
  return it == variables.end() ? "" : it->second;
}

ZkScriptEnv zk_script_env(const Invocation& invocation) {
  ZkScriptEnv env;
  for (char** entry = environ; *entry != nullptr; ++entry) add(env.variables, *entry);
  env.args = invocation.args;
  env.config_dir = env.variable("ZOOCFGDIR");
  if (env.args.size() > 1 && env.args[0] == "--config") {
    env.config_dir = env.args[1];
    env.args.erase(env.args.begin(), env.args.begin() + 2);
  }
  env.bin_dir = bin_directory(invocation.called_path);
  const std::string prefix = env.bin_dir + "/..";
  if (env.config_dir.empty()) {
    const bool home = storage::posix_fs().exists(prefix + "/conf");
    env.config_dir = prefix + (home ? "/conf" : "/etc/zookeeper");
  }
  source(env.variables, env.config_dir + "/zookeeper-env.sh");
  const std::string name = env.variable("ZOOCFG");
  env.config_file = env.config_dir + "/" + (name.empty() ? "zoo.cfg" : name);
  source(env.variables, env.config_dir + "/java.env");
  env.log_dir = env.variable("ZOO_LOG_DIR");
  if (env.log_dir.empty()) env.log_dir = prefix + "/logs";

  const std::string file = env.args.size() > 1 ? env.args[1] : "";
  if (!file.empty()) env.config_file = env.config_dir + "/" + file;
  // A path, not a name in the configuration directory.
  if (storage::parent_directory(env.config_file) != env.config_dir && !file.empty()) env.config_file = file;

  std::array<char, HOST_NAME_MAX + 1> host{};
  ::gethostname(host.data(), host.size() - 1);
  env.out_file = env.log_dir + "/zookeeper-" + env.variable("USER") + "-server-" + host.data() + ".out";
  env.jvm_flags = trimmed(env.variable("SERVER_JVMFLAGS") + " " + env.variable("JVMFLAGS"));
  return env;
}

std::optional<std::string> grep_config(std::string_view text, std::string_view key) {
  std::optional<std::string> found;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    if (!line.empty() && std::isalpha(static_cast<unsigned char>(line[0])) != 0) continue;
    const size_t eq = line.rfind('=');
    if (eq != std::string_view::npos) found = trimmed(line.substr(eq + 1));
  }
  return found;
}

}  // namespace kz::cmd
