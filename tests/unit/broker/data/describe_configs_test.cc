// DescribeConfigs: where described values come from, against a recording of a real 3.4.0 broker.
#include <fstream>

#include "core/broker/dynamic_config.h"
#include "core/kafka/message/describe_configs.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

using kafka::DescribeConfigsRequest;
using kafka::DescribeConfigsResponse;

const auto* entry(const DescribeConfigsResponse& response, std::string_view name) {
  const auto& configs = response.results.at(0).configs;
  const auto it = std::ranges::find(configs, name, &DescribeConfigsResponse::DescribeConfigsResourceResult::name);
  return it == configs.end() ? nullptr : &*it;
}
DescribeConfigsRequest describe(int8_t type, const std::string& name) {
  DescribeConfigsRequest request;
  DescribeConfigsRequest::DescribeConfigsResource resource;
  resource.resource_type = type;
  resource.resource_name = name;
  resource.configuration_keys.reset();
  request.resources.push_back(resource);
  request.include_synonyms = true;
  return request;
}

// One entry as tests/tools/record_describe_configs.py writes it.
std::string recorded(const DescribeConfigsResponse::DescribeConfigsResourceResult& c) {
  const auto text = [](const std::optional<std::string>& v) { return v ? *v : std::string("\\N"); };
  std::string synonyms;
  for (const auto& s : c.synonyms) {
    synonyms += (synonyms.empty() ? "" : " ") + s.name + "=" + text(s.value) + "@" + std::to_string(s.source);
  }
  return c.name + "\t" + text(c.value) + "\t" + (c.read_only ? "1" : "0") + "\t" + std::to_string(c.config_source) +
         "\t" + (c.is_sensitive ? "1" : "0") + "\t" + synonyms;
}
std::vector<std::string> lines(const std::string& name) {
  std::ifstream in(std::string(KZ_SOURCE_DIR) + "/tests/golden/kafka_config/" + name);
  REQUIRE(in.good());
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST_CASE("topic and broker are described as a real 3.4.0 broker with the same settings describes them") {
  BrokerConfigs configs(ConfigMap{{"broker.id", "0"},
                                  {"listeners", "PLAINTEXT://127.0.0.1:9092"},
                                  {"zookeeper.connect", "z"},
                                  {"log.dirs", "/data"},
                                  {"log.segment.bytes", "1073741824"},
                                  {"log.retention.hours", "100"},
                                  {"num.network.threads", "3"},
                                  {"offsets.topic.replication.factor", "1"},
                                  {"ssl.key.password", "secret"}});
  FakeStore store;
  DataFixture f;
  Broker real(configs, store, 0, "c");
  register_data_handlers(real);
  real.set_topic_overrides(
      "described", {{"retention.ms", "100000"}, {"max.message.bytes", "64000"}, {"cleanup.policy", "compact,delete"}});
  MetadataUpdate update;
  update.topics.push_back({"described", {1, 1}, {{0, PartitionInfo{0, 0, 0, 0, {0}, {0}, {}}}}});
  real.apply_metadata(update);
  const auto answers = [&](int8_t type, const std::string& name) {
    auto answer = std::make_shared<Answer>();
    IncomingRequest request;
    request.connection = std::make_shared<ConnectionInfo>();
    request.frame = kafka::encode_request<DescribeConfigsRequest>(4, 42, "c", describe(type, name));
    request.reactor = &f.reactor;
    request.reply = std::make_shared<TestReply>(answer);
    real.on_request(std::move(request));
    std::vector<std::string> out;
    const auto response = DataFixture::decode<DescribeConfigsResponse>(*answer, 4);
    for (const auto& c : response.results.at(0).configs) {
      if (c.name == "listeners" || c.name == "zookeeper.connect" || c.name == "log.dirs") continue;
      out.push_back(recorded(c));
    }
    return out;
  };
  CHECK(answers(2, "described") == lines("describe_topic.tsv"));  // the order too
  auto expected = lines("describe_broker.tsv");
  auto got = answers(4, "0");
  std::ranges::sort(expected);
  std::ranges::sort(got);
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == expected[i]);
}

