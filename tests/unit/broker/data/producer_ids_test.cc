// Blocks of producer ids against ZkProducerIdManager @ 3.4.0: claimed by conditional set, never handed out twice.
#include "core/broker/producer_ids.h"

#include "core/broker/zk/payloads.h"
#include "core/kafka/message/init_producer_id.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

// One node with a version; other brokers may write between our read and our write.
struct OneNode final : ZkPort {
  bool exists_ = true;
  std::string data_;
  int32_t version_ = 0;
  ZkCode failure = ZkCode::kOk;
  std::function<void()> before_set;
  int sets = 0;

  ZkResult result() const {
    ZkResult r;
    r.code = exists_ ? ZkCode::kOk : ZkCode::kNoNode;
    r.data = data_;
    r.stat.version = version_;
    return r;
  }
  void get(std::string, bool, Done done) override {
    ZkResult r = result();
    if (failure != ZkCode::kOk) r.code = failure;
    done(r);
  }
  void set(std::string, std::string data, int32_t version, Done done) override {
    ++sets;
    if (auto hook = std::exchange(before_set, nullptr)) hook();
    ZkResult r;
    if (version != version_) {
      r.code = ZkCode::kBadVersion;
    } else {
      data_ = std::move(data);
      r.stat.version = ++version_;
    }
    done(r);
  }
  void create(std::string, std::string data, ZkMode, Done done) override {
    exists_ = true;
    data_ = std::move(data);
    done(result());
  }
  void remove(std::string, int32_t, Done) override {}
  void exists(std::string, bool, Done) override {}
  void children(std::string, bool, Done) override {}
  void multi(std::vector<ZkOp>, Done) override {}
  SessionId session_id() const override { return 1; }
  void add_listener(Listener*) override {}
  void remove_listener(Listener*) override {}
};

TEST_CASE("the first id is 0, a block serves 1000, the next block follows") {
  HandExecutor executor;
  OneNode zk;
  ProducerIds ids(7, zk, executor);
  std::vector<int64_t> got;
  for (int i = 0; i < 1001; ++i) {
    ids.next([&](KafkaResult<int64_t> id) { got.push_back(id.value()); });
    executor.run();
  }
  REQUIRE(got.size() == 1001);
  CHECK(got.front() == 0);
  CHECK(got.back() == 1000);
  CHECK(zk.sets == 2);
  CHECK(decode_producer_id_block(zk.data_).value() == ProducerIdBlock{7, 1000, 1999});
}

TEST_CASE("callers that wait for a block are all served from one read") {
  HandExecutor executor;
  OneNode zk;
  zk.data_ = encode_producer_id_block({3, 5000, 5999});
  zk.version_ = 4;
  ProducerIds ids(7, zk, executor);
  std::vector<int64_t> got;
  for (int i = 0; i < 3; ++i) ids.next([&](KafkaResult<int64_t> id) { got.push_back(id.value()); });
  CHECK(got.empty());
  executor.run();
  CHECK(got == std::vector<int64_t>{6000, 6001, 6002});
  CHECK(zk.sets == 1);
}

TEST_CASE("a block that another broker took first is not ours") {
  HandExecutor executor;
  OneNode zk;
  zk.before_set = [&] {
    zk.data_ = encode_producer_id_block({8, 0, 999});
    ++zk.version_;
  };
  ProducerIds ids(7, zk, executor);
  int64_t got = -1;
  ids.next([&](KafkaResult<int64_t> id) { got = id.value(); });
  executor.run();
  CHECK(got == 1000);
  CHECK(zk.sets == 2);
}

TEST_CASE("a missing node is made; a lost session is a retriable error and the next call tries again") {
  HandExecutor executor;
  OneNode zk;
  zk.exists_ = false;
  zk.failure = ZkCode::kSessionExpired;
  ProducerIds ids(7, zk, executor);
  KafkaResult<int64_t> got = 0;
  ids.next([&](KafkaResult<int64_t> id) { got = id; });
  executor.run();
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error() == kafka::ErrorCode::kCoordinatorLoadInProgress);
  zk.failure = ZkCode::kOk;
  ids.next([&](KafkaResult<int64_t> id) { got = id; });
  executor.run();
  CHECK(got.value() == 0);
}

TEST_CASE("a node that does not parse or is used up gives no ids") {
  HandExecutor executor;
  OneNode zk;
  ProducerIds ids(7, zk, executor);
  for (const std::string& data : {std::string("{"), encode_producer_id_block({1, INT64_MAX - 999, INT64_MAX})}) {
    zk.data_ = data;
    bool refused = false;
    ids.next([&](KafkaResult<int64_t> id) { refused = !id; });
    executor.run();
    CHECK(refused);
    CHECK(zk.data_ == data);
  }
}

TEST_CASE("InitProducerId answers a fresh id at every version") {
  DataFixture f;
  HandExecutor executor;
  OneNode zk;
  ProducerIds ids(7, zk, executor);
  f.broker->producer_ids = &ids;
  kafka::InitProducerIdRequest request;
  request.transactional_id.reset();
  for (int16_t version = 0; version <= 4; ++version) {
    const auto answer = f.send(request, version);
    executor.run();
    const auto response = f.decode<kafka::InitProducerIdResponse>(*answer, version);
    CHECK(response.error_code == kafka::ErrorCode::kNone);
    CHECK(response.producer_id == version);
    CHECK(response.producer_epoch == 0);
  }
}

}  // namespace
}  // namespace kz::broker::test
