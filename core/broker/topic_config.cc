// The effective configuration of a topic. Source: LogConfig.extractLogConfigMap, LogConfig.fromProps @ 3.4.0.
#include <algorithm>
#include <utility>

#include "core/broker/kafka_config.h"

namespace kz::broker {

namespace {

// The broker's value of every topic key, typed.
std::map<std::string_view, ConfigValue> broker_values(const KafkaConfig& c) {
  return {
      {"cleanup.policy", c.log_cleanup_policy},
      {"compression.type", c.compression_type},
      {"delete.retention.ms", c.log_cleaner_delete_retention_ms},
      {"file.delete.delay.ms", c.log_segment_delete_delay_ms},
      {"flush.messages", c.log_flush_interval_messages},
      {"flush.ms", c.flush_ms},
      {"index.interval.bytes", int64_t{c.log_index_interval_bytes}},
      {"max.compaction.lag.ms", c.log_cleaner_max_compaction_lag_ms},
      {"max.message.bytes", int64_t{c.message_max_bytes}},
      {"message.downconversion.enable", c.log_message_downconversion_enable},
      {"message.format.version", c.log_message_format_version},
      {"message.timestamp.difference.max.ms", c.log_message_timestamp_difference_max_ms},
      {"message.timestamp.type", c.log_message_timestamp_type},
      {"min.cleanable.dirty.ratio", c.log_cleaner_min_cleanable_ratio},
      {"min.compaction.lag.ms", c.log_cleaner_min_compaction_lag_ms},
      {"min.insync.replicas", int64_t{c.min_insync_replicas}},
      {"preallocate", c.log_preallocate},
      {"retention.bytes", c.log_retention_bytes},
      {"retention.ms", c.retention_ms},
      {"segment.bytes", int64_t{c.log_segment_bytes}},
      {"segment.index.bytes", int64_t{c.log_index_size_max_bytes}},
      {"segment.jitter.ms", c.roll_jitter_ms},
      {"segment.ms", c.roll_ms},
      {"unclean.leader.election.enable", c.unclean_leader_election_enable},
  };
}

}  // namespace

LogConfig effective_log_config(const KafkaConfig& broker, const ConfigMap& overrides) {
  std::map<std::string_view, ConfigValue> values = broker_values(broker);
  for (const auto& [name, text] : overrides) {
    const ConfigKey* key = find_topic_key(name);
    if (!key) continue;
    if (auto value = parse_config(*key, text)) values[key->name] = std::move(*value);
  }
  const auto number = [&](std::string_view name) { return std::get<int64_t>(values.at(name)); };
  const auto flag = [&](std::string_view name) { return std::get<bool>(values.at(name)); };
  const auto text = [&](std::string_view name) { return std::get<std::string>(values.at(name)); };
  const auto& policies = std::get<std::vector<std::string>>(values.at("cleanup.policy"));

  LogConfig out;
  out.segment_bytes = number("segment.bytes");
  out.segment_ms = number("segment.ms");
  out.segment_jitter_ms = number("segment.jitter.ms");
  out.segment_index_bytes = number("segment.index.bytes");
  out.flush_messages = number("flush.messages");
  out.flush_ms = number("flush.ms");
  out.retention_bytes = number("retention.bytes");
  out.retention_ms = number("retention.ms");
  out.max_message_bytes = number("max.message.bytes");
  out.index_interval_bytes = number("index.interval.bytes");
  out.file_delete_delay_ms = number("file.delete.delay.ms");
  out.delete_retention_ms = number("delete.retention.ms");
  out.min_compaction_lag_ms = number("min.compaction.lag.ms");
  out.max_compaction_lag_ms = number("max.compaction.lag.ms");
  out.min_cleanable_dirty_ratio = std::get<double>(values.at("min.cleanable.dirty.ratio"));
  out.compact = std::ranges::find(policies, "compact") != policies.end();
  out.del = std::ranges::find(policies, "delete") != policies.end();
  out.unclean_leader_election = flag("unclean.leader.election.enable");
  out.min_insync_replicas = static_cast<int32_t>(number("min.insync.replicas"));
  out.compression_type = text("compression.type");
  out.preallocate = flag("preallocate");
  out.message_timestamp_is_append_time = text("message.timestamp.type") == "LogAppendTime";
  out.message_timestamp_difference_max_ms = number("message.timestamp.difference.max.ms");
  out.message_downconversion = flag("message.downconversion.enable");
  return out;
}

std::string topic_default_from_broker(const KafkaConfig& broker, std::string_view topic_key) {
  const auto values = broker_values(broker);
  if (const auto it = values.find(topic_key); it != values.end()) return config_to_string(it->second);
  const ConfigKey* key = find_topic_key(topic_key);
  return key && key->default_value ? key->default_value : "";
}

}  // namespace kz::broker