TEST_CASE("describing a topic: own, static and default values, as kafka-topics --describe filters them") {
  DataFixture f(ConfigMap{{"log.segment.bytes", "1073741824"}, {"log.retention.hours", "100"}});
  f.make_topic("t", 1);
  f.broker->set_topic_overrides("t", {{"max.message.bytes", "64000"}});
  const auto response = f.call<DescribeConfigsResponse>(describe(2, "t"), 4);
  CHECK(response.results[0].configs.size() == topic_config_keys().size());
  // --describe prints what is not a default: the override, and the file's value although it equals Kafka's default.
  std::vector<std::string> shown;
  for (const auto& c : response.results[0].configs) {
    if (c.config_source != 5) shown.push_back(c.name + "=" + c.value.value_or("null"));
  }
  CHECK(shown == std::vector<std::string>{"segment.bytes=1073741824", "max.message.bytes=64000"});
  const auto* own = entry(response, "max.message.bytes");
  REQUIRE(own->synonyms.size() == 2);
  CHECK(own->synonyms[0].source == 1);
  CHECK(own->synonyms[1].name == "message.max.bytes");
  CHECK(own->synonyms[1].source == 5);
  CHECK(own->config_type == 3);
  CHECK_FALSE(own->read_only);
  // Only log.retention.hours is given: upstream drops it as a synonym, and calls the value a default.
  const auto* retention = entry(response, "retention.ms");
  CHECK(retention->value == "360000000");
  CHECK(retention->config_source == 5);
  CHECK(retention->synonyms.empty());
  CHECK_FALSE(retention->documentation.has_value());
  DescribeConfigsRequest documented = describe(2, "t");
  documented.include_documentation = true;
  CHECK(entry(f.call<DescribeConfigsResponse>(documented, 3), "retention.ms")->documentation.has_value());
  // Version 0 says is_default instead of a source.
  const auto v0 = f.call<DescribeConfigsResponse>(describe(2, "t"), 0);
  CHECK(entry(v0, "retention.ms")->is_default);
  CHECK_FALSE(entry(v0, "max.message.bytes")->is_default);
}

TEST_CASE("describing a broker: read-only, sensitive and dynamic values") {
  DataFixture f(ConfigMap{{"ssl.key.password", "secret"}, {"plugin.token", "secret"}});
  f.broker->set_dynamic_broker_config(false, {{"log.retention.ms", "9000"}});
  f.broker->set_dynamic_broker_config(true, {{"log.retention.ms", "7000"}});
  const auto response = f.call<DescribeConfigsResponse>(describe(4, "7"), 4);
  CHECK(entry(response, "broker.id")->value == "7");
  CHECK(entry(response, "broker.id")->read_only);
  CHECK(entry(response, "broker.id")->config_source == 4);
  CHECK(entry(response, "num.partitions")->config_source == 5);
  const auto* password = entry(response, "ssl.key.password");
  CHECK(password->is_sensitive);
  CHECK_FALSE(password->value.has_value());
  CHECK_FALSE(password->synonyms.at(0).value.has_value());
  CHECK(entry(response, "plugin.token")->is_sensitive);
  const auto* retention = entry(response, "log.retention.ms");
  CHECK(retention->value == "7000");
  CHECK(retention->config_source == 2);
  CHECK_FALSE(retention->read_only);
  // dynamic of this broker, dynamic default; then hours' default
  REQUIRE(retention->synonyms.size() == 3);
  CHECK(retention->synonyms[1].source == 3);
  CHECK(retention->synonyms[2].name == "log.retention.hours");
  CHECK_FALSE(entry(response, "log.dirs")->value.has_value());
  const auto defaults = f.call<DescribeConfigsResponse>(describe(4, ""), 4);
  REQUIRE(defaults.results[0].configs.size() == 1);
  CHECK(defaults.results[0].configs[0].value == "9000");
}

TEST_CASE("describing what is not there") {
  DataFixture f;
  using kafka::ErrorCode;
  const auto refused = [&](int8_t type, const std::string& name) {
    const auto r = f.call<DescribeConfigsResponse>(describe(type, name), 4).results.at(0);
    return std::pair(r.error_code, r.error_message.value_or("null"));
  };
  CHECK(refused(2, "nope") == std::pair(ErrorCode::kUnknownTopicOrPartition, std::string("null")));
  CHECK(refused(2, "a b").first == ErrorCode::kInvalidTopicException);
  CHECK(refused(4, "9") == std::pair(ErrorCode::kInvalidRequest,
                                     std::string("Unexpected broker id, expected 7 or empty string, but received 9")));
  CHECK(refused(4, "x") ==
        std::pair(ErrorCode::kInvalidRequest, std::string("Broker id must be an integer, but it is: x")));
  CHECK(refused(1, "").second == "Unsupported resource type: 1");
}

TEST_CASE("asked keys only; an empty list means all") {
  DataFixture f;
  f.make_topic("t", 1);
  DescribeConfigsRequest request = describe(2, "t");
  request.resources[0].configuration_keys = std::vector<std::string>{"retention.ms", "no.such"};
  CHECK(f.call<DescribeConfigsResponse>(request, 4).results[0].configs.size() == 1);
  request.resources[0].configuration_keys = std::vector<std::string>{};
  CHECK(f.call<DescribeConfigsResponse>(request, 4).results[0].configs.size() == topic_config_keys().size());
}

}  // namespace
}  // namespace kz::broker::test
