// KafkaClient: negotiation, routing, deadlines, back-off, metadata and the WARN lines that people grep for.
// Facts: NetworkClient.java, ClusterConnectionStates.java @ 3.4.0.
#include "core/client/kafka_client.h"

#include <doctest/doctest.h>

#include "core/client/admin.h"
#include "core/kafka/message/create_topics.h"
#include "core/kafka/message/heartbeat.h"
#include "tests/unit/client/fake_broker.h"

namespace kz::client {
namespace {

using kafka::ErrorCode;
using test::CapturedLog;
using test::FakeCluster;
using test::FakeConnector;
using test::FakeExecutor;

struct Fixture {
  FakeExecutor executor;
  FakeConnector connector{executor};
  FakeCluster brokers{connector};
  Rng rng{3};
  CapturedLog log;
  std::unique_ptr<KafkaClient> client;

  explicit Fixture(bool warn_bootstrap = true) {
    KafkaClientConfig config;
    config.bootstrap = {{"boot", 9}};
    config.client_id = "me";
    config.log_prefix = "Producer clientId=me";
    config.warn_bootstrap = warn_bootstrap;
    client = std::make_unique<KafkaClient>(config, connector, executor, rng);
    brokers.on<kafka::HeartbeatRequest, kafka::HeartbeatResponse>(
        [](const auto&, int16_t) { return kafka::HeartbeatResponse{}; });
  }
  Result<kafka::HeartbeatResponse> last = fail(Errc::kInternal);
  int16_t version = -1;
  int calls = 0;
  void heartbeat(BrokerId node, SendOptions options = {}) {
    client->send<kafka::HeartbeatRequest, kafka::HeartbeatResponse>(
        node, {}, options, [this](Result<kafka::HeartbeatResponse> r, int16_t v) {
          last = std::move(r);
          version = v;
          ++calls;
        });
  }
};

TEST_CASE("host lists") {
  CHECK(parse_bootstrap("a:1, b:2 ,").servers.size() == 2);
  CHECK(parse_bootstrap("[::1]:9").servers[0].host == "::1");
  CHECK(parse_bootstrap("[::1]:9").servers[0].text() == "[::1]:9");
  CHECK(parse_bootstrap("a").bad == "a");
  CHECK(parse_bootstrap("a:1,b:x").bad == "b:x");
  CHECK(parse_bootstrap("a:70000").bad == "a:70000");
  CHECK(parse_host_port("PLAINTEXT://h:1")->host == "h");
}

TEST_CASE("a request waits for the connection and goes in the highest common version") {
  Fixture f;
  f.brokers.max_version[12] = 2;
  f.heartbeat(-1);
  CHECK(f.calls == 0);
  f.executor.settle();
  CHECK(f.calls == 1);
  REQUIRE(f.last);
  CHECK(f.version == 2);
  f.heartbeat(-1, {.min_version = 3});
  f.executor.settle();
  CHECK(f.last.error().code == Errc::kUnsupportedVersion);
}

TEST_CASE("a broker that does not know ApiVersions v3 is asked again in what it has") {
  Fixture f;
  f.brokers.api_versions_max = 0;
  f.heartbeat(-1);
  f.executor.settle();
  REQUIRE(f.last);
  CHECK(f.brokers.seen[0] == std::pair<int16_t, int16_t>{18, 3});
  CHECK(f.brokers.seen[1] == std::pair<int16_t, int16_t>{18, 0});
}

TEST_CASE("no answer in time closes the connection; the late request failed by time, the others by the loss") {
  Fixture f;
  f.brokers.on<kafka::HeartbeatRequest, kafka::HeartbeatResponse>(
      [](const auto&, int16_t) -> std::optional<kafka::HeartbeatResponse> { return std::nullopt; });
  std::vector<Errc> codes;
  for (int timeout : {1000, 5000}) {
    f.client->send<kafka::HeartbeatRequest, kafka::HeartbeatResponse>(
        -1, {}, {.timeout_ms = timeout},
        [&](Result<kafka::HeartbeatResponse> r, int16_t) { codes.push_back(r.error().code); });
  }
  f.executor.advance(ms(999));
  CHECK(codes.empty());
  f.executor.advance(ms(2));
  CHECK(codes == std::vector{Errc::kTimeout, Errc::kDisconnected});
}

TEST_CASE("refused: Java's two lines, and a back-off that doubles from 50 ms to a second") {
  Fixture f;
  f.connector.refuse = [](auto&&...) { return true; };
  f.client->request_metadata();
  f.client->add_topic("t");
  f.executor.settle();
  REQUIRE(CapturedLog::lines().size() == 2);
  CHECK(CapturedLog::lines()[0] ==
        "WARN [Producer clientId=me] Connection to node -1 (boot/127.0.0.1:9) could not be established. Broker may not "
        "be available. (org.apache.kafka.clients.NetworkClient)");
  CHECK(CapturedLog::lines()[1] ==
        "WARN [Producer clientId=me] Bootstrap broker boot:9 (id: -1 rack: null) disconnected "
        "(org.apache.kafka.clients.NetworkClient)");
  const size_t before = f.connector.attempts.size();
  f.executor.advance(ms(10000));
  const size_t attempts = f.connector.attempts.size() - before;
  CHECK(attempts >= 9);  // 50+100+200+400+800, then one a second, each a fifth more or less, plus the waits between
  CHECK(attempts <= 16);
}

TEST_CASE("the admin client says nothing of bootstrap brokers") {
  Fixture f(false);
  f.connector.refuse = [](auto&&...) { return true; };
  f.client->request_metadata();
  f.executor.settle();
  CHECK(CapturedLog::lines().size() == 1);
}

TEST_CASE("metadata: asked for when a topic is new, with errors named; unknown topics are asked for again") {
  Fixture f;
  f.brokers.add_topic("t", 2);
  f.client->add_topic("t");
  f.executor.settle();
  CHECK(f.client->cluster().leader({"t", 1}) == 0);
  CHECK(f.brokers.metadata_requests == 1);
  f.client->add_topic("gone");
  f.executor.settle();
  REQUIRE(CapturedLog::lines().size() == 1);
  CHECK(CapturedLog::lines()[0].starts_with(
      "WARN [Producer clientId=me] Error while fetching metadata with correlation id "));
  CHECK(CapturedLog::lines()[0].find(" : {gone=UNKNOWN_TOPIC_OR_PARTITION} (") != std::string::npos);
  const int before = f.brokers.metadata_requests;
  f.executor.advance(ms(1000));
  CHECK(f.brokers.metadata_requests - before >= 9);
  CHECK(f.brokers.metadata_requests - before <= 10);
  f.client->set_topics({"t"});
  f.executor.advance(ms(1000));
  const int quiet = f.brokers.metadata_requests;
  f.executor.advance(ms(299000));
  CHECK(f.brokers.metadata_requests == quiet);
  f.executor.advance(ms(3000));
  CHECK(f.brokers.metadata_requests == quiet + 1);
}

TEST_CASE("an older leader epoch does not take a partition back") {
  Fixture f;
  f.brokers.cluster.brokers.push_back({1, "b1", 1001, std::nullopt});
  f.brokers.add_topic("t", 1, 1);
  f.brokers.cluster.topics[0].partitions[0].leader_epoch = 5;
  f.client->add_topic("t");
  f.executor.settle();
  f.brokers.cluster.topics[0].partitions[0].leader_epoch = 4;
  f.brokers.cluster.topics[0].partitions[0].leader_id = 0;
  f.client->request_metadata();
  f.executor.advance(ms(200));
  CHECK(f.client->cluster().leader({"t", 0}) == 1);
}

TEST_CASE("TLS, HTTP and ssh are told by their first bytes") {
  CHECK(recognise_peer(std::string("\x15\x03\x03\x00\x02\x02", 6)) == PeerKind::kTls);
  CHECK(recognise_peer("HTTP/1.1 400 Bad Request") == PeerKind::kHttp);
  CHECK(recognise_peer("SSH-2.0-OpenSSH") == PeerKind::kSsh);
  CHECK(recognise_peer(std::string("\x00\x00\x00\x20", 4)) == PeerKind::kUnknown);
  Fixture f;
  PeerKind told = PeerKind::kUnknown;
  f.client->set_peer_listener([&](PeerKind kind, const std::string&) { told = kind; });
  f.connector.on_send = [&](ConnId conn, const Slice&) {
    f.connector.drop(conn, Errc::kTooLarge, std::string("\x15\x03\x03\x00\x02\x02", 6));
  };
  f.heartbeat(-1);
  f.executor.settle();
  CHECK(told == PeerKind::kTls);
  CHECK(f.last.error().code == Errc::kDisconnected);
}

TEST_CASE("admin: the controller is found and found again; the broker's own message comes through") {
  Fixture f(false);
  f.brokers.cluster.brokers.push_back({1, "b1", 1001, std::nullopt});
  int tries = 0;
  f.brokers.on<kafka::CreateTopicsRequest, kafka::CreateTopicsResponse>(
      [&](const kafka::CreateTopicsRequest& request, int16_t version) -> std::optional<kafka::CreateTopicsResponse> {
        CHECK(version == 7);
        kafka::CreateTopicsResponse response;
        auto& t = response.topics.emplace_back();
        t.name = request.topics[0].name;
        t.error_code = ++tries == 1 ? ErrorCode::kNotController : ErrorCode::kInvalidReplicationFactor;
        t.error_message = "Replication factor: 2 larger than available brokers: 1.";
        f.brokers.cluster.controller_id = 1;
        return response;
      });
  Admin admin(*f.client);
  AdminResult<void> result;
  admin.create_topic({.name = "t"}, [&](AdminResult<void> r) { result = std::move(r); });
  f.executor.advance(ms(500));
  CHECK(tries == 2);
  REQUIRE_FALSE(result);
  CHECK(result.error().exception == "org.apache.kafka.common.errors.InvalidReplicationFactorException");
  CHECK(result.error().message == "Replication factor: 2 larger than available brokers: 1.");
  CHECK(f.connector.attempts.back() == "b1:1001");
}

TEST_CASE("admin: without a broker a call ends after its minute, in Java's words") {
  Fixture f(false);
  f.connector.refuse = [](auto&&...) { return true; };
  Admin admin(*f.client, 60000);
  std::string message;
  admin.list_topics([&](auto r) { message = r.error().message; });
  f.executor.advance(ms(59000));
  CHECK(message.empty());
  f.executor.advance(ms(2000));
  CHECK(message == "Timed out waiting for a node assignment. Call: listTopics");
}

}  // namespace
}  // namespace kz::client
