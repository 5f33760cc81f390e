// KafkaConfig: a broker's configuration as plain members, one per key of config_keys.h, with what follows from them.
// Source: KafkaConfig.scala @ 3.4.0. A value type; immutable once shared.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/broker/config_keys.h"
#include "core/broker/config_table.h"
#include "core/broker/metadata_image.h"
#include "core/ports_log.h"

namespace kz::broker {

namespace config_member {
using Int = int32_t;
using IntOrNull = std::optional<int32_t>;
using Short = int16_t;
using Long = int64_t;
using LongOrNull = std::optional<int64_t>;
using Double = double;
using Boolean = bool;
using String = std::string;
using StringOrNull = std::optional<std::string>;
using Class = std::string;
using ClassOrNull = std::optional<std::string>;
using PasswordOrNull = std::optional<std::string>;
using List = std::vector<std::string>;
using ListOrNull = std::optional<std::vector<std::string>>;
}  // namespace config_member

// inter.broker.protocol.version as a number that orders: 2.7 -> 207, 3.4 -> 304. 0: not a version.
int32_t parse_protocol_version(std::string_view text);

struct KafkaConfig {
#define X(kind, member, ...) config_member::kind member{};
  KZ_BROKER_CONFIG_TABLE(X)
#undef X

  // Derived.
  int32_t protocol_version = 304;                       // of inter.broker.protocol.version
  std::vector<std::string> data_dirs;                   // log.dirs, else log.dir
  std::vector<Endpoint> bind_endpoints;                 // listeners; host "" = all interfaces
  std::vector<Endpoint> advertised;                     // advertised.listeners, else listeners
  std::string inter_broker_listener;                    // a name of `advertised`
  int64_t retention_ms = 604800000;                     // log.retention.{ms,minutes,hours}; -1 unlimited
  int64_t roll_ms = 604800000;                          // log.roll.{ms,hours}
  int64_t roll_jitter_ms = 0;                           // log.roll.jitter.{ms,hours}
  int64_t flush_ms = INT64_MAX;                         // log.flush.interval.ms, else log.flush.scheduler.interval.ms
  std::map<std::string, int32_t> connection_overrides;  // max.connections.per.ip.overrides, by host name or address
  int32_t zookeeper_connect_timeout_ms = 0;             // zookeeper.connection.timeout.ms, else the session's
  bool uses_topic_ids() const { return protocol_version >= 208; }

  // From explicit properties (file, overrides, dynamic). require_zookeeper: a broker is about to start.
  static std::expected<KafkaConfig, ConfigProblem> from(const ConfigMap& properties);
};

// "PLAINTEXT://host:9092,..." with the map of listener.security.protocol.map. Error: Java's text.
std::expected<std::vector<Endpoint>, std::string> parse_listeners(std::string_view text, std::string_view protocol_map,
                                                                  bool distinct_ports);

// The effective configuration of a topic: the broker's values, then the topic's overrides. Overrides must be valid
// (validate_topic_config); one that is not is left out.
LogConfig effective_log_config(const KafkaConfig& broker, const ConfigMap& overrides);
// The broker's value of a topic key as text, e.g. "retention.ms" from log.retention.hours.
std::string topic_default_from_broker(const KafkaConfig& broker, std::string_view topic_key);

}  // namespace kz::broker
