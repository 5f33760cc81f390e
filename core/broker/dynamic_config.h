// BrokerConfigs: where a configuration value comes from: server.properties, the dynamic values of this broker and of
// the cluster, topic overrides, defaults. Source: DynamicBrokerConfig.scala, ConfigHelper.scala @ 3.4.0; KIP-226.
#pragma once
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/guarded.h"
#include "core/broker/kafka_config.h"

namespace kz::broker {

// DescribeConfigsResponse.java ConfigSource.
enum class ConfigSource : int8_t {
  kTopicConfig = 1,
  kDynamicBrokerConfig = 2,
  kDynamicDefaultBrokerConfig = 3,
  kStaticBrokerConfig = 4,
  kDefaultConfig = 5,
  kDynamicBrokerLoggerConfig = 6,
};

// A server.properties with what was given over it (--override, the environment), before any of it is used.
struct ServerProperties {
  ConfigMap values;
  // Where each key came from, for messages: file and line; line 0 and file "--override" or "environment".
  std::map<std::string, std::pair<std::string, int>> origin;
  // Adds assignments; later ones win.
  void add(const std::string& file, const std::vector<Property>& properties);
  void add(const std::string& origin_name, const ConfigMap& properties);
};

// The result of reading a broker's configuration.
struct LoadedConfig {
  KafkaConfig config;
  std::vector<std::string> warnings;  // one line each: unknown, removed, not honoured yet
};
// Parses all, checks all. Error: file, line, key, value and what is allowed. zookeeper.connect is required.
std::expected<LoadedConfig, ConfigProblem> load_config(const ServerProperties& properties);

struct ConfigSynonym {
  std::string name;
  std::optional<std::string> value;  // null for sensitive ones
  ConfigSource source = ConfigSource::kDefaultConfig;
};
// One line of DescribeConfigs.
struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;
  ConfigSource source = ConfigSource::kDefaultConfig;
  bool read_only = false;
  bool sensitive = false;
  std::vector<ConfigSynonym> synonyms;
  int8_t type = 0;  // ConfigType; 0 = unknown key
  std::string documentation;
};

// Thread-safe.
class BrokerConfigs {
 public:
  // static_values: server.properties as loaded (valid).
  explicit BrokerConfigs(ConfigMap static_values);

  std::shared_ptr<const KafkaConfig> current() const;

  // The stored properties of /config/brokers/<id> and <default>, and of /config/topics/<topic>. Values that do not
  // parse are left out (an older or newer broker may have written them); returns their names.
  std::vector<std::string> set_dynamic(bool per_broker, const ConfigMap& properties);
  void set_topic(const std::string& topic, ConfigMap overrides);

  ConfigMap topic_overrides(std::string_view topic) const;
  LogConfig log_config(std::string_view topic) const;

  // What an alteration of broker keys would be refused for (DynamicBrokerConfig.validateConfigs). Error: Java's text.
  static std::expected<void, std::string> validate_dynamic(const ConfigMap& properties, bool per_broker);

  // max.connections or max.connection.creation.rate of one listener, where it has one of its own.
  std::optional<int32_t> listener_limit(std::string_view listener, std::string_view key) const;
  // Thread counts change by at most a factor of two (DynamicThreadPool.validateReconfiguration). Error: Java's text.
  std::expected<void, std::string> check_thread_counts(const ConfigMap& properties) const;

  std::vector<ConfigEntry> describe_topic(std::string_view topic) const;
  std::vector<ConfigEntry> describe_broker() const;
  std::vector<ConfigEntry> describe_cluster_default() const;

 private:
  struct State {
    ConfigMap static_values;
    ConfigMap per_broker;
    ConfigMap cluster_default;
    std::map<std::string, ConfigMap, std::less<>> topics;
    std::shared_ptr<const KafkaConfig> current;
  };
  static ConfigMap merged(const State& state);
  static std::vector<ConfigSynonym> synonyms_of(const State& state, std::string_view name, bool sensitive);

  Guarded<State> state_;
};

}  // namespace kz::broker
