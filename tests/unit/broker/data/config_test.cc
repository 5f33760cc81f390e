// The configuration table against Kafka's own (tests/golden/kafka_config), parsing and its errors, what follows from
// several keys.
#include <fstream>
#include <sstream>

#include "core/broker/dynamic_config.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

std::vector<std::vector<std::string>> facts(const std::string& name) {
  std::ifstream file(std::string(KZ_SOURCE_DIR) + "/tests/golden/kafka_config/" + name);
  REQUIRE(file.good());
  std::vector<std::vector<std::string>> out;
  for (std::string line; std::getline(file, line);) {
    auto& row = out.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
    row.resize(5);
  }
  return out;
}
std::string compact(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '"'; });
  return text;
}
std::string constraint_text(const ConfigKey& key) {
  const Constraint& c = key.constraint;
  switch (c.kind) {
    case Constraint::Kind::kAtLeast:
      return "atLeast(" + std::to_string(c.low) + ")";
    case Constraint::Kind::kBetween:
      return "between(" + std::to_string(c.low) + "," + std::to_string(c.high) + ")";
    case Constraint::Kind::kOneOf:
      return "in[" + std::string(c.choices) + "]";
    case Constraint::Kind::kVersion:
      return "validMetadataVersion";
    case Constraint::Kind::kThrottledReplicas:
      return "partitionId:brokerIdlistor*";
    case Constraint::Kind::kNone:
      return "";
  }
  return "?";
}
void check_row(const std::vector<std::string>& row, const ConfigKey* key) {
  INFO(row[0]);
  REQUIRE(key != nullptr);
  CHECK(config_type_name(key->type) == row[1]);
  const std::string given = row[2] == "(empty)" ? "" : row[2];
  if (given == "null") {
    CHECK(key->default_value == nullptr);
  } else {
    REQUIRE(key->default_value != nullptr);
    CHECK(std::string(key->default_value) == given);
    // A default parses, and prints as itself.
    const auto value = parse_config(*key, key->default_value);
    REQUIRE(value.has_value());
    if (given != "0.80") CHECK(config_to_string(*value) == given);
  }
  std::string constraint = compact(row[3]);
  if (constraint.starts_with("in(")) constraint = "in[" + constraint.substr(3, constraint.size() - 4) + "]";
  if (constraint == "non-null") constraint = "";
  CHECK(constraint_text(*key) == constraint);
}

TEST_CASE("every broker key of Kafka's table is ours, fact by fact") {
  size_t known = 0;
  for (const auto& row : facts("broker.tsv")) {
    if (row[4].starts_with("removed")) {
      const auto removed = removed_config_keys();
      CHECK(std::ranges::find(removed, row[0], &RemovedConfigKey::name) != removed.end());
      CHECK(find_broker_key(row[0]) == nullptr);
      continue;
    }
    ++known;
    const ConfigKey* key = find_broker_key(row[0]);
    check_row(row, key);
    const ConfigDynamic dynamic = row[4] == "read-only"      ? ConfigDynamic::kReadOnly
                                  : row[4] == "per-broker"   ? ConfigDynamic::kPerBroker
                                  : row[4] == "cluster-wide" ? ConfigDynamic::kClusterWide
                                                             : ConfigDynamic::kDynamicOnly;
    CHECK(key->dynamic == dynamic);
  }
  CHECK(known == broker_config_keys().size());
}

TEST_CASE("every topic key of Kafka's table is ours, with its broker keys") {
  const auto rows = facts("topic.tsv");
  CHECK(rows.size() == topic_config_keys().size());
  for (const auto& row : rows) {
    const ConfigKey* key = find_topic_key(row[0]);
    check_row(row, key);
    CHECK(key->synonyms == (row[4] == "-" ? "" : row[4]));
  }
}

