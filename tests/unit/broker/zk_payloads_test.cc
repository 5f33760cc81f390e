// The znodes' JSON against the examples of Kafka 3.4.0's ZkData and of nodes that Apache brokers wrote.
#include <doctest/doctest.h>

#include "core/broker/zk/paths.h"
#include "core/broker/zk/payloads.h"

using namespace kz;
using namespace kz::broker;

TEST_CASE("broker registration of an Apache 3.4 broker") {
  const auto node = decode_broker(
      3, R"({"features":{},"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT","INTERNAL":"SASL_SSL"},)"
         R"("endpoints":["PLAINTEXT://kafka-1.example.org:9092","INTERNAL://[fe80::1]:9093"],"rack":"r1",)"
         R"("jmx_port":9999,"port":9092,"host":"kafka-1.example.org","version":5,"timestamp":"1700000000000"})");
  REQUIRE(node);
  CHECK(node->id == 3);
  CHECK(node->rack == "r1");
  CHECK(node->jmx_port == 9999);
  CHECK(node->timestamp_ms == 1700000000000);
  REQUIRE(node->endpoints.size() == 2);
  CHECK(node->endpoints[0] == Endpoint{"PLAINTEXT", "PLAINTEXT", "kafka-1.example.org", 9092});
  CHECK(node->endpoints[1] == Endpoint{"INTERNAL", "SASL_SSL", "fe80::1", 9093});
  // What we write, we read; a broker without a plain listener says host null and port -1.
  CHECK(*decode_broker(3, encode_broker(*node)) == *node);
  BrokerNode secure;
  secure.endpoints = {{"SSL", "SSL", "h", 1}};
  CHECK(encode_broker(secure).find("\"host\":null") != std::string::npos);
  CHECK(encode_broker(secure).find("\"port\":-1") != std::string::npos);
  CHECK(encode_broker(*node).find("\"timestamp\":\"1700000000000\"") != std::string::npos);
}

