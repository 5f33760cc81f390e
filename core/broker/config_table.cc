#include "core/broker/config_table.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/broker/config_keys.h"
#include "core/broker/kafka_config.h"

namespace kz::broker {

namespace {

// The kinds of config_keys.h as types; "OrNull" is the default nullptr.
constexpr ConfigType kIntType = ConfigType::kInt, kLongType = ConfigType::kLong, kShortType = ConfigType::kShort,
                     kDoubleType = ConfigType::kDouble, kBooleanType = ConfigType::kBoolean,
                     kStringType = ConfigType::kString, kListType = ConfigType::kList, kClassType = ConfigType::kClass,
                     kPasswordType = ConfigType::kPassword, kIntOrNullType = kIntType, kLongOrNullType = kLongType,
                     kStringOrNullType = kStringType, kListOrNullType = kListType, kClassOrNullType = kClassType,
                     kPasswordOrNullType = kPasswordType;

constexpr ConfigKey kBrokerKeys[] = {
#define X(kind, member, name, default_value, constraint, dynamic, honoured, documentation) \
  {name, k##kind##Type, default_value, constraint, ConfigDynamic::dynamic, "", honoured, documentation},
    KZ_BROKER_CONFIG_TABLE(X)
#undef X
};

constexpr ConfigKey kTopicKeys[] = {
#define X(kind, member, name, default_value, constraint, synonyms, honoured, documentation) \
  {name, k##kind##Type, default_value, constraint, ConfigDynamic::kClusterWide, synonyms, honoured, documentation},
    KZ_TOPIC_CONFIG_TABLE(X)
#undef X
};

constexpr RemovedConfigKey kRemovedKeys[] = {
#define X(name, version, instead) {name, version, instead},
    KZ_REMOVED_CONFIG_TABLE(X)
#undef X
};

const ConfigKey* find(std::span<const ConfigKey> keys, std::string_view name) {
  const auto it = std::ranges::find(keys, name, &ConfigKey::name);
  return it == keys.end() ? nullptr : &*it;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::span<const ConfigKey> broker_config_keys() { return kBrokerKeys; }
std::span<const ConfigKey> topic_config_keys() { return kTopicKeys; }
std::span<const RemovedConfigKey> removed_config_keys() { return kRemovedKeys; }
const ConfigKey* find_broker_key(std::string_view name) { return find(kBrokerKeys, name); }
const ConfigKey* find_topic_key(std::string_view name) { return find(kTopicKeys, name); }

bool topic_default_key(std::string_view broker_key) {
  for (const ConfigKey& key : kTopicKeys) {
    for (std::string_view rest = key.synonyms; !rest.empty();) {
      const size_t comma = rest.find(',');
      if (rest.substr(0, comma) == broker_key) return true;
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
  }
  return false;
}

std::string_view listener_config_base(std::string_view name) {
  constexpr std::string_view kPrefix = "listener.name.";
  if (!name.starts_with(kPrefix)) return {};
  const size_t dot = name.find('.', kPrefix.size());
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

std::expected<void, std::string> validate_topic_config(const ConfigMap& overrides) {
  for (const auto& [name, text] : overrides) {
    if (!find_topic_key(name)) return std::unexpected("Unknown topic config name: " + name);
  }
  int64_t min_lag = 0;
  int64_t max_lag = INT64_MAX;
  for (const auto& [name, text] : overrides) {
    auto value = parse_config(*find_topic_key(name), text);
    if (!value) return std::unexpected(std::move(value.error()));
    if (name == "min.compaction.lag.ms") min_lag = std::get<int64_t>(*value);
    if (name == "max.compaction.lag.ms") max_lag = std::get<int64_t>(*value);
  }
  if (min_lag > max_lag) {
    return std::unexpected("conflict topic config setting min.compaction.lag.ms (" + std::to_string(min_lag) +
                           ") > max.compaction.lag.ms (" + std::to_string(max_lag) + ")");
  }
  return {};
}

ConfigMap config_from_environment(std::span<const std::string> environment) {
  constexpr std::string_view kPrefix = "KAFKA_";
  ConfigMap out;
  for (const std::string& variable : environment) {
    const size_t equals = variable.find('=');
    if (!variable.starts_with(kPrefix) || equals == std::string::npos) continue;
    std::string name = lower(std::string_view(variable).substr(kPrefix.size(), equals - kPrefix.size()));
    std::ranges::replace(name, '_', '.');
    if (name.starts_with("cfg.")) name.erase(0, 4);
    const auto same = [&](std::string_view key) { return lower(key) == name; };
    std::string_view key;
    for (const ConfigKey& k : kBrokerKeys) {
      if (same(k.name)) key = k.name;
    }
    for (const RemovedConfigKey& k : kRemovedKeys) {
      if (same(k.name)) key = k.name;
    }
    if (key.empty() && find_broker_key(listener_config_base(name))) key = name;
    if (!key.empty()) out[std::string(key)] = variable.substr(equals + 1);
  }
  return out;
}

}  // namespace kz::broker
