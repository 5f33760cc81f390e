#include "core/broker/dynamic_config.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace kz::broker {

namespace {

// DynamicBrokerConfig.brokerConfigSynonyms: keys that stand for the same thing, first wins.
std::vector<std::string> synonym_names(std::string_view name) {
  static const std::vector<std::vector<std::string>> kGroups = {
      {"log.roll.ms", "log.roll.hours"},
      {"log.roll.jitter.ms", "log.roll.jitter.hours"},
      {"log.retention.ms", "log.retention.minutes", "log.retention.hours"},
  };
  for (const auto& group : kGroups) {
    if (std::ranges::find(group, name) != group.end()) return group;
  }
  if (name == "log.flush.interval.ms") return {"log.flush.interval.ms", "log.flush.scheduler.interval.ms"};
  const std::string_view base = listener_config_base(name);
  if (!base.empty()) return {std::string(name), std::string(base)};
  return {std::string(name)};
}

const ConfigKey* key_of(std::string_view name) {
  if (const ConfigKey* key = find_broker_key(name)) return key;
  const std::string_view base = listener_config_base(name);
  return base.empty() ? nullptr : find_broker_key(base);
}

// The order of a topic's entries in a 3.4.0 broker's answer (that of Scala's hash map). kafka-topics --describe shows
// them through a Java HashMap, which keeps this order within a bucket.
constexpr std::string_view kTopicEntryOrder[] = {
    "compression.type",
    "leader.replication.throttled.replicas",
    "message.downconversion.enable",
    "min.insync.replicas",
    "segment.jitter.ms",
    "cleanup.policy",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "segment.bytes",
    "retention.ms",
    "flush.messages",
    "message.format.version",
    "max.compaction.lag.ms",
    "file.delete.delay.ms",
    "max.message.bytes",
    "min.compaction.lag.ms",
    "message.timestamp.type",
    "preallocate",
    "min.cleanable.dirty.ratio",
    "index.interval.bytes",
    "unclean.leader.election.enable",
    "retention.bytes",
    "delete.retention.ms",
    "segment.ms",
    "message.timestamp.difference.max.ms",
    "segment.index.bytes",
};

// Kafka keeps it out of its descriptions (ConfigDef.defineInternal).
bool internal_key(std::string_view name) { return name == "producer.id.expiration.check.interval.ms"; }

// broker.id and node.id fill each other (KafkaConfig.populateSynonyms).
void fill_synonyms(ConfigMap& values) {
  if (values.contains("broker.id") && !values.contains("node.id")) values["node.id"] = values["broker.id"];
  if (values.contains("node.id") && !values.contains("broker.id")) values["broker.id"] = values["node.id"];
}

// Keys that each listener may have for itself yet may be set for the whole cluster.
bool cluster_level_listener_key(std::string_view name) {
  return listener_limit_key(name) || name == "num.network.threads";
}

std::string scala_set(const std::set<std::string>& names) {
  std::string out = "Set(";
  for (const std::string& n : names) out += (out.size() == 4 ? "" : ", ") + n;
  return out + ")";
}

}  // namespace

BrokerConfigs::BrokerConfigs(ConfigMap static_values) {
  state_.with([&](State& s) {
    s.static_values = std::move(static_values);
    fill_synonyms(s.static_values);
    // An invalid file never gets here (load_config); what follows it must not take the broker down either.
    auto config = KafkaConfig::from(s.static_values);
    s.current = std::make_shared<const KafkaConfig>(config ? std::move(*config) : *KafkaConfig::from({}));
  });
}

std::shared_ptr<const KafkaConfig> BrokerConfigs::current() const {
  return state_.with([](const State& s) { return s.current; });
}

ConfigMap BrokerConfigs::merged(const State& state) {
  ConfigMap out = state.static_values;
  for (const ConfigMap* layer : {&state.cluster_default, &state.per_broker}) {
    for (const auto& [key, value] : *layer) out[key] = value;
  }
  return out;
}

std::vector<std::string> BrokerConfigs::set_dynamic(bool per_broker, const ConfigMap& properties) {
  std::vector<std::string> refused;
  ConfigMap valid;
  for (const auto& [name, value] : properties) {
    const ConfigKey* key = key_of(name);
    if (!key || key->dynamic == ConfigDynamic::kReadOnly || !parse_config(*key, value)) {
      refused.push_back(name);
    } else {
      valid[name] = value;
    }
  }
  state_.with([&](State& s) {
    (per_broker ? s.per_broker : s.cluster_default) = std::move(valid);
    if (auto config = KafkaConfig::from(merged(s))) s.current = std::make_shared<const KafkaConfig>(std::move(*config));
  });
  return refused;
}