TEST_CASE("bad values are refused in Java's words") {
  const auto error = [](const char* key, const char* value) {
    const auto parsed = parse_config(*find_broker_key(key), value);
    return parsed ? std::string("ok") : parsed.error();
  };
  CHECK(error("num.partitions", "abc") ==
        "Invalid value abc for configuration num.partitions: Not a number of type INT");
  CHECK(error("num.partitions", "2147483648") ==
        "Invalid value 2147483648 for configuration num.partitions: Not a number of type INT");
  CHECK(error("num.partitions", "0") == "Invalid value 0 for configuration num.partitions: Value must be at least 1");
  CHECK(error("num.partitions", "") == "Invalid value  for configuration num.partitions: Not a number of type INT");
  CHECK(error("num.partitions", " +7 ") == "ok");
  CHECK(error("num.partitions", "+-7") != "ok");
  CHECK(error("log.cleaner.min.cleanable.ratio", "1.5") ==
        "Invalid value 1.5 for configuration log.cleaner.min.cleanable.ratio: Value must be no more than 1");
  CHECK(error("log.preallocate", "yes") ==
        "Invalid value yes for configuration log.preallocate: Expected value to be either true or false");
  CHECK(error("log.preallocate", "TRUE") == "ok");
  CHECK(error("compression.type", "brotli") ==
        "Invalid value brotli for configuration compression.type: String must be one of: uncompressed, zstd, lz4, "
        "snappy, gzip, producer");
  CHECK(error("log.cleanup.policy", "compact, delete") == "ok");
  CHECK(error("log.cleanup.policy", "compact,drop") ==
        "Invalid value compact,drop for configuration log.cleanup.policy: String must be one of: compact, delete");
  CHECK(error("inter.broker.protocol.version", "4.0") ==
        "Invalid value 4.0 for configuration inter.broker.protocol.version: Version `4.0` is not a valid version");
  CHECK(error("ssl.key.password", "secret") == "ok");
}

TEST_CASE("versions order across their spellings") {
  CHECK(parse_protocol_version("2.7") == 207);
  CHECK(parse_protocol_version("2.7-IV2") == 207);
  CHECK(parse_protocol_version("2.7.1") == 207);
  CHECK(parse_protocol_version("3.4-IV0") == 304);
  CHECK(parse_protocol_version("0.11.0") > 0);
  CHECK(parse_protocol_version("0.11.0") < parse_protocol_version("1.0"));
  for (const char* bad : {"", "3", "3.5", "0.7.0", "2.x", "2.7-", "2.7-IVx", "2.7.1.0", "-2.7", "2..7"}) {
    CAPTURE(bad);
    CHECK(parse_protocol_version(bad) == 0);
  }
}

TEST_CASE("doubles print as Java prints them") {
  CHECK(config_to_string(0.5) == "0.5");
  CHECK(config_to_string(1.0) == "1.0");
  CHECK(config_to_string(1.7976931348623157e308) == "1.7976931348623157E308");
  CHECK(config_to_string(1e7) == "1.0E7");
  CHECK(config_to_string(0.0001) == "1.0E-4");
  CHECK(config_to_string(123456.75) == "123456.75");
}

ServerProperties file(const std::string& text) {
  ServerProperties out;
  const auto parsed = parse_properties("zookeeper.connect=localhost:2181\n" + text);
  REQUIRE(parsed.has_value());
  out.add("server.properties", *parsed);
  return out;
}

TEST_CASE("a problem names file, line, key, value and what is allowed") {
  const auto loaded = load_config(file("broker.id=1\nnum.partitions=many\n"));
  REQUIRE_FALSE(loaded.has_value());
  CHECK(
      loaded.error().to_string() ==
      "server.properties:3: num.partitions=many: Invalid value many for configuration num.partitions: Not a number of "
      "type INT (allowed: an integer of 32 bits, at least 1)");
  const auto secret = load_config(file("ssl.key.password=hunter2\nbroker.id=x\n"));
  REQUIRE_FALSE(secret.has_value());
  CHECK(secret.error().to_string().find("hunter2") == std::string::npos);
}

