// Producer: records in, batches per partition, produce requests out; ordered, retried, idempotent when asked.
// Follows KafkaProducer.java, RecordAccumulator.java, Sender.java, TransactionManager.java @ 3.4.0; KIP-98, KIP-91
// (delivery timeout), KIP-480 (sticky), KIP-360 (epoch bump).
// Budget: a record costs one copy into its batch and no allocation of its own; a batch one request part.
// Owner: one executor; callbacks on its thread, never inside send(). Not thread-safe.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/cluster.h"
#include "core/client/kafka_client.h"
#include "core/kafka/message/produce.h"
#include "core/kafka/partitioner.h"
#include "core/kafka/record/builder.h"

namespace kz::client {

struct ProducerConfig {
  int16_t acks = -1;
  kafka::Codec codec = kafka::Codec::kNone;
  int32_t batch_size = 16384;
  int32_t linger_ms = 0;
  int32_t max_in_flight = 5;  // requests per node
  int32_t retries = INT32_MAX;
  int32_t retry_backoff_ms = 100;
  int32_t delivery_timeout_ms = 120000;
  int32_t request_timeout_ms = 30000;
  int32_t max_block_ms = 60000;  // how long a record waits for its topic's metadata
  int32_t max_request_size = 1048576;
  bool idempotence = true;  // needs acks -1 and max_in_flight <= 5
  bool ignore_keys = false;
};

// A record as given; everything is copied before send() returns.
struct ProducerRecord {
  std::string_view topic;
  std::optional<int32_t> partition;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::span<const kafka::HeaderField> headers;
  int64_t timestamp_ms = 0;
  uint64_t token = 0;  // given back with the delivery
};

struct DeliveredRecord {
  uint64_t token = 0;
  int32_t key_bytes = -1;  // -1 = null
  int32_t value_bytes = -1;
};
// The fate of some records of one partition, in order. A failure has Java's full exception name and message.
struct Delivery {
  std::string topic;
  int32_t partition = -1;  // -1: failed before it had one
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::string exception;
  std::string message;
  Offset base_offset = -1;  // -1 with acks=0 and for duplicates
  std::vector<DeliveredRecord> records;
  bool ok() const { return exception.empty(); }
};

class Producer {
 public:
  using Listener = std::function<void(const Delivery&)>;
  Producer(KafkaClient& client, ProducerConfig config);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void set_listener(Listener listener) { listener_ = std::move(listener); }
  // Always takes the record: the caller watches buffered_bytes() and waits while it is too much.
  void send(const ProducerRecord& record);
  // Bytes of records not yet delivered, in batches or waiting for metadata.
  size_t buffered_bytes() const { return buffered_bytes_; }
  // Called whenever buffered_bytes() has shrunk.
  void set_drain_listener(std::function<void()> listener) { drained_ = std::move(listener); }
  // Sends what lingers; done once nothing is outstanding.
  void flush(std::function<void()> done);
  // Records waiting or in flight.
  size_t outstanding() const { return outstanding_; }
  int64_t producer_id() const { return producer_id_; }
  int16_t producer_epoch() const { return epoch_; }

 private:
  struct Batch {
    std::unique_ptr<kafka::BatchBuilder> builder;  // while open
    Slice bytes;                                   // once closed
    std::vector<DeliveredRecord> records;
    size_t size = 0;      // uncompressed, charged to buffered_bytes_
    bool closed = false;  // takes no more records
    TimePoint created;
    TimePoint not_before;
    int attempts = 0;
    int32_t base_sequence = kafka::kNoSequence;
    int16_t epoch = -1;
    int64_t producer_id = -1;
  };
  using BatchPtr = std::shared_ptr<Batch>;
  struct Partition {
    TopicPartition tp;
    std::deque<BatchPtr> queue;       // to be sent; only the last may be open
    std::vector<BatchPtr> in_flight;  // in order of sequence
    // Idempotence: what the next new batch gets. Starts over at 0 in a new epoch, once nothing is in flight.
    int32_t next_sequence = 0;
    int16_t epoch = -1;
    int64_t producer_id = -1;
    bool needs_bump = false;  // a batch with a sequence was given up: its successors need a new epoch
  };
  struct Waiting {  // a record whose topic is not known yet
    std::optional<int32_t> partition;
    std::optional<std::string> key, value;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
    int64_t timestamp_ms = 0;
    uint64_t token = 0;
    TimePoint deadline;
    size_t size = 0;
  };
  struct Topic {
    std::string name;
    std::vector<std::unique_ptr<Partition>> partitions;
    std::vector<int32_t> available;
    uint64_t metadata_updates = 0;
    kafka::StickyPartitioner sticky;
    std::deque<Waiting> waiting;
  };

  Topic& topic(std::string_view name);
  bool refresh(Topic& t);
  void append(Topic& t, const ProducerRecord& record);
  int32_t choose(Topic& t, const ProducerRecord& record);
  void release_waiting();
  void expire_waiting(Topic& t);
  void fail_records(const std::string& topic, int32_t partition, std::vector<DeliveredRecord> records,
                    kafka::ErrorCode code, std::string exception, std::string message);
  bool sendable(Partition& p, TimePoint at, TimePoint& next);
  bool seal(Partition& p, Batch& batch);
  void pump();
  void schedule_pump();
  void arm(TimePoint when);
  void send_to(BrokerId node, std::vector<Partition*> partitions);
  void on_response(std::vector<std::pair<Partition*, BatchPtr>> sent, Result<kafka::ProduceResponse> response);
  void complete(Partition& p, const BatchPtr& batch, const kafka::ProduceResponse::PartitionProduceResponse& answer);
  void retry_or_fail(Partition& p, const BatchPtr& batch, kafka::ErrorCode code, const std::string& message);
  void requeue(Partition& p, const BatchPtr& batch, TimePoint not_before);
  static bool oldest(const Partition& p, const Batch& batch);
  bool split(Partition& p, const BatchPtr& batch);
  void finish(Partition& p, const BatchPtr& batch, kafka::ErrorCode code, std::string exception, std::string message,
              Offset base_offset);
  void finish_expired(Partition& p, const BatchPtr& batch);
  void expire_batches();
  void init_producer_id();
  void released(size_t bytes, size_t records);
  TimePoint now() const { return client_.executor().now().mono; }

  KafkaClient& client_;
  ProducerConfig config_;
  log::Logger log_;
  Listener listener_;
  std::function<void()> drained_;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
  Topic* last_topic_ = nullptr;
  size_t buffered_bytes_ = 0;
  size_t outstanding_ = 0;
  std::vector<std::function<void()>> flushing_;
  std::map<BrokerId, int> requests_;  // in flight per node
  bool pump_posted_ = false;
  TimerId timer_ = 0;
  TimePoint timer_at_;
  int64_t producer_id_ = -1;
  int16_t epoch_ = -1;
  bool init_running_ = false;
  TimePoint init_not_before_;
  size_t rotate_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kz::client