void BrokerConfigs::set_topic(const std::string& topic, ConfigMap overrides) {
  state_.with([&](State& s) {
    if (overrides.empty()) {
      s.topics.erase(topic);
    } else {
      s.topics[topic] = std::move(overrides);
    }
  });
}

ConfigMap BrokerConfigs::topic_overrides(std::string_view topic) const {
  return state_.with([&](const State& s) {
    const auto it = s.topics.find(topic);
    return it == s.topics.end() ? ConfigMap{} : it->second;
  });
}

LogConfig BrokerConfigs::log_config(std::string_view topic) const {
  const auto [config, overrides] = state_.with([&](const State& s) {
    const auto it = s.topics.find(topic);
    return std::pair(s.current, it == s.topics.end() ? ConfigMap{} : it->second);
  });
  return effective_log_config(*config, overrides);
}

std::expected<void, std::string> BrokerConfigs::validate_dynamic(const ConfigMap& properties, bool per_broker) {
  std::set<std::string> fixed, unprefixed_security, broker_only, unknown;
  for (const auto& [name, value] : properties) {
    const ConfigKey* key = key_of(name);
    if (!key) {
      unknown.insert(name);
      continue;
    }
    const bool prefixed = !listener_config_base(name).empty();
    if (key->dynamic == ConfigDynamic::kReadOnly && !prefixed) fixed.insert(name);
    if (key->name.starts_with("ssl.") && key->dynamic == ConfigDynamic::kPerBroker && !prefixed) {
      unprefixed_security.insert(name);
    }
    if (key->dynamic == ConfigDynamic::kPerBroker || (prefixed && !cluster_level_listener_key(key->name))) {
      broker_only.insert(name);
    }
  }
  if (!fixed.empty()) return std::unexpected("Cannot update these configs dynamically: " + scala_set(fixed));
  if (!unprefixed_security.empty()) {
    return std::unexpected(
        "These security configs can be dynamically updated only per-listener using the listener prefix: " +
        scala_set(unprefixed_security));
  }
  for (const auto& [name, value] : properties) {
    const ConfigKey* key = key_of(name);
    if (!key) continue;  // custom keys are kept for plugins
    if (auto parsed = parse_config(*key, value); !parsed) return std::unexpected(std::move(parsed.error()));
  }
  if (!per_broker && !broker_only.empty()) {
    return std::unexpected("Cannot update these configs at default cluster level, broker id must be specified: " +
                           scala_set(broker_only));
  }
  return {};
}

std::optional<int32_t> BrokerConfigs::listener_limit(std::string_view listener, std::string_view key) const {
  std::string name = "listener.name." + std::string(listener) + "." + std::string(key);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return state_.with([&](const State& s) -> std::optional<int32_t> {
    for (const ConfigMap* layer : {&s.per_broker, &s.cluster_default, &s.static_values}) {
      const auto it = layer->find(name);
      if (it == layer->end()) continue;
      if (const auto value = parse_config(*find_broker_key(key), it->second)) {
        return static_cast<int32_t>(std::get<int64_t>(*value));
      }
    }
    return std::nullopt;
  });
}

std::expected<void, std::string> BrokerConfigs::check_thread_counts(const ConfigMap& properties) const {
  const auto config = current();
  const std::pair<const char*, int64_t> counts[] = {
      {"num.io.threads", config->num_io_threads},
      {"num.network.threads", config->num_network_threads},
      {"num.recovery.threads.per.data.dir", config->num_recovery_threads_per_data_dir}};
  for (const auto& [key, now] : counts) {
    const auto given = properties.find(key);
    if (given == properties.end()) continue;
    const auto parsed = parse_config(*find_broker_key(key), given->second);
    if (!parsed) return std::unexpected(parsed.error());
    const int64_t wanted = std::get<int64_t>(*parsed);
    std::string why;
    if (wanted < 1) {
      why = "value should be at least 1";
    } else if (wanted < now / 2) {
      why = "value should be at least half the current value " + std::to_string(now);
    } else if (wanted > now * 2) {
      why = "value should not be greater than double the current value " + std::to_string(now);
    }
    if (!why.empty()) {
      return std::unexpected("Dynamic thread count update validation failed for " + std::string(key) + "=" +
                             given->second + ", " + why);
    }
  }
  return {};
}

