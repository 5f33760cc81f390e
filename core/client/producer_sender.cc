// The sending half of Producer: which batches go, in which requests, and what becomes of the answers. Follows
// Sender.java, RecordAccumulator.drainBatchesForOneNode and TransactionManager.java @ 3.4.0.
#include <algorithm>

#include "core/client/producer.h"
#include "core/kafka/message/init_producer_id.h"
#include "core/kafka/record/compress.h"

namespace kz::client {

using kafka::ErrorCode;

namespace {

// At most this many batches of a partition in flight when sequences are used: what brokers remember.
constexpr size_t kSequencedInFlightMax = 5;

bool metadata_stale(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kLeaderNotAvailable:
    case ErrorCode::kReplicaNotAvailable:
    case ErrorCode::kKafkaStorageError:
    case ErrorCode::kFencedLeaderEpoch:
    case ErrorCode::kUnknownLeaderEpoch:
    case ErrorCode::kNetworkException:
      return true;
    default:
      return false;
  }
}

// Order of sequences, which wrap from 2^31 - 1 to 0.
bool before(int32_t a, int32_t b) {
  return a != b && ((static_cast<uint32_t>(b) - static_cast<uint32_t>(a)) & 0x7fffffffU) < 0x40000000U;
}

}  // namespace

// Whether the first queued batch of p may go now; else `next` is when it may be worth looking again.
bool Producer::sendable(Partition& p, TimePoint at, TimePoint& next) {
  if (p.queue.empty()) return false;
  Batch& batch = *p.queue.front();
  if (batch.not_before > at) {
    next = std::min(next, batch.not_before);
    return false;
  }
  const bool full = batch.closed || p.queue.size() > 1 || config_.linger_ms == 0 || !flushing_.empty();
  if (!full && batch.attempts == 0) {
    const TimePoint lingered = batch.created + ms(config_.linger_ms);
    if (lingered > at) {
      next = std::min(next, lingered);
      return false;
    }
  }
  if (!config_.idempotence) return config_.max_in_flight > 1 || p.in_flight.empty();
  if (producer_id_ < 0 || p.in_flight.size() >= kSequencedInFlightMax) return false;
  if (p.needs_bump || p.epoch != epoch_ || p.producer_id != producer_id_) {
    // A new epoch starts at sequence 0, so nothing of the old one may still be under way.
    if (!p.in_flight.empty()) return false;
    if (p.needs_bump && p.epoch == epoch_ && p.producer_id == producer_id_) {
      // As Java's bumpIdempotentProducerEpoch: without a transactional id the epoch is the client's own.
      if (epoch_ == INT16_MAX) {
        producer_id_ = -1;
        return false;
      }
      ++epoch_;
    }
    p.needs_bump = false;
    p.epoch = epoch_;
    p.producer_id = producer_id_;
    p.next_sequence = 0;
    for (const BatchPtr& queued : p.queue) queued->base_sequence = kafka::kNoSequence;
  }
  // A retried batch goes only when it is the oldest: behind others the broker would see a gap.
  if (batch.base_sequence != kafka::kNoSequence && !p.in_flight.empty()) {
    return before(batch.base_sequence, p.in_flight.front()->base_sequence);
  }
  return true;
}

// Gives the batch its bytes, and its sequence where there are any. False: a codec failed, the batch is over.
bool Producer::seal(Partition& p, Batch& batch) {
  batch.closed = true;
  const bool fresh = config_.idempotence && batch.base_sequence == kafka::kNoSequence;
  if (fresh) {
    batch.base_sequence = p.next_sequence;
    batch.epoch = p.epoch;
    batch.producer_id = p.producer_id;
    p.next_sequence = kafka::increment_sequence(p.next_sequence, static_cast<int32_t>(batch.records.size()));
  }
  if (batch.builder) {
    auto& options = batch.builder->options();
    if (config_.idempotence) {
      options.producer_id = batch.producer_id;
      options.producer_epoch = batch.epoch;
      options.base_sequence = batch.base_sequence;
    }
    auto bytes = batch.builder->build();
    batch.builder.reset();
    if (!bytes) return false;
    batch.bytes = std::move(*bytes);
  } else if (fresh) {
    // Sealed before, under another epoch: a copy, since the old bytes may still be in a socket's queue.
    batch.bytes = batch.bytes.detach();
    kafka::MutableBatch edit(batch.bytes.mutable_bytes());
    edit.set_producer(batch.producer_id, batch.epoch, batch.base_sequence);
    edit.update_crc();
  }
  return true;
}

