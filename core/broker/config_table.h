// Configuration keys as data, and the typed values they parse to. Source: ConfigDef.java, KafkaConfig.scala @ 3.4.0.
// Constant tables and pure functions.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/properties.h"

namespace kz::broker {

// The numbers are DescribeConfigs' config types (ConfigType in DescribeConfigsResponse.java).
enum class ConfigType : int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
  kClass = 8,
  kPassword = 9,
};
std::string_view config_type_name(ConfigType type);  // "INT"

// How a broker key may change without a restart. kDynamicOnly: never read from server.properties.
enum class ConfigDynamic : uint8_t { kReadOnly, kPerBroker, kClusterWide, kDynamicOnly };

struct Constraint {
  enum class Kind : uint8_t { kNone, kAtLeast, kBetween, kOneOf, kVersion, kThrottledReplicas };
  Kind kind = Kind::kNone;
  int64_t low = 0;
  int64_t high = 0;
  std::string_view choices;  // comma separated
  static constexpr Constraint none() { return {}; }
  static constexpr Constraint at_least(int64_t n) { return {Kind::kAtLeast, n, 0, {}}; }
  static constexpr Constraint between(int64_t a, int64_t b) { return {Kind::kBetween, a, b, {}}; }
  static constexpr Constraint one_of(std::string_view list) { return {Kind::kOneOf, 0, 0, list}; }
  static constexpr Constraint version() { return {Kind::kVersion, 0, 0, {}}; }
  static constexpr Constraint throttled_replicas() { return {Kind::kThrottledReplicas, 0, 0, {}}; }
};

struct ConfigKey {
  std::string_view name;
  ConfigType type;
  const char* default_value;  // nullptr = null
  Constraint constraint;
  ConfigDynamic dynamic;      // broker keys
  std::string_view synonyms;  // topic keys: broker keys in order of priority, comma separated
  bool honoured;              // false: parsed and checked, named at start-up when set, has no effect yet
  std::string_view documentation;
  bool sensitive() const { return type == ConfigType::kPassword; }
};

std::span<const ConfigKey> broker_config_keys();  // sorted by name
std::span<const ConfigKey> topic_config_keys();   // sorted by name
const ConfigKey* find_broker_key(std::string_view name);
const ConfigKey* find_topic_key(std::string_view name);
// A broker key that gives topics their default: "log.segment.bytes" for segment.bytes.
bool topic_default_key(std::string_view broker_key);
// max.connections and max.connection.creation.rate, which each listener may have for itself.
bool listener_limit_key(std::string_view key);
// "listener.name.internal.ssl.keystore.location" -> "ssl.keystore.location"; empty when there is no such prefix.
std::string_view listener_config_base(std::string_view name);

// Why a known key has no effect in this build, for people; empty for honoured ones.
std::string_view no_effect_reason(const ConfigKey& key);

// Keys that releases of the range dropped: ignored with a warning.
struct RemovedConfigKey {
  std::string_view name;
  std::string_view version;  // gone since
  std::string_view instead;  // may be empty
};
std::span<const RemovedConfigKey> removed_config_keys();

using ConfigValue = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<std::string>>;

// Parses and checks. The error is Java's text: "Invalid value x for configuration num.partitions: Not a number of type
// INT".
std::expected<ConfigValue, std::string> parse_config(const ConfigKey& key, std::string_view text);
// What is allowed, for people: "an integer of 32 bits, at least 1".
std::string config_allowed(const ConfigKey& key);
// As Java's ConfigDef.convertToString prints it; empty optional-like "" for null (check has_value before).
std::string config_to_string(const ConfigValue& value);
inline bool is_null(const ConfigValue& value) { return std::holds_alternative<std::monostate>(value); }

// A problem in a configuration, for one line to the user.
struct ConfigProblem {
  std::string file;
  int line = 0;  // 0 = not from a file
  std::string key;
  std::string value;  // "***" for sensitive keys
  std::string message;
  std::string to_string() const;  // FILE:LINE: KEY=VALUE: MESSAGE
};

using ConfigMap = std::map<std::string, std::string>;

// A topic's overrides: unknown keys ("Unknown topic config name: x"), types, ranges, retention and compaction rules of
// LogConfig.validate. The error is the text of Java's InvalidConfigurationException.
std::expected<void, std::string> validate_topic_config(const ConfigMap& overrides);

// KAFKA_LISTENERS=... -> listeners=...: the convention of Kafka's container images. Variables that name no key (or only
// the JVM's start scripts' options) are left out. environment: "NAME=value" strings.
ConfigMap config_from_environment(std::span<const std::string> environment);

}  // namespace kz::broker