std::vector<ConfigSynonym> BrokerConfigs::synonyms_of(const State& state, std::string_view name, bool sensitive) {
  const std::vector<std::string> names = synonym_names(name);
  std::vector<ConfigSynonym> out;
  const auto add = [&](const std::string& key, const std::string& value, ConfigSource source) {
    out.push_back({key, sensitive ? std::nullopt : std::optional(value), source});
  };
  const std::pair<const ConfigMap*, ConfigSource> layers[] = {
      {&state.per_broker, ConfigSource::kDynamicBrokerConfig},
      {&state.cluster_default, ConfigSource::kDynamicDefaultBrokerConfig},
      {&state.static_values, ConfigSource::kStaticBrokerConfig},
  };
  for (const auto& [map, source] : layers) {
    for (const std::string& n : names) {
      if (const auto it = map->find(n); it != map->end()) add(n, it->second, source);
    }
  }
  for (const std::string& n : names) {
    const ConfigKey* key = find_broker_key(n);
    if (key && key->default_value && key->dynamic != ConfigDynamic::kDynamicOnly) {
      add(n, config_to_string(*parse_config(*key, key->default_value)), ConfigSource::kDefaultConfig);
    }
  }
  // Upstream drops what comes before the key itself: with only log.retention.hours given, retention.ms is reported as
  // a default, and topic descriptions rely on it.
  const auto first = std::ranges::find(out, name, &ConfigSynonym::name);
  out.erase(out.begin(), first);
  return out;
}

std::vector<ConfigEntry> BrokerConfigs::describe_topic(std::string_view topic) const {
  return state_.with([&](const State& s) {
    const auto it = s.topics.find(topic);
    const ConfigMap overrides = it == s.topics.end() ? ConfigMap{} : it->second;
    std::vector<ConfigEntry> out;
    for (const std::string_view name : kTopicEntryOrder) {
      const ConfigKey& key = *find_topic_key(name);
      ConfigEntry entry;
      entry.name = key.name;
      entry.type = static_cast<int8_t>(key.type);
      entry.documentation = key.documentation;
      entry.value = topic_default_from_broker(*s.current, key.name);
      const std::string_view broker_key = key.synonyms.substr(0, key.synonyms.find(','));
      if (!broker_key.empty()) entry.synonyms = synonyms_of(s, broker_key, false);
      if (const auto given = overrides.find(entry.name); given != overrides.end()) {
        if (const auto value = parse_config(key, given->second)) {
          entry.value = config_to_string(*value);
          entry.synonyms.insert(entry.synonyms.begin(), {entry.name, entry.value, ConfigSource::kTopicConfig});
        }
      }
      if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
      out.push_back(std::move(entry));
    }
    return out;
  });
}

std::vector<ConfigEntry> BrokerConfigs::describe_broker() const {
  return state_.with([&](const State& s) {
    const ConfigMap values = merged(s);
    std::set<std::string> names;
    for (const ConfigKey& key : broker_config_keys()) {
      if (key.dynamic != ConfigDynamic::kDynamicOnly && !internal_key(key.name)) names.insert(std::string(key.name));
    }
    for (const auto& [name, value] : values) names.insert(name);
    std::vector<ConfigEntry> out;
    for (const std::string& name : names) {
      const ConfigKey* key = find_broker_key(name);
      const ConfigKey* typed = key_of(name);
      ConfigEntry entry;
      entry.name = name;
      entry.sensitive = !typed || typed->sensitive();  // an unknown key may hold a plugin's secret
      entry.read_only = !key || key->dynamic == ConfigDynamic::kReadOnly;
      entry.type = typed ? static_cast<int8_t>(typed->type) : int8_t{0};
      if (key) entry.documentation = key->documentation;
      const auto given = values.find(name);
      if (given != values.end()) {
        const auto parsed = typed ? parse_config(*typed, given->second) : std::unexpected(std::string());
        entry.value = parsed ? config_to_string(*parsed) : given->second;
      } else if (key && key->default_value) {
        entry.value = config_to_string(*parse_config(*key, key->default_value));
      }
      if (entry.sensitive) entry.value.reset();
      entry.synonyms = synonyms_of(s, name, entry.sensitive);
      if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
      out.push_back(std::move(entry));
    }
    return out;
  });
}

std::vector<ConfigEntry> BrokerConfigs::describe_cluster_default() const {
  return state_.with([&](const State& s) {
    std::vector<ConfigEntry> out;
    for (const auto& [name, value] : s.cluster_default) {
      const ConfigKey* key = key_of(name);
      ConfigEntry entry;
      entry.name = name;
      entry.sensitive = !key || key->sensitive();
      entry.type = key ? static_cast<int8_t>(key->type) : int8_t{0};
      entry.read_only = !key || key->dynamic == ConfigDynamic::kReadOnly;
      if (key) entry.documentation = key->documentation;
      if (!entry.sensitive) entry.value = value;
      for (ConfigSynonym& synonym : synonyms_of(s, name, entry.sensitive)) {
        if (synonym.source == ConfigSource::kDynamicDefaultBrokerConfig) entry.synonyms.push_back(std::move(synonym));
      }
      entry.source = ConfigSource::kDynamicDefaultBrokerConfig;
      out.push_back(std::move(entry));
    }
    return out;
  });
}

}  // namespace kz::broker
