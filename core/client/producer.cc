#include "core/client/producer.h"

#include <algorithm>

namespace kz::client {

using kafka::ErrorCode;

Producer::Producer(KafkaClient& client, ProducerConfig config)
    : client_(client),
      config_(config),
      log_("org.apache.kafka.clients.producer.internals.Sender", client.config().log_prefix) {
  client_.set_metadata_listener([this](bool) {
    release_waiting();
    schedule_pump();
  });
  client_.set_ready_listener([this](BrokerId) { schedule_pump(); });
}

Producer::~Producer() {
  *alive_ = false;
  client_.executor().cancel(timer_);
  client_.set_metadata_listener(nullptr);
  client_.set_ready_listener(nullptr);
}

Producer::Topic& Producer::topic(std::string_view name) {
  if (last_topic_ != nullptr && last_topic_->name == name) return *last_topic_;
  auto it = topics_.find(name);
  if (it == topics_.end()) {
    auto t = std::make_unique<Topic>();
    t->name = name;
    it = topics_.emplace(std::string(name), std::move(t)).first;
    client_.add_topic(it->first);
  }
  last_topic_ = it->second.get();
  return *last_topic_;
}

// Takes over what the metadata says; true when records can be given a partition.
bool Producer::refresh(Topic& t) {
  if (t.metadata_updates == client_.metadata_updates()) return !t.partitions.empty();
  t.metadata_updates = client_.metadata_updates();
  const TopicInfo* info = client_.cluster().topic(t.name);
  if (info == nullptr || info->error != ErrorCode::kNone) return !t.partitions.empty();
  const size_t count = info->partitions.empty() ? 0 : static_cast<size_t>(info->partitions.rbegin()->first) + 1;
  while (t.partitions.size() < count) {
    auto p = std::make_unique<Partition>();
    p->tp = {t.name, static_cast<int32_t>(t.partitions.size())};
    t.partitions.push_back(std::move(p));
  }
  t.available.clear();
  for (const auto& [index, p] : info->partitions) {
    if (p.leader >= 0) t.available.push_back(index);
  }
  return !t.partitions.empty();
}

void Producer::send(const ProducerRecord& record) {
  Topic& t = topic(record.topic);
  ++outstanding_;
  const size_t size = kafka::BatchBuilder::size_upper_bound(record.key, record.value, record.headers);
  const DeliveredRecord info{record.token, record.key ? static_cast<int32_t>(record.key->size()) : -1,
                             record.value ? static_cast<int32_t>(record.value->size()) : -1};
  if (size > static_cast<size_t>(config_.max_request_size)) {
    fail_records(
        t.name, -1, {info}, ErrorCode::kMessageTooLarge, "org.apache.kafka.common.errors.RecordTooLargeException",
        "The message is " + std::to_string(size) + " bytes when serialized which is larger than " +
            std::to_string(config_.max_request_size) + ", which is the value of the max.request.size configuration.");
    return;
  }
  if (t.waiting.empty() && refresh(t)) return append(t, record);
  Waiting w;
  w.partition = record.partition;
  if (record.key) w.key = as_text(*record.key);
  if (record.value) w.value = as_text(*record.value);
  for (const auto& h : record.headers) {
    w.headers.emplace_back(h.key, h.value ? std::optional(std::string(as_text(*h.value))) : std::nullopt);
  }
  w.timestamp_ms = record.timestamp_ms;
  w.token = record.token;
  w.deadline = now() + ms(config_.max_block_ms);
  w.size = size;
  buffered_bytes_ += size;
  arm(w.deadline);
  t.waiting.push_back(std::move(w));
}

int32_t Producer::choose(Topic& t, const ProducerRecord& record) {
  const auto count = static_cast<int32_t>(t.partitions.size());
  if (record.partition) return *record.partition;
  if (record.key && !config_.ignore_keys) return kafka::partition_for_key(*record.key, count);
  return t.sticky.partition(t.available, count, client_.rng());
}

void Producer::append(Topic& t, const ProducerRecord& record) {
  const DeliveredRecord info{record.token, record.key ? static_cast<int32_t>(record.key->size()) : -1,
                             record.value ? static_cast<int32_t>(record.value->size()) : -1};
  const int32_t index = choose(t, record);
  if (index < 0 || static_cast<size_t>(index) >= t.partitions.size()) {
    fail_records(t.name, index, {info}, ErrorCode::kUnknownTopicOrPartition,
                 "org.apache.kafka.common.errors.TimeoutException",
                 "Partition " + std::to_string(index) + " of topic " + t.name + " with partition count " +
                     std::to_string(t.partitions.size()) + " is not present in metadata after " +
                     std::to_string(config_.max_block_ms) + " ms.");
    return;
  }
  Partition& p = *t.partitions[static_cast<size_t>(index)];
  const size_t size = kafka::BatchBuilder::size_upper_bound(record.key, record.value, record.headers);
  const auto limit = static_cast<size_t>(config_.batch_size);
  if (p.queue.empty() || p.queue.back()->closed ||
      p.queue.back()->builder->uncompressed_size() + size - kafka::kBatchHeaderSize > limit) {
    if (!p.queue.empty() && !p.queue.back()->closed) {
      p.queue.back()->closed = true;
      t.sticky.switch_partition();
      schedule_pump();
    }
    auto batch = std::make_shared<Batch>();
    batch->builder = std::make_unique<kafka::BatchBuilder>(kafka::BatchOptions{.codec = config_.codec});
    batch->created = now();
    p.queue.push_back(std::move(batch));
    if (config_.linger_ms == 0 || !flushing_.empty()) {
      schedule_pump();
    } else {
      arm(now() + ms(config_.linger_ms));
    }
  }
  Batch& batch = *p.queue.back();
  batch.builder->append(record.timestamp_ms, record.key, record.value, record.headers);
  batch.records.push_back(info);
  batch.size += size;
  buffered_bytes_ += size;
  if (batch.builder->uncompressed_size() >= limit) {
    batch.closed = true;
    t.sticky.switch_partition();
    schedule_pump();
  }
}

void Producer::release_waiting() {
  for (auto& [name, t] : topics_) {
    if (t->waiting.empty()) continue;
    if (!refresh(*t)) {
      const TopicInfo* info = client_.cluster().topic(name);
      if (info != nullptr &&
          (info->error == ErrorCode::kInvalidTopicException || info->error == ErrorCode::kTopicAuthorizationFailed)) {
        const bool invalid = info->error == ErrorCode::kInvalidTopicException;
        std::vector<DeliveredRecord> records;
        size_t bytes = 0;
        for (const Waiting& w : t->waiting) {
          records.push_back({w.token, w.key ? static_cast<int32_t>(w.key->size()) : -1,
                             w.value ? static_cast<int32_t>(w.value->size()) : -1});
          bytes += w.size;
        }
        t->waiting.clear();
        released(bytes, 0);
        fail_records(name, -1, std::move(records), info->error, std::string(kafka::error_exception(info->error)),
                     invalid ? "Invalid topics: [" + name + "]" : "Not authorized to access topics: [" + name + "]");
      }
      continue;
    }
    std::deque<Waiting> waiting = std::move(t->waiting);
    t->waiting.clear();
    for (const Waiting& w : waiting) {
      std::vector<kafka::HeaderField> headers;
      for (const auto& [key, value] : w.headers) {
        headers.push_back({key, value ? std::optional(as_bytes(*value)) : std::nullopt});
      }
      ProducerRecord record;
      record.topic = name;
      record.partition = w.partition;
      if (w.key) record.key = as_bytes(*w.key);
      if (w.value) record.value = as_bytes(*w.value);
      record.headers = headers;
      record.timestamp_ms = w.timestamp_ms;
      record.token = w.token;
      buffered_bytes_ -= w.size;
      append(*t, record);
    }
  }
}

void Producer::expire_waiting(Topic& t) {
  const TimePoint at = now();
  std::vector<DeliveredRecord> expired;
  size_t bytes = 0;
  while (!t.waiting.empty() && t.waiting.front().deadline <= at) {
    const Waiting& w = t.waiting.front();
    expired.push_back({w.token, w.key ? static_cast<int32_t>(w.key->size()) : -1,
                       w.value ? static_cast<int32_t>(w.value->size()) : -1});
    bytes += w.size;
    t.waiting.pop_front();
  }
  if (!t.waiting.empty()) arm(t.waiting.front().deadline);
  if (expired.empty()) return;
  released(bytes, 0);
  fail_records(t.name, -1, std::move(expired), ErrorCode::kRequestTimedOut,
               "org.apache.kafka.common.errors.TimeoutException",
               "Topic " + t.name + " not present in metadata after " + std::to_string(config_.max_block_ms) + " ms.");
}

void Producer::fail_records(const std::string& name, int32_t partition, std::vector<DeliveredRecord> records,
                            ErrorCode code, std::string exception, std::string message) {
  client_.executor().post([this, alive = alive_, name, partition, records = std::move(records), code,
                           exception = std::move(exception), message = std::move(message)]() mutable {
    if (!*alive) return;
    const size_t count = records.size();
    Delivery d{name, partition, code, std::move(exception), std::move(message), -1, std::move(records)};
    if (listener_) listener_(d);
    if (*alive) released(0, count);
  });
}

void Producer::released(size_t bytes, size_t records) {
  buffered_bytes_ -= bytes;
  outstanding_ -= records;
  if (drained_) drained_();
  if (outstanding_ == 0 && !flushing_.empty()) {
    auto done = std::move(flushing_);
    flushing_.clear();
    for (auto& fn : done) fn();
  }
}

void Producer::flush(std::function<void()> done) {
  if (outstanding_ == 0) {
    client_.executor().post([alive = alive_, done = std::move(done)] {
      if (*alive) done();
    });
    return;
  }
  flushing_.push_back(std::move(done));
  schedule_pump();
}

void Producer::arm(TimePoint when) {
  if (timer_ != 0 && timer_at_ <= when) return;
  client_.executor().cancel(timer_);
  timer_at_ = when;
  timer_ = client_.executor().at(when, [this] {
    timer_ = 0;
    for (auto& [name, t] : topics_) expire_waiting(*t);
    pump();
  });
}

void Producer::schedule_pump() {
  if (std::exchange(pump_posted_, true)) return;
  client_.executor().post([this, alive = alive_] {
    if (!*alive) return;
    pump_posted_ = false;
    pump();
  });
}

}  // namespace kz::client