void Producer::pump() {
  expire_batches();
  if (config_.idempotence && producer_id_ < 0) init_producer_id();
  const TimePoint at = now();
  TimePoint next = TimePoint::max();
  std::map<BrokerId, std::vector<Partition*>> by_node;
  bool stale = false;
  for (auto& [name, t] : topics_) {
    for (auto& p : t->partitions) {
      if (p->queue.empty()) continue;
      const BrokerId leader = client_.cluster().leader(p->tp);
      if (leader < 0) {
        stale = true;
        continue;
      }
      auto busy = requests_.find(leader);
      if (busy != requests_.end() && busy->second >= config_.max_in_flight) continue;
      // Only what a ready connection takes at once leaves the queue: waiting for a broker costs no retries.
      if (!client_.ready(leader)) {
        client_.connect(leader);
        next = std::min(next, at + ms(client_.config().reconnect_backoff_ms));
        continue;
      }
      if (sendable(*p, at, next)) by_node[leader].push_back(p.get());
    }
  }
  if (stale) client_.request_metadata();
  bool again = false;
  for (auto& [node, partitions] : by_node) {
    send_to(node, partitions);
    again |= requests_[node] < config_.max_in_flight;
  }
  if (again) schedule_pump();  // partitions with more than one batch ready
  if (next != TimePoint::max()) arm(next);
}

void Producer::send_to(BrokerId node, std::vector<Partition*> partitions) {
  // Whoever was left out of a full request goes first next time.
  if (partitions.size() > 1) {
    std::rotate(partitions.begin(), partitions.begin() + static_cast<std::ptrdiff_t>(rotate_++ % partitions.size()),
                partitions.end());
  }
  kafka::ProduceRequest request;
  request.acks = config_.acks;
  request.timeout_ms = config_.request_timeout_ms;
  std::vector<std::pair<Partition*, BatchPtr>> sent;
  std::map<std::string, size_t> index;
  size_t bytes = 0;
  for (Partition* p : partitions) {
    BatchPtr batch = p->queue.front();
    const size_t estimate = batch->builder ? batch->builder->uncompressed_size() : batch->bytes.size();
    if (!sent.empty() && bytes + estimate > static_cast<size_t>(config_.max_request_size)) continue;
    p->queue.pop_front();
    const bool was_open = !batch->closed;
    if (!seal(*p, *batch)) {
      finish(*p, batch, ErrorCode::kUnknownServerError, "org.apache.kafka.common.KafkaException",
             "cannot compress the batch", -1);
      continue;
    }
    if (was_open) topics_.find(p->tp.topic)->second->sticky.switch_partition();
    bytes += batch->bytes.size();
    ++batch->attempts;
    auto [it, fresh] = index.emplace(p->tp.topic, request.topic_data.size());
    if (fresh) request.topic_data.emplace_back().name = p->tp.topic;
    request.topic_data[it->second].partition_data.push_back({p->tp.partition, batch->bytes});
    auto place = p->in_flight.end();
    if (config_.idempotence) {
      while (place != p->in_flight.begin() && before(batch->base_sequence, (*std::prev(place))->base_sequence)) --place;
    }
    p->in_flight.insert(place, batch);
    sent.emplace_back(p, std::move(batch));
  }
  if (sent.empty()) return;
  ++requests_[node];
  SendOptions options;
  options.min_version = config_.codec == kafka::Codec::kZstd ? 7 : 3;
  options.timeout_ms = config_.request_timeout_ms;
  options.expect_response = config_.acks != 0;
  client_.send<kafka::ProduceRequest, kafka::ProduceResponse>(
      node, std::move(request), options,
      [this, alive = alive_, node, sent = std::move(sent)](Result<kafka::ProduceResponse> response, int16_t) mutable {
        if (!*alive) return;
        --requests_[node];
        on_response(std::move(sent), std::move(response));
      });
}

void Producer::on_response(std::vector<std::pair<Partition*, BatchPtr>> sent, Result<kafka::ProduceResponse> response) {
  auto alive = alive_;
  if (!response) {
    const bool unsupported = response.error().code == Errc::kUnsupportedVersion;
    for (auto& [p, batch] : sent) {
      if (unsupported) {
        finish(*p, batch, ErrorCode::kUnsupportedVersion, "org.apache.kafka.common.errors.UnsupportedVersionException",
               "The node does not support PRODUCE with the version that is needed", -1);
      } else {
        retry_or_fail(*p, batch, ErrorCode::kNetworkException, "");
      }
      if (!*alive) return;
    }
    schedule_pump();
    return;
  }
  if (config_.acks == 0) {
    for (auto& [p, batch] : sent) {
      finish(*p, batch, ErrorCode::kNone, "", "", -1);
      if (!*alive) return;
    }
    schedule_pump();
    return;
  }
  std::map<std::pair<std::string_view, int32_t>, const kafka::ProduceResponse::PartitionProduceResponse*> answers;
  for (const auto& t : response->responses) {
    for (const auto& p : t.partition_responses) answers[{t.name, p.index}] = &p;
  }
  for (auto& [p, batch] : sent) {
    const auto it = answers.find({p->tp.topic, p->tp.partition});
    if (it == answers.end()) {
      retry_or_fail(*p, batch, ErrorCode::kNetworkException, "");
    } else {
      complete(*p, batch, *it->second);
    }
    if (!*alive) return;
  }
  schedule_pump();
}