TEST_CASE("keys that contradict each other are refused") {
  const auto problem = [](const char* text) {
    const auto loaded = load_config(file(text));
    return loaded ? std::string() : loaded.error().to_string();
  };
  CHECK(problem("broker.id=1001\n") ==
        "server.properties:2: broker.id=1001: broker.id must be greater than or equal to -1 and not greater than "
        "reserved.broker.max.id");
  CHECK(problem("broker.id=1\nnode.id=2\n").find("You must set `node.id` to the same value") != std::string::npos);
  CHECK(problem("log.retention.ms=0\n").find("log.retention.ms must be unlimited (-1)") != std::string::npos);
  CHECK(problem("listeners=PLAINTEXT//x\n").find("Unable to parse PLAINTEXT//x to a broker endpoint") !=
        std::string::npos);
  CHECK(problem("listeners=PLAINTEXT://:9092,INTERNAL://:9093\n")
            .find("No security protocol defined for listener INTERNAL") != std::string::npos);
  CHECK(problem("listeners=PLAINTEXT://:9092,PLAINTEXT://:9093\n").find("must have a different name") !=
        std::string::npos);
  CHECK(problem("listeners=PLAINTEXT://0.0.0.0:9092\n").find("nonroutable meta-address") != std::string::npos);
  CHECK(problem("listeners=PLAINTEXT://0.0.0.0:9092\nadvertised.listeners=PLAINTEXT://h:1\n").empty());
  CHECK(
      problem("advertised.listeners=OTHER://h:1\nlistener.security.protocol.map=OTHER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n")
          .find("must be equal to or a subset") != std::string::npos);
  CHECK(problem("listeners=SSL://:9093\nsecurity.inter.broker.protocol=SSL\n").find("not served yet") !=
        std::string::npos);
  CHECK(problem("process.roles=broker\n").find("KRaft mode is not served") != std::string::npos);
  CHECK(problem("inter.broker.listener.name=NOPE\n").find("must be a listener name defined in advertised.listeners") !=
        std::string::npos);
  ServerProperties none;
  none.add("server.properties", std::vector<Property>{{"broker.id", "1", 1}});
  const auto missing = load_config(none);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().to_string() ==
        "server.properties: Missing required configuration `zookeeper.connect` which has no default value.");
}

TEST_CASE("unknown, removed and idle keys warn and do not stop the broker") {
  const auto loaded =
      load_config(file("hostname=x\nhost.name=y\nsasl.enabled.mechanisms=PLAIN\nnum.replica.fetchers=2\n"));
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->warnings.size() == 4);
  CHECK(loaded->warnings[0].find("host.name (server.properties:3) was removed in Kafka 3.0") != std::string::npos);
  CHECK(loaded->warnings[0].find("use listeners") != std::string::npos);
  CHECK(loaded->warnings[1] == "hostname (server.properties:2) is not a known key and is ignored");
  CHECK(loaded->warnings[2] == "No effect, TLS and SASL are not served yet: sasl.enabled.mechanisms");
  CHECK(loaded->warnings[3] == "No effect, brokers do not replicate to each other yet: num.replica.fetchers");
}

TEST_CASE("every key without effect has a reason of its own kind") {
  for (const ConfigKey& key : broker_config_keys()) {
    INFO(key.name);
    CHECK(no_effect_reason(key).empty() == key.honoured);
    CHECK(no_effect_reason(key) != "it belongs to what is not served here");
  }
}

