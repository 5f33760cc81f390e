#include "cmd/config_toml.h"

#include <unistd.h>

#include <cstdlib>
#include <set>
#include <string_view>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace kz::cmd {
namespace {

constexpr std::string_view kContextKeys[] = {"bootstrap-server", "zookeeper", "command-config"};

std::string config_path() {
  if (const char* named = std::getenv("KZ_CONFIG"); named != nullptr && *named != '\0') return named;
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg != nullptr && *xdg != '\0')
    return std::string(xdg) + "/kz/kz.toml";
  const char* home = std::getenv("HOME");
  return home != nullptr ? std::string(home) + "/.config/kz/kz.toml" : std::string();
}

std::string at(const std::string& path, const toml::node& node) {
  return path + ":" + std::to_string(node.source().begin.line) + ": ";
}

std::string text_of(const toml::node& node) {
  if (auto s = node.value<std::string>()) return *s;
  if (auto i = node.value<int64_t>()) return std::to_string(*i);
  if (auto b = node.value<bool>()) return *b ? "true" : "false";
  return "";
}

bool has_option(const Command& command, std::string_view name) {
  for (const Option& o : command.options) {
    if (name == o.name) return true;
  }
  return false;
}

}  // namespace

std::expected<std::map<std::string, std::string>, std::string> configured_defaults(const Command& command) {
  std::map<std::string, std::string> out;
  const bool dev = std::string_view(command.name) == "dev";
  if (!dev && !has_option(command, "bootstrap-server") && !has_option(command, "zookeeper")) return out;
  const std::string path = config_path();
  if (path.empty() || access(path.c_str(), F_OK) != 0) {
    if (std::getenv("KZ_CONFIG") != nullptr && !path.empty())
      return std::unexpected("KZ_CONFIG names " + path + ", which is not there");
    return out;
  }
  toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    return std::unexpected(path + ":" + std::to_string(parsed.error().source().begin.line) + ": " +
                           std::string(parsed.error().description()));
  }
  const toml::table& root = parsed.table();
  if (dev) {
    if (const toml::table* table = root["dev"].as_table()) {
      for (const auto& [key, node] : *table) {
        const std::string name(key.str());
        if (!has_option(command, name))
          return std::unexpected(at(path, node) + "[dev] has no option '" + name + "'; `kz help dev` lists them");
        out[name] = text_of(node);
      }
    }
    return out;
  }
  const char* chosen = std::getenv("KZ_CONTEXT");
  const std::string context = chosen != nullptr && *chosen != '\0' ? chosen : root["context"].value_or(std::string());
  if (context.empty()) return out;
  const toml::table* table = root["contexts"][context].as_table();
  if (table == nullptr) return std::unexpected(path + ": there is no [contexts." + context + "]");
  for (const auto& [key, node] : *table) {
    const std::string name(key.str());
    bool known = false;
    for (std::string_view k : kContextKeys) known = known || name == k;
    if (!known)
      return std::unexpected(at(path, node) + "'" + name + "' is none of bootstrap-server, zookeeper, command-config");
    if (has_option(command, name)) out[name] = text_of(node);
  }
  return out;
}

}  // namespace kz::cmd
