// Dispatch: what is advertised is what is served, bad frames close one connection, replicas follow the controller's
// orders by epoch.
#include "core/broker/service.h"

#include "core/kafka/message/api_versions.h"
#include "core/kafka/message/init_producer_id.h"
#include "core/kafka/message/metadata.h"
#include "core/kafka/message/produce.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

using kafka::ApiVersionsRequest;
using kafka::ApiVersionsResponse;
using kafka::ErrorCode;

ApiVersionsRequest versions() {
  ApiVersionsRequest request;
  request.client_software_name = "kz-test";
  request.client_software_version = "1.0";
  return request;
}

TEST_CASE("the advertised table is the registered one") {
  DataFixture f;
  for (int16_t version = 0; version <= 3; ++version) {
    const auto response = f.call<ApiVersionsResponse>(versions(), version);
    CHECK(response.error_code == ErrorCode::kNone);
    REQUIRE(response.api_keys.size() == f.broker->api_ranges().size());
    const auto range = [&](int16_t key) {
      for (const auto& k : response.api_keys) {
        if (k.api_key == key) return std::pair(k.min_version, k.max_version);
      }
      return std::pair<int16_t, int16_t>(-1, -1);
    };
    CHECK(range(0) == std::pair<int16_t, int16_t>(3, 9));
    CHECK(range(1) == std::pair<int16_t, int16_t>(4, 13));
    CHECK(range(3) == std::pair<int16_t, int16_t>(0, 12));
    CHECK(range(24) == std::pair<int16_t, int16_t>(-1, -1));  // transactions are not served, so not advertised
  }
}

TEST_CASE("a version of the future gets a version 0 body with error 35 and its own range") {
  DataFixture f;
  Slice frame = kafka::encode_request<ApiVersionsRequest>(3, 42, "future", versions()).detach();
  frame.mutable_bytes()[3] = std::byte{77};  // api version
  const auto answer = f.send_frame(std::move(frame));
  const auto response = f.decode<ApiVersionsResponse>(*answer, 0);
  CHECK(response.error_code == ErrorCode::kUnsupportedVersion);
  REQUIRE(response.api_keys.size() == 1);
  CHECK(response.api_keys[0].api_key == 18);
  CHECK(response.api_keys[0].max_version == 3);
}

TEST_CASE("client software names are checked from version 3") {
  DataFixture f;
  ApiVersionsRequest request = versions();
  request.client_software_name = "no spaces!";
  CHECK(f.call<ApiVersionsResponse>(request, 3).error_code == ErrorCode::kInvalidRequest);
  CHECK(f.call<ApiVersionsResponse>(request, 2).error_code == ErrorCode::kNone);
}

TEST_CASE("what cannot be read or is not served closes the connection") {
  DataFixture f;
  f.make_topic("t", 1);
  CHECK(f.send_frame(Slice::copy_of(std::string_view("\x00", 1)))->closed);
  CHECK(f.send_frame(Slice::copy_of(std::string_view("GET / HTTP/1.1\r\n")))->closed);
  // Every truncation of a good request.
  kafka::ProduceRequest produce;
  produce.acks = 1;
  produce.topic_data.push_back({"t", {{0, f.batch({"a"})}}});
  const Slice whole = kafka::encode_request<kafka::ProduceRequest>(9, 42, "c", produce);
  for (size_t n = 0; n < whole.size(); ++n) {
    const auto answer = f.send_frame(whole.sub(0, n).detach());
    CHECK(answer->closed);
  }
  CHECK(f.store.log("t", 0).log_end_offset() == 0);
  // AddPartitionsToTxn exists, and is not served.
  Slice other = whole.detach();
  other.mutable_bytes()[1] = std::byte{24};
  CHECK(f.send_frame(std::move(other))->closed);
}

TEST_CASE("a context dropped without an answer closes its connection") {
  auto answer = std::make_shared<Answer>();
  {
    IncomingRequest request;
    request.connection = std::make_shared<ConnectionInfo>();
    request.reply = std::make_shared<TestReply>(answer);
    RequestContext context({}, std::move(request));
    RequestContext later = context.respond_later();
    CHECK(context.answered());
    CHECK(answer->pending());
  }
  CHECK(answer->closed);
}

