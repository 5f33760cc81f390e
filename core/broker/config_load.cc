// Reading a broker's configuration at start: one table for the file, --override and the environment; the first problem
// is named with its place, what has no effect is named once.
#include <utility>

#include "core/broker/dynamic_config.h"

namespace kz::broker {

namespace {

ConfigProblem located(ConfigProblem problem, const ServerProperties& properties) {
  if (const auto it = properties.origin.find(problem.key); it != properties.origin.end()) {
    problem.file = it->second.first;
    problem.line = it->second.second;
    return problem;
  }
  // A key that is missing, or no key at all: the file is where to look.
  for (const auto& [key, origin] : properties.origin) {
    if (problem.file.empty() || origin.second > 0) problem.file = origin.first;
  }
  return problem;
}

std::string place(const ServerProperties& properties, const std::string& key) {
  const auto it = properties.origin.find(key);
  if (it == properties.origin.end()) return "";
  return " (" + it->second.first + (it->second.second > 0 ? ":" + std::to_string(it->second.second) : "") + ")";
}

std::vector<std::string> warnings_of(const ServerProperties& properties) {
  std::vector<std::string> out;
  std::map<std::string_view, std::string> without_effect;  // by reason
  for (const auto& [name, value] : properties.values) {
    const std::string_view base = listener_config_base(name);
    const ConfigKey* key = find_broker_key(base.empty() ? std::string_view(name) : base);
    if (key && key->dynamic != ConfigDynamic::kDynamicOnly) {
      std::string_view why = no_effect_reason(*key);
      if (!base.empty() && why.empty() && !listener_limit_key(base)) why = "it cannot be set for one listener here";
      if (!why.empty()) {
        std::string& names = without_effect[why];
        names += (names.empty() ? "" : ", ") + name;
      }
      continue;
    }
    if (key) {
      out.push_back(name + place(properties, name) + " is read from dynamic configuration only and is ignored here");
      continue;
    }
    const RemovedConfigKey* removed = nullptr;
    for (const RemovedConfigKey& r : removed_config_keys()) {
      if (r.name == name) removed = &r;
    }
    if (removed) {
      std::string line =
          name + place(properties, name) + " was removed in Kafka " + std::string(removed->version) + " and is ignored";
      if (!removed->instead.empty()) line += "; use " + std::string(removed->instead);
      out.push_back(std::move(line));
    } else {
      out.push_back(name + place(properties, name) + " is not a known key and is ignored");
    }
  }
  for (const auto& [why, names] : without_effect) out.push_back("No effect, " + std::string(why) + ": " + names);
  return out;
}

}  // namespace

void ServerProperties::add(const std::string& file, const std::vector<Property>& properties) {
  for (const Property& p : properties) {
    values[p.key] = p.value;
    origin[p.key] = {file, p.line};
  }
}

void ServerProperties::add(const std::string& origin_name, const ConfigMap& properties) {
  for (const auto& [key, value] : properties) {
    values[key] = value;
    origin[key] = {origin_name, 0};
  }
}

std::expected<LoadedConfig, ConfigProblem> load_config(const ServerProperties& properties) {
  const auto refuse = [&](const std::string& key, std::string message) {
    const auto given = properties.values.find(key);
    return std::unexpected(
        located({"", 0, key, given == properties.values.end() ? "" : given->second, std::move(message)}, properties));
  };
  if (const auto roles = properties.values.find("process.roles");
      roles != properties.values.end() && !roles->second.empty()) {
    return refuse("process.roles", "KRaft mode is not served; remove the key to run with ZooKeeper");
  }
  auto config = KafkaConfig::from(properties.values);
  if (!config) return std::unexpected(located(std::move(config.error()), properties));
  if (!config->zookeeper_connect || config->zookeeper_connect->empty()) {
    ConfigProblem problem;
    problem.message = "Missing required configuration `zookeeper.connect` which has no default value.";
    return std::unexpected(located(std::move(problem), properties));
  }
  for (const auto& [name, value] : properties.values) {
    const std::string_view base = listener_config_base(name);
    if (!listener_limit_key(base)) continue;
    if (auto parsed = parse_config(*find_broker_key(base), value); !parsed) return refuse(name, parsed.error());
  }
  for (const Endpoint& e : config->bind_endpoints) {
    if (e.security_protocol != "PLAINTEXT") {
      return refuse("listeners", "listener " + e.listener + " needs " + e.security_protocol +
                                     ", which is not served yet (allowed: PLAINTEXT)");
    }
  }
  return LoadedConfig{std::move(*config), warnings_of(properties)};
}

}  // namespace kz::broker