void Producer::complete(Partition& p, const BatchPtr& batch,
                        const kafka::ProduceResponse::PartitionProduceResponse& answer) {
  const std::string message = answer.error_message.value_or("");
  switch (answer.error_code) {
    case ErrorCode::kNone:
      return finish(p, batch, ErrorCode::kNone, "", "", answer.base_offset);
    case ErrorCode::kDuplicateSequenceNumber:
      // The broker has it, from a try whose answer was lost; where exactly it no longer knows.
      return finish(p, batch, ErrorCode::kNone, "", "", -1);
    case ErrorCode::kMessageTooLarge:
      if (batch->records.size() > 1 && split(p, batch)) return;
      break;
    case ErrorCode::kOutOfOrderSequenceNumber:
      // Behind a batch that will be retried this is expected; for the oldest one in flight it is real.
      if (config_.idempotence && !oldest(p, *batch)) {
        return requeue(p, batch, now() + ms(config_.retry_backoff_ms));
      }
      p.needs_bump = config_.idempotence;
      return retry_or_fail(p, batch, answer.error_code, message);
    case ErrorCode::kUnknownProducerId:
    case ErrorCode::kInvalidProducerEpoch:
      // The broker has forgotten us (retention, deleted records): go on in a new epoch.
      p.needs_bump = config_.idempotence;
      if (config_.idempotence) return requeue(p, batch, now() + ms(config_.retry_backoff_ms));
      break;
    default:
      break;
  }
  retry_or_fail(p, batch, answer.error_code, message);
}

void Producer::retry_or_fail(Partition& p, const BatchPtr& batch, ErrorCode code, const std::string& message) {
  if (metadata_stale(code)) client_.request_metadata();
  const TimePoint at = now();
  const bool late = at - batch->created >= ms(config_.delivery_timeout_ms);
  const bool sequence_gap = config_.idempotence && code == ErrorCode::kOutOfOrderSequenceNumber;
  const bool retriable = kafka::error_retriable(code) || sequence_gap;
  if (retriable && !late && config_.acks != 0 && batch->attempts <= config_.retries) {
    log_.debug("Got error produce response on topic-partition {}, retrying. Error: {}", p.tp.text(),
               kafka::error_name(code));
    return requeue(p, batch, at + ms(config_.retry_backoff_ms));
  }
  if (retriable && late) return finish_expired(p, batch);
  const std::string text = message.empty() ? std::string(kafka::error_message(code)) : message;
  finish(p, batch, code, std::string(kafka::error_exception(code)), text, -1);
}

// Whether no batch with an earlier sequence is under way or waits to be sent again.
bool Producer::oldest(const Partition& p, const Batch& batch) {
  const auto earlier = [&](const BatchPtr& other) {
    return other->base_sequence != kafka::kNoSequence && before(other->base_sequence, batch.base_sequence);
  };
  return std::none_of(p.in_flight.begin(), p.in_flight.end(), earlier) &&
         std::none_of(p.queue.begin(), p.queue.end(), earlier);
}

// Back to the front of the queue, in order of sequence among those that came back.
void Producer::requeue(Partition& p, const BatchPtr& batch, TimePoint not_before) {
  std::erase(p.in_flight, batch);
  batch->not_before = not_before;
  auto at = p.queue.begin();
  if (config_.idempotence) {
    while (at != p.queue.end() && batch->base_sequence != kafka::kNoSequence &&
           (*at)->base_sequence != kafka::kNoSequence && before((*at)->base_sequence, batch->base_sequence)) {
      ++at;
    }
  }
  p.queue.insert(at, batch);
  arm(not_before);
}

