// Producer: batching, order, retries and idempotence, against a scripted leader that keeps a log as brokers do.
// Rules: KIP-98 (sequences), KIP-91 (delivery timeout), Sender.java @ 3.4.0.
#include "core/client/producer.h"

#include <doctest/doctest.h>

#include "core/kafka/message/init_producer_id.h"
#include "core/kafka/record/compress.h"
#include "tests/unit/client/fake_broker.h"

namespace kz::client {
namespace {

using kafka::ErrorCode;

struct Fixture {
  test::FakeExecutor executor;
  test::FakeConnector connector{executor};
  test::FakeCluster brokers{connector};
  test::CapturedLog log;
  Rng rng{3};
  std::unique_ptr<KafkaClient> client;
  std::unique_ptr<Producer> producer;
  std::vector<std::string> appended;  // values, in log order
  std::map<int32_t, int32_t> next_sequence;
  std::vector<Delivery> deliveries;
  int requests = 0;
  int64_t producer_id = 7;
  int16_t last_epoch = -1;
  // What to do with the n-th batch (from 1): nullopt = no answer at all.
  std::function<std::optional<ErrorCode>(int n)> fate = [](int) { return ErrorCode::kNone; };
  int batches = 0;

  explicit Fixture(ProducerConfig config = {}) {
    KafkaClientConfig c;
    c.bootstrap = {{"boot", 9}};
    c.client_id = "p";
    c.request_timeout_ms = config.request_timeout_ms;
    client = std::make_unique<KafkaClient>(c, connector, executor, rng);
    brokers.add_topic("t", 1);
    brokers.add_topic("wide", 4);
    brokers.on<kafka::InitProducerIdRequest, kafka::InitProducerIdResponse>(
        [this](const kafka::InitProducerIdRequest& r, int16_t) -> std::optional<kafka::InitProducerIdResponse> {
          CHECK_FALSE(r.transactional_id.has_value());
          kafka::InitProducerIdResponse response;
          response.producer_id = producer_id;
          response.producer_epoch = 0;
          return response;
        });
    brokers.on<kafka::ProduceRequest, kafka::ProduceResponse>(
        [this](const kafka::ProduceRequest& r, int16_t) { return produce(r); });
    producer = std::make_unique<Producer>(*client, config);
    producer->set_listener([this](const Delivery& d) { deliveries.push_back(d); });
  }
  std::optional<kafka::ProduceResponse> produce(const kafka::ProduceRequest& request) {
    ++requests;
    kafka::ProduceResponse response;
    for (const auto& t : request.topic_data) {
      auto& out = response.responses.emplace_back();
      out.name = t.name;
      for (const auto& p : t.partition_data) {
        const auto code = fate(++batches);
        if (!code) return std::nullopt;
        ErrorCode answer = *code;
        const kafka::BatchView batch(p.records->bytes());
        REQUIRE(batch.whole());
        REQUIRE(batch.crc_ok());
        if (answer == ErrorCode::kNone && batch.has_producer_id()) {
          if (batch.producer_epoch() != last_epoch) {
            last_epoch = batch.producer_epoch();
            next_sequence.clear();
          }
          if (batch.base_sequence() < next_sequence[p.index]) answer = ErrorCode::kDuplicateSequenceNumber;
          if (batch.base_sequence() > next_sequence[p.index]) answer = ErrorCode::kOutOfOrderSequenceNumber;
        }
        if (answer == ErrorCode::kNone) {
          next_sequence[p.index] = batch.last_sequence() + 1;
          kafka::Decompressor d;
          auto body = kafka::uncompressed_body(*p.records, d, 1 << 20);
          REQUIRE(body);
          kafka::RecordIterator it(batch, body->bytes());
          kafka::RecordView r;
          while (it.next(r)) appended.emplace_back(as_text(r.value));
        }
        auto& a = out.partition_responses.emplace_back();
        a.index = p.index;
        a.error_code = answer;
      }
    }
    return response;
  }
  void send(const std::string& value, const char* topic = "t", uint64_t token = 0) {
    ProducerRecord r;
    r.topic = topic;
    r.value = as_bytes(value);
    r.timestamp_ms = 1;
    r.token = token;
    producer->send(r);
  }
  size_t failed() const {
    size_t n = 0;
    for (const auto& d : deliveries) n += d.ok() ? 0 : d.records.size();
    return n;
  }
  std::vector<std::string> numbers(int n) {
    std::vector<std::string> out;
    for (int i = 0; i < n; ++i) out.push_back(std::to_string(i));
    return out;
  }
};

TEST_CASE("records linger into one batch, and leave at once on a flush") {
  Fixture f({.linger_ms = 1000});
  for (int i = 0; i < 5; ++i) f.send(std::to_string(i));
  f.executor.advance(ms(900));
  CHECK(f.requests == 0);
  f.executor.advance(ms(200));
  CHECK(f.requests == 1);
  CHECK(f.appended == f.numbers(5));
  f.send("x");
  bool done = false;
  f.producer->flush([&] { done = true; });
  f.executor.settle();
  CHECK(f.requests == 2);
  CHECK(done);
  CHECK(f.producer->buffered_bytes() == 0);
  CHECK(f.producer->outstanding() == 0);
}

TEST_CASE("a full batch does not wait, and at most five requests are under way") {
  Fixture f({.batch_size = 200, .linger_ms = 100000});
  f.fate = [](int) { return std::nullopt; };
  for (int i = 0; i < 40; ++i) f.send(std::string(150, 'x'));
  f.executor.advance(ms(100));
  CHECK(f.requests == 5);
}

TEST_CASE("sequences keep the order over losses, retries and duplicates") {
  // Each script: which batches fare how on their n-th arrival.
  const std::vector<std::map<int, std::optional<ErrorCode>>> scripts = {
      {{1, ErrorCode::kNotLeaderOrFollower}},
      {{2, ErrorCode::kNotLeaderOrFollower}},
      {{1, std::nullopt}},
      {{3, std::nullopt}, {8, ErrorCode::kRequestTimedOut}},
      {{1, ErrorCode::kNotEnoughReplicas}, {2, ErrorCode::kNotEnoughReplicas}, {4, ErrorCode::kNetworkException}},
  };
  for (size_t s = 0; s < scripts.size(); ++s) {
    CAPTURE(s);
    Fixture f({.batch_size = 80, .request_timeout_ms = 1000});
    f.fate = [&](int n) {
      auto it = scripts[s].find(n);
      return it == scripts[s].end() ? std::optional(ErrorCode::kNone) : it->second;
    };
    for (int i = 0; i < 20; ++i) f.send(std::to_string(i));
    f.executor.advance(ms(20000));
    CHECK(f.appended == f.numbers(20));
    CHECK(f.failed() == 0);
    CHECK(f.producer->outstanding() == 0);
  }
}

TEST_CASE("a batch that the leader has but whose answer was lost counts once") {
  Fixture f({.batch_size = 80, .request_timeout_ms = 1000});
  int arrivals = 0;
  f.brokers.on<kafka::ProduceRequest, kafka::ProduceResponse>(
      [&](const kafka::ProduceRequest& r, int16_t) -> std::optional<kafka::ProduceResponse> {
        auto response = f.produce(r);
        if (++arrivals == 2) return std::nullopt;  // appended, not answered
        return response;
      });
  for (int i = 0; i < 10; ++i) f.send(std::to_string(i));
  f.executor.advance(ms(10000));
  CHECK(f.appended == f.numbers(10));
  CHECK(f.failed() == 0);
}

TEST_CASE("a batch that was given up moves the partition to a new epoch, so that the rest goes on") {
  Fixture f({.batch_size = 80});
  f.fate = [](int n) { return n == 2 ? ErrorCode::kInvalidRecord : ErrorCode::kNone; };
  for (int i = 0; i < 6; ++i) {
    f.send(std::string(60, static_cast<char>('a' + i)));
    f.executor.settle();
  }
  f.executor.advance(ms(5000));
  CHECK(f.failed() == 1);
  CHECK(f.appended.size() == 5);
  CHECK(f.producer->producer_epoch() == 1);
  CHECK(f.producer->outstanding() == 0);
}

TEST_CASE("retries end with their number, and with the delivery timeout in Java's words") {
  SUBCASE("number") {
    Fixture f({.retries = 3});
    f.fate = [](int) { return ErrorCode::kNotEnoughReplicas; };
    f.send("x");
    f.executor.advance(ms(2000));
    CHECK(f.batches == 4);
    REQUIRE(f.deliveries.size() == 1);
    CHECK(f.deliveries[0].exception == "org.apache.kafka.common.errors.NotEnoughReplicasException");
  }
  SUBCASE("time, counted from the batch's creation, without a broker to send to") {
    Fixture f({.delivery_timeout_ms = 1500, .request_timeout_ms = 1000});
    f.send("x", "t");
    f.executor.settle();
    f.connector.refuse = [](auto&&...) { return true; };
    f.connector.drop(f.connector.last());
    f.send("y", "t");
    f.executor.advance(ms(1400));
    CHECK(f.failed() == 0);
    f.executor.advance(ms(300));
    REQUIRE(f.failed() == 1);
    CHECK(f.deliveries.back().exception == "org.apache.kafka.common.errors.TimeoutException");
    CHECK(f.deliveries.back().message.starts_with("Expiring 1 record(s) for t-0:1"));
    CHECK(f.deliveries.back().message.ends_with(" ms has passed since batch creation"));
  }
}

TEST_CASE("a topic that does not appear fails its records after max.block.ms") {
  Fixture f({.max_block_ms = 2000});
  f.send("x", "nowhere", 42);
  f.executor.advance(ms(1900));
  CHECK(f.deliveries.empty());
  f.executor.advance(ms(200));
  REQUIRE(f.deliveries.size() == 1);
  CHECK(f.deliveries[0].message == "Topic nowhere not present in metadata after 2000 ms.");
  CHECK(f.deliveries[0].records[0].token == 42);
  CHECK(f.deliveries[0].records[0].key_bytes == -1);
  CHECK(f.deliveries[0].records[0].value_bytes == 1);
}

TEST_CASE("a batch that is too large for the broker goes again in halves") {
  Fixture f({.linger_ms = 100});
  f.fate = [](int n) { return n == 1 ? ErrorCode::kMessageTooLarge : ErrorCode::kNone; };
  for (int i = 0; i < 7; ++i) f.send(std::to_string(i));
  f.executor.advance(ms(2000));
  CHECK(f.appended == f.numbers(7));
  CHECK(f.batches == 3);
  CHECK(f.failed() == 0);
}

TEST_CASE("a record above max.request.size is refused by itself") {
  Fixture f({.max_request_size = 1000});
  f.send(std::string(2000, 'x'));
  f.send("ok");
  f.executor.advance(ms(100));
  CHECK(f.failed() == 1);
  CHECK(f.deliveries[0].exception == "org.apache.kafka.common.errors.RecordTooLargeException");
  CHECK(f.appended == std::vector<std::string>{"ok"});
}

TEST_CASE("without acknowledgement nothing is waited for") {
  Fixture f({.acks = 0, .idempotence = false});
  f.brokers.on<kafka::ProduceRequest, kafka::ProduceResponse>(
      [&](const kafka::ProduceRequest& r, int16_t) -> std::optional<kafka::ProduceResponse> {
        f.produce(r);
        return std::nullopt;
      });
  f.send("x");
  f.executor.advance(ms(10));
  CHECK(f.producer->outstanding() == 0);
  CHECK(f.appended == std::vector<std::string>{"x"});
}

TEST_CASE("keys go where Java's murmur2 sends them; keyless records change partition from batch to batch") {
  Fixture f({.batch_size = 100, .linger_ms = 10});
  std::map<int32_t, int> spread;
  f.brokers.on<kafka::ProduceRequest, kafka::ProduceResponse>([&](const kafka::ProduceRequest& r, int16_t) {
    for (const auto& p : r.topic_data[0].partition_data) ++spread[p.index];
    return f.produce(r);
  });
  ProducerRecord r;
  r.topic = "wide";
  r.key = as_bytes("foobar");  // murmur2 -790332482
  r.value = as_bytes("v");
  f.producer->send(r);
  f.executor.advance(ms(100));
  REQUIRE(spread.size() == 1);
  CHECK(spread.begin()->first == ((-790332482) & 0x7fffffff) % 4);
  spread.clear();
  for (int i = 0; i < 60; ++i) {
    f.send(std::string(90, 'x'), "wide");
    f.executor.settle();
  }
  f.executor.advance(ms(1000));
  CHECK(spread.size() == 4);
}

}  // namespace
}  // namespace kz::client