TEST_CASE("broker registrations of old releases") {
  const auto v1 = decode_broker(0, R"({"version":1,"host":"h","port":9092,"jmx_port":-1,"timestamp":"1"})");
  REQUIRE(v1);
  CHECK(v1->endpoints == std::vector<Endpoint>{{"PLAINTEXT", "PLAINTEXT", "h", 9092}});
  const auto v2 =
      decode_broker(0, R"({"version":2,"host":"h","port":1,"timestamp":"1","endpoints":["PLAINTEXT://h:1"]})");
  REQUIRE(v2);
  CHECK(v2->endpoints == std::vector<Endpoint>{{"PLAINTEXT", "PLAINTEXT", "h", 1}});
  CHECK(!decode_broker(0, R"({"version":5,"endpoints":["nonsense"]})"));
  CHECK(!decode_broker(0, "[]"));
  CHECK(!decode_broker(0, ""));
}

TEST_CASE("topic nodes") {
  const auto v3 = decode_topic(
      R"({"removing_replicas":{"0":[2]},"partitions":{"0":[1,2],"1":[2,1]},"topic_id":"AbCdEfGhIjKlMnOpQrStUg",)"
      R"("adding_replicas":{"1":[3]},"version":3})");
  REQUIRE(v3);
  CHECK(v3->topic_id.to_string() == "AbCdEfGhIjKlMnOpQrStUg");
  CHECK(v3->partitions.at(0).replicas == std::vector<BrokerId>{1, 2});
  CHECK(v3->partitions.at(0).removing == std::vector<BrokerId>{2});
  CHECK(v3->partitions.at(1).adding == std::vector<BrokerId>{3});
  CHECK(*decode_topic(encode_topic(*v3)) == *v3);
  const auto v1 = decode_topic(R"({"version":1,"partitions":{"0":[0]}})");
  REQUIRE(v1);
  CHECK(v1->topic_id.is_zero());
  CHECK(encode_topic(*v1).find("topic_id") == std::string::npos);
  CHECK(!decode_topic(R"({"version":1,"partitions":{"x":[0]}})"));
  CHECK(!decode_topic(R"({"version":1,"partitions":{"0":["a"]}})"));
}

TEST_CASE("partition states") {
  const auto state =
      decode_partition_state(R"({"controller_epoch":3,"leader":1,"version":1,"leader_epoch":5,"isr":[1,2]})", 7);
  REQUIRE(state);
  CHECK(state->leader == 1);
  CHECK(state->leader_epoch == 5);
  CHECK(state->controller_epoch == 3);
  CHECK(state->partition_epoch == 7);
  CHECK(!state->recovering);
  CHECK(encode_partition_state(*state).find("leader_recovery_state") == std::string::npos);
  PartitionStateNode recovering = *state;
  recovering.recovering = true;
  CHECK(*decode_partition_state(encode_partition_state(recovering), 7) == recovering);
  CHECK(!decode_partition_state(R"({"leader":1})", 0));
}

TEST_CASE("configuration and its change notifications") {
  CHECK(*decode_config(R"({"version":1,"config":{"retention.ms":"100","a":"b"}})") ==
        ConfigMap{{"retention.ms", "100"}, {"a", "b"}});
  CHECK(decode_config("")->empty());
  CHECK(!decode_config(R"({"version":1,"config":{"retention.ms":100}})"));
  CHECK(*decode_config(encode_config({{"k", "quote \" and \n"}})) == ConfigMap{{"k", "quote \" and \n"}});
  CHECK(*decode_config_change(R"({"version":2,"entity_path":"topics/foo"})") == "topics/foo");
  CHECK(*decode_config_change(R"({"version":1,"entity_type":"topics","entity_name":"x"})") == "topics/x");
  CHECK(!decode_config_change(R"({"version":1,"entity_type":"brokers","entity_name":"x"})"));
  CHECK(!decode_config_change("not json"));
}

TEST_CASE("controller, its epoch, cluster id, producer ids") {
  const auto old = decode_controller(R"({"version":1,"brokerid":1,"timestamp":"1676000000000"})");
  REQUIRE(old);
  CHECK(old->broker == 1);
  CHECK(!old->kraft_controller_epoch);
  const auto now = decode_controller(R"({"version":2,"brokerid":4,"timestamp":"1","kraftControllerEpoch":-1})");
  REQUIRE(now);
  CHECK(now->kraft_controller_epoch == -1);
  CHECK(encode_controller(*now).find("\"version\":2") != std::string::npos);
  CHECK(*decode_controller_epoch("7") == 7);
  CHECK(!decode_controller_epoch("7x"));
  CHECK(*decode_cluster_id(R"({"version":"1","id":"4L6g3nShT-eMCtK--X86sw"})") == "4L6g3nShT-eMCtK--X86sw");
  const auto block = decode_producer_id_block(R"({"version":1,"broker":0,"block_start":"0","block_end":"999"})");
  REQUIRE(block);
  CHECK(*block == ProducerIdBlock{0, 0, 999});
  CHECK(encode_producer_id_block(*block).find("\"block_end\":\"999\"") != std::string::npos);
}

TEST_CASE("lists of partitions and names of nodes") {
  CHECK(*decode_partition_list(encode_partition_list({{"t", 0}, {"u", 3}})) ==
        std::vector<TopicPartition>{{"t", 0}, {"u", 3}});
  CHECK(decode_reassignment(R"({"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2]}]})")
            ->at({"t", 0}) == std::vector<BrokerId>{1, 2});
  CHECK(*decode_log_dir_event(R"({"version":1,"broker":1,"event":1})") == 1);
  CHECK(decode_feature_enabled(R"({"version":2,"status":1,"features":{}})"));
  CHECK(!decode_feature_enabled(R"({"version":1,"status":0,"features":{}})"));
  CHECK(zkpath::sequence_of("config_change_0000000012") == 12);
  CHECK(!zkpath::sequence_of("config_change_x"));
  CHECK(zkpath::broker_id_of("/brokers/ids/12") == 12);
  CHECK(!zkpath::broker_id_of("/brokers/ids/x"));
  CHECK(zkpath::state({"a.b", 3}) == "/brokers/topics/a.b/partitions/3/state");
}

TEST_CASE("what is cut off or no object is refused, never trusted") {
  TopicNode topic;
  topic.partitions[0] = {{1, 2}, {3}, {}};
  const std::string whole = encode_topic(topic);
  for (size_t n = 0; n < whole.size(); ++n) CHECK(!decode_topic(std::string_view(whole).substr(0, n)));
  for (const char* bad : {"null", "1", "\"x\"", "[]", "{", "{}}", "\xff\xfe"}) {
    CHECK(!decode_topic(bad));
    CHECK(!decode_controller(bad));
    CHECK(!decode_partition_state(bad, 0));
    CHECK(!decode_config(bad));
    CHECK(!decode_cluster_id(bad));
    CHECK(!decode_producer_id_block(bad));
  }
}