TEST_CASE("limits of connections: overrides per address, listeners of their own, dynamic thread counts") {
  const auto loaded =
      load_config(file("max.connections.per.ip=0\nmax.connections.per.ip.overrides=127.0.0.1:5, ::1:6\n"
                       "listener.name.plaintext.max.connections=7\n"));
  REQUIRE(loaded.has_value());
  CHECK(loaded->config.connection_overrides == std::map<std::string, int32_t>{{"127.0.0.1", 5}, {"::1", 6}});
  CHECK(loaded->warnings.empty());
  CHECK(load_config(file("max.connections.per.ip.overrides=127.0.0.1\n")).error().to_string().find("host:count") !=
        std::string::npos);

  BrokerConfigs configs(
      {{"broker.id", "1"}, {"zookeeper.connect", "z"}, {"listener.name.plaintext.max.connections", "7"}});
  CHECK(configs.listener_limit("PLAINTEXT", "max.connections") == 7);
  CHECK(configs.listener_limit("PLAINTEXT", "max.connection.creation.rate") == std::nullopt);
  configs.set_dynamic(true, {{"listener.name.plaintext.max.connections", "8"}, {"max.connections", "9"}});
  CHECK(configs.listener_limit("PLAINTEXT", "max.connections") == 8);
  CHECK(configs.current()->max_connections == 9);

  CHECK(configs.check_thread_counts({{"num.network.threads", "6"}}).has_value());
  CHECK(configs.check_thread_counts({{"num.network.threads", "7"}}).error() ==
        "Dynamic thread count update validation failed for num.network.threads=7, value should not be greater than "
        "double the current value 3");
  CHECK(configs.check_thread_counts({{"num.io.threads", "3"}}).error() ==
        "Dynamic thread count update validation failed for num.io.threads=3, value should be at least half the current "
        "value 8");
}

TEST_CASE("listeners, directories and times derive as Kafka derives them") {
  const auto loaded = load_config(
      file("listeners=PLAINTEXT://10.0.0.1:9092,internal://[::1]:0\n"
           "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT\n"
           "advertised.listeners=PLAINTEXT://h:9092\nlog.dirs=/a, /b\nlog.retention.hours=1\nlog.retention.minutes=5\n"
           "log.roll.hours=2\n"));
  REQUIRE(loaded.has_value());
  const KafkaConfig& c = loaded->config;
  REQUIRE(c.bind_endpoints.size() == 2);
  CHECK(c.bind_endpoints[1].listener == "INTERNAL");
  CHECK(c.bind_endpoints[1].host == "::1");
  CHECK(c.bind_endpoints[1].port == 0);
  CHECK(c.advertised.size() == 1);
  CHECK(c.inter_broker_listener == "PLAINTEXT");
  CHECK(c.data_dirs == std::vector<std::string>{"/a", "/b"});
  CHECK(c.retention_ms == 5 * 60 * 1000);  // minutes beat hours
  CHECK(c.roll_ms == 2 * 3600 * 1000);
  CHECK(load_config(file("log.retention.hours=-1\n"))->config.retention_ms == -1);
  CHECK(load_config(file("node.id=4\n"))->config.broker_id == 4);
}

TEST_CASE("container variables name keys; the start scripts' own do not") {
  const std::vector<std::string> environment = {
      "PATH=/bin",
      "KAFKA_LISTENERS=PLAINTEXT://:9092",
      "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://139.196.169.148:7091",
      "KAFKA_BROKER_ID=1",
      "KAFKA_ZOOKEEPER_CONNECT=li-zookeeper:2181",
      "KAFKA_ZOOKEEPER_CLIENTCNXNSOCKET=x",
      "KAFKA_MAP_USERNAME=admin",
      "KAFKA_HEAP_OPTS=-Xmx1g",
      "KAFKA_OPTS=-Dx=y",
  };
  const ConfigMap found = config_from_environment(environment);
  CHECK(found == ConfigMap{{"advertised.listeners", "PLAINTEXT://139.196.169.148:7091"},
                           {"broker.id", "1"},
                           {"listeners", "PLAINTEXT://:9092"},
                           {"zookeeper.clientCnxnSocket", "x"},
                           {"zookeeper.connect", "li-zookeeper:2181"}});
}