TEST_CASE("leadership orders: epochs, controllers, ids and assignment") {
  DataFixture f;
  LeaderAndIsrUpdate orders;
  orders.controller_epoch = 5;
  orders.partitions.push_back({{"t", 0}, {1, 1}, 5, 7, 3, {7}, 0, {7}, true});
  CHECK(f.broker->become_leader_or_follower(orders).partitions.at(0).code == ErrorCode::kNone);
  // The same epoch again, an older one, a stale controller.
  CHECK(f.broker->become_leader_or_follower(orders).partitions.at(0).code == ErrorCode::kStaleControllerEpoch);
  orders.partitions[0].leader_epoch = 2;
  CHECK(f.broker->become_leader_or_follower(orders).partitions.at(0).code == ErrorCode::kStaleControllerEpoch);
  orders.controller_epoch = 4;
  CHECK(f.broker->become_leader_or_follower(orders).code == ErrorCode::kStaleControllerEpoch);
  orders.controller_epoch = 6;
  orders.partitions[0].leader_epoch = 9;
  orders.partitions[0].topic_id = {2, 2};
  CHECK(f.broker->become_leader_or_follower(orders).partitions.at(0).code == ErrorCode::kInconsistentTopicId);
  orders.partitions[0] = {{"t", 1}, {1, 1}, 5, 8, 1, {8}, 0, {8, 9}, true};
  CHECK(f.broker->become_leader_or_follower(orders).partitions.at(0).code == ErrorCode::kUnknownTopicOrPartition);
  f.store.fail_creation = true;
  orders.partitions[0] = {{"t", 1}, {1, 1}, 5, 7, 1, {7}, 0, {7}, true};
  CHECK(f.broker->become_leader_or_follower(orders).partitions.at(0).code == ErrorCode::kKafkaStorageError);
  CHECK(f.broker->replicas().find("t", 1) == nullptr);
}

TEST_CASE("coordinators hear of partitions gained and lost") {
  DataFixture f;
  std::vector<std::string> heard;
  f.broker->replicas().on_leadership_change = [&](const ReplicaManager::LeadershipChange& change) {
    for (const auto& p : change.leaders) heard.push_back("+" + std::to_string(p->topic_partition().partition));
    for (const auto& tp : change.resigned) heard.push_back("-" + std::to_string(tp.partition));
  };
  f.make_topic("t", 2);
  LeaderAndIsrUpdate away;
  away.partitions.push_back({{"t", 1}, {1, 2}, 0, 8, 1, {8}, 1, {7, 8}, false});
  f.broker->become_leader_or_follower(away);
  StopReplicaUpdate stop;
  stop.partitions.push_back({{"t", 0}, 5, false});
  f.broker->stop_replicas(stop);
  CHECK(heard == std::vector<std::string>{"+0", "+1", "-1", "-0"});
  CHECK(f.store.logs.count({"t", 0}) == 1);  // stopped, not deleted
}

TEST_CASE("StopReplica with an older epoch is fenced, a deletion never") {
  DataFixture f;
  f.make_topic("t", 1, {1, 2}, {7}, 4);
  StopReplicaUpdate stop;
  stop.partitions.push_back({{"t", 0}, 3, true});
  CHECK(f.broker->stop_replicas(stop).partitions.at(0).code == ErrorCode::kFencedLeaderEpoch);
  stop.partitions[0].leader_epoch = -2;
  CHECK(f.broker->stop_replicas(stop).partitions.at(0).code == ErrorCode::kNone);
  CHECK(f.store.logs.empty());
  // A replica that is not there is already stopped.
  CHECK(f.broker->stop_replicas(stop).partitions.at(0).code == ErrorCode::kNone);
}

TEST_CASE("InitProducerId refuses what is not served, by name") {
  DataFixture f;
  kafka::InitProducerIdRequest request;
  request.transactional_id = "tx";
  CHECK(f.call<kafka::InitProducerIdResponse>(request, 4).error_code == ErrorCode::kTransactionalIdAuthorizationFailed);
  request.transactional_id = "";
  CHECK(f.call<kafka::InitProducerIdResponse>(request, 4).error_code == ErrorCode::kInvalidRequest);
  request.transactional_id.reset();
  request.producer_id = 5;
  CHECK(f.call<kafka::InitProducerIdResponse>(request, 4).error_code == ErrorCode::kInvalidRequest);
}

}  // namespace
}  // namespace kz::broker::test