// A batch that the broker finds too large goes again as two halves, with the same sequences.
bool Producer::split(Partition& p, const BatchPtr& batch) {
  kafka::Decompressor decompressor;
  auto body = kafka::uncompressed_body(batch->bytes, decompressor, size_t{1} << 30);
  if (!body) return false;
  const kafka::BatchView view(batch->bytes.bytes());
  kafka::RecordIterator records(view, body->bytes());
  std::erase(p.in_flight, batch);
  std::vector<BatchPtr> halves;
  const size_t half = (batch->records.size() + 1) / 2;
  kafka::RecordView record;
  for (size_t i = 0; records.next(record); ++i) {
    if (i == 0 || i == half) {
      auto next = std::make_shared<Batch>();
      next->builder = std::make_unique<kafka::BatchBuilder>(kafka::BatchOptions{.codec = config_.codec});
      next->created = batch->created;
      next->closed = true;
      if (config_.idempotence) {
        next->base_sequence = kafka::increment_sequence(batch->base_sequence, static_cast<int32_t>(i));
        next->epoch = batch->epoch;
        next->producer_id = batch->producer_id;
      }
      halves.push_back(std::move(next));
    }
    Batch& target = *halves.back();
    target.builder->append_view(static_cast<int32_t>(target.records.size()), record);
    target.records.push_back(batch->records[i]);
  }
  for (size_t i = 0; i < halves.size(); ++i) halves[i]->size = i == 0 ? batch->size / 2 : batch->size - batch->size / 2;
  for (auto it = halves.rbegin(); it != halves.rend(); ++it) p.queue.push_front(*it);
  return true;
}

void Producer::finish(Partition& p, const BatchPtr& batch, ErrorCode code, std::string exception, std::string message,
                      Offset base_offset) {
  std::erase(p.in_flight, batch);
  const bool failed = !exception.empty();
  // Its sequence may or may not have reached the broker: those behind it cannot go on in this epoch.
  if (failed && config_.idempotence && batch->base_sequence != kafka::kNoSequence) p.needs_bump = true;
  Delivery d{p.tp.topic,  p.tp.partition,           code, std::move(exception), std::move(message),
             base_offset, std::move(batch->records)};
  const size_t count = d.records.size();
  auto alive = alive_;
  if (listener_) listener_(d);
  if (*alive) released(batch->size, count);
}

void Producer::finish_expired(Partition& p, const BatchPtr& batch) {
  const int64_t waited = (now() - batch->created).count() / 1'000'000;
  std::string text = "Expiring " + std::to_string(batch->records.size()) + " record(s) for " + p.tp.text() + ":" +
                     std::to_string(waited) + " ms has passed since batch creation";
  finish(p, batch, ErrorCode::kRequestTimedOut, "org.apache.kafka.common.errors.TimeoutException", std::move(text), -1);
}

// KIP-91: what was not delivered in delivery.timeout.ms since its batch was made has failed.
void Producer::expire_batches() {
  const TimePoint at = now();
  TimePoint next = TimePoint::max();
  std::vector<std::pair<Partition*, BatchPtr>> expired;
  for (auto& [name, t] : topics_) {
    for (auto& p : t->partitions) {
      while (!p->queue.empty()) {
        const TimePoint deadline = p->queue.front()->created + ms(config_.delivery_timeout_ms);
        if (deadline > at) {
          next = std::min(next, deadline);
          break;
        }
        expired.emplace_back(p.get(), p->queue.front());
        p->queue.pop_front();
      }
    }
  }
  if (next != TimePoint::max()) arm(next);
  auto alive = alive_;
  for (auto& [p, batch] : expired) {
    finish_expired(*p, batch);
    if (!*alive) return;
  }
}

void Producer::init_producer_id() {
  if (init_running_ || outstanding_ == 0) return;
  if (now() < init_not_before_) return arm(init_not_before_);
  const BrokerId node = client_.pick_node();
  init_not_before_ = now() + ms(config_.retry_backoff_ms);
  if (node == kLeastLoaded) return arm(init_not_before_);
  init_running_ = true;
  kafka::InitProducerIdRequest request;
  request.transactional_id = std::nullopt;  // the field's own default is "", which brokers refuse
  request.transaction_timeout_ms = INT32_MAX;
  client_.send<kafka::InitProducerIdRequest, kafka::InitProducerIdResponse>(
      node, std::move(request), {}, [this, alive = alive_](Result<kafka::InitProducerIdResponse> response, int16_t) {
        if (!*alive) return;
        init_running_ = false;
        if (response && response->error_code == ErrorCode::kNone) {
          producer_id_ = response->producer_id;
          epoch_ = response->producer_epoch;
          log_.info("ProducerId set to {} with epoch {}", producer_id_, epoch_);
        } else if (response && !kafka::error_retriable(response->error_code)) {
          // Nothing can be sent at all: every batch fails with it, and the next ones try again.
          std::vector<std::pair<Partition*, BatchPtr>> all;
          for (auto& [name, t] : topics_) {
            for (auto& p : t->partitions) {
              for (auto& batch : p->queue) all.emplace_back(p.get(), batch);
              p->queue.clear();
            }
          }
          for (auto& [p, batch] : all) {
            finish(*p, batch, response->error_code, std::string(kafka::error_exception(response->error_code)),
                   std::string(kafka::error_message(response->error_code)), -1);
            if (!*alive) return;
          }
        }
        schedule_pump();
      });
}

}  // namespace kz::client