TEST_CASE("topic overrides: names, types, ranges, relations") {
  CHECK(validate_topic_config({{"retention.ms", "-1"}, {"cleanup.policy", "compact,delete"}}).has_value());
  CHECK(validate_topic_config({{"foo", "1"}}).error() == "Unknown topic config name: foo");
  CHECK(validate_topic_config({{"retention.ms", "x"}}).error() ==
        "Invalid value x for configuration retention.ms: Not a number of type LONG");
  CHECK(validate_topic_config({{"segment.bytes", "13"}}).error() ==
        "Invalid value 13 for configuration segment.bytes: Value must be at least 14");
  CHECK(validate_topic_config({{"min.compaction.lag.ms", "10"}, {"max.compaction.lag.ms", "5"}}).error() ==
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)");
  CHECK(validate_topic_config({{"leader.replication.throttled.replicas", "0:1,1:2"}}).has_value());
  CHECK_FALSE(validate_topic_config({{"leader.replication.throttled.replicas", "0-1"}}).has_value());
}

TEST_CASE("a topic's effective configuration: broker's values, then its own") {
  BrokerConfigs configs({{"zookeeper.connect", "z"}, {"log.segment.bytes", "2000"}, {"log.retention.hours", "2"}});
  configs.set_topic("t", {{"segment.bytes", "3000"}, {"cleanup.policy", "compact"}, {"min.insync.replicas", "2"}});
  const LogConfig own = configs.log_config("t");
  CHECK(own.segment_bytes == 3000);
  CHECK(own.compact);
  CHECK_FALSE(own.del);
  CHECK(own.min_insync_replicas == 2);
  CHECK(own.retention_ms == 7200000);
  const LogConfig other = configs.log_config("other");
  CHECK(other.segment_bytes == 2000);
  CHECK(other.del);
  CHECK(configs.set_dynamic(false, {{"log.segment.bytes", "5000"}, {"broker.id", "9"}, {"log.segment.bytes.x", "1"}}) ==
        std::vector<std::string>{"broker.id", "log.segment.bytes.x"});
  CHECK(configs.log_config("other").segment_bytes == 5000);
  CHECK(configs.set_dynamic(true, {{"log.segment.bytes", "6000"}}).empty());
  CHECK(configs.log_config("other").segment_bytes == 6000);
  CHECK(configs.set_dynamic(true, {}).empty());
  CHECK(configs.log_config("other").segment_bytes == 5000);
  configs.set_topic("t", {});
  CHECK(configs.log_config("t").segment_bytes == 5000);
}

TEST_CASE("broker keys that are topics' defaults") {
  CHECK(topic_default_key("log.segment.bytes"));
  CHECK(topic_default_key("log.retention.minutes"));
  CHECK(topic_default_key("min.insync.replicas"));
  CHECK_FALSE(topic_default_key("num.network.threads"));
  CHECK_FALSE(topic_default_key("log.retention"));
}

TEST_CASE("what may change at run time, and where") {
  const auto why = [](const ConfigMap& m, bool per_broker) {
    const auto r = BrokerConfigs::validate_dynamic(m, per_broker);
    return r ? std::string() : r.error();
  };
  CHECK(why({{"log.retention.ms", "5"}}, false).empty());
  CHECK(why({{"broker.id", "5"}}, true) == "Cannot update these configs dynamically: Set(broker.id)");
  CHECK(why({{"listeners", "PLAINTEXT://:1"}}, false) ==
        "Cannot update these configs at default cluster level, broker id must be specified: Set(listeners)");
  CHECK(why({{"ssl.keystore.location", "/x"}}, true) ==
        "These security configs can be dynamically updated only per-listener using the listener prefix: "
        "Set(ssl.keystore.location)");
  CHECK(why({{"listener.name.internal.ssl.keystore.location", "/x"}}, true).empty());
  CHECK(why({{"log.retention.ms", "x"}}, true) ==
        "Invalid value x for configuration log.retention.ms: Not a number of type LONG");
  CHECK(why({{"leader.replication.throttled.rate", "100"}}, false).empty());
}

}  // namespace
}  // namespace kz::broker::test
