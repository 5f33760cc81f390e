#include "core/broker/fetch_operation.h"

#include <algorithm>
#include <utility>

namespace kz::broker {

using kafka::ErrorCode;

FetchOperation::FetchOperation(Broker& broker, RequestContext context, kafka::FetchRequest request, Options options)
    : DelayedOperation(context.reactor()),
      broker_(broker),
      context_(std::move(context)),
      request_(std::move(request)),
      options_(options),
      conn_(context_.connection().id) {}

void FetchOperation::run(std::shared_ptr<FetchOperation> operation) {
  FetchOperation& op = *operation;
  op.resolve();
  op.read_all();
  const bool any = std::ranges::any_of(op.slots_, [](const Slot& s) { return !s.unresolved; });
  if (op.request_.max_wait_ms <= 0 || !any || op.enough()) {
    op.answer();
    return;
  }
  op.waiting_ = true;
  op.set_wanted_bytes(op.options_.min_bytes - op.readable_bytes_);
  for (const Slot& slot : op.slots_) {
    if (slot.partition) slot.partition->add_waiter(op.conn_, operation);
  }
  op.broker_.set_pending(op.conn_, operation);
  op.start(ms(op.request_.max_wait_ms));
}

void FetchOperation::resolve() {
  const bool by_id = context_.version() >= 13;
  const MetadataImagePtr image = by_id ? broker_.image() : nullptr;
  size_t count = 0;
  for (const auto& topic : request_.topics) count += topic.partitions.size();
  slots_.reserve(count);
  for (const auto& topic : request_.topics) {
    const TopicInfo* info = by_id ? image->topic(topic.topic_id) : nullptr;
    const std::string& name = info ? info->name : topic.topic;
    for (const auto& p : topic.partitions) {
      Slot& slot = slots_.emplace_back();
      slot.read.offset = p.fetch_offset;
      slot.read.max_bytes = p.partition_max_bytes;
      slot.read.current_leader_epoch = p.current_leader_epoch;
      slot.read.last_fetched_epoch = p.last_fetched_epoch;
      slot.read.isolation = options_.isolation;
      if (by_id && !info) {
        slot.result.code = ErrorCode::kUnknownTopicId;
        slot.unresolved = true;
        continue;
      }
      auto partition = broker_.replicas().find_or_error(name, p.partition);
      if (!partition) {
        slot.result.code = partition.error();
        slot.unresolved = partition.error() == ErrorCode::kUnknownTopicOrPartition;
        continue;
      }
      // Replication: no replica other than ourselves is assigned while the broker is alone.
      if (request_.replica_id >= 0) {
        slot.result.code =
            p.current_leader_epoch >= 0 ? ErrorCode::kUnknownLeaderEpoch : ErrorCode::kNotLeaderOrFollower;
        continue;
      }
      const kafka::Uuid id = (*partition)->topic_id();
      if (by_id && !id.is_zero() && id != topic.topic_id) {
        slot.result.code = ErrorCode::kInconsistentTopicId;
        continue;
      }
      slot.partition = std::move(*partition);
    }
  }
}

void FetchOperation::read_all() {
  int64_t limit = options_.max_bytes;
  bool at_least_one = true;  // until a partition gave something: a batch above all limits must still get through
  readable_bytes_ = 0;
  must_answer_ = false;
  for (Slot& slot : slots_) {
    if (!slot.partition) {
      must_answer_ = must_answer_ || !slot.unresolved;
      continue;
    }
    PartitionReadRequest read = slot.read;
    read.max_bytes = std::min(read.max_bytes, limit);
    read.at_least_one = at_least_one;
    slot.result = slot.partition->read(read);
    const auto bytes = static_cast<int64_t>(slot.result.records.size());
    if (bytes > 0) at_least_one = false;
    limit = std::max<int64_t>(0, limit - bytes);
    readable_bytes_ += bytes;
    must_answer_ = must_answer_ || slot.result.code != ErrorCode::kNone || slot.result.diverging_epoch.has_value();
  }
}

bool FetchOperation::enough() const { return must_answer_ || readable_bytes_ >= options_.min_bytes; }

bool FetchOperation::try_complete(bool timed_out) {
  // Leadership may have moved and partitions may have gone since the last look.
  for (Slot& slot : slots_) {
    if (!slot.partition) continue;
    const TopicPartition& tp = slot.partition->topic_partition();
    const auto now = broker_.replicas().find_or_error(tp.topic, tp.partition);
    if (now && *now == slot.partition) continue;
    slot.partition->remove_waiter(conn_, this);
    slot.partition.reset();
    slot.result = {};
    slot.result.code = now ? ErrorCode::kNotLeaderOrFollower : now.error();
    slot.unresolved = false;
  }
  read_all();
  if (!timed_out && !enough()) {
    set_wanted_bytes(options_.min_bytes - readable_bytes_);
    return false;
  }
  answer();
  return true;
}

void FetchOperation::unregister() {
  if (!waiting_) return;
  for (const Slot& slot : slots_) {
    if (slot.partition) slot.partition->remove_waiter(conn_, this);
  }
  broker_.clear_pending(conn_);
}

void FetchOperation::answer() {
  kafka::FetchResponse response;
  // Versions 5 and below may not know KAFKA_STORAGE_ERROR; this one makes them refresh their metadata.
  const bool old = context_.version() <= 5;
  response.responses.reserve(request_.topics.size());
  size_t i = 0;
  for (auto& topic : request_.topics) {
    auto& out = response.responses.emplace_back();
    out.topic = std::move(topic.topic);
    out.topic_id = topic.topic_id;
    out.partitions.reserve(topic.partitions.size());
    for (const auto& p : topic.partitions) {
      PartitionRead& result = slots_[i++].result;
      auto& data = out.partitions.emplace_back();
      data.partition_index = p.partition;
      data.error_code =
          old && result.code == ErrorCode::kKafkaStorageError ? ErrorCode::kNotLeaderOrFollower : result.code;
      data.high_watermark = result.high_watermark;
      data.last_stable_offset = result.last_stable_offset;
      data.log_start_offset = result.log_start_offset;
      if (options_.isolation == FetchIsolation::kCommitted) {
        auto& aborted = data.aborted_transactions.emplace();
        for (const AbortedTxn& txn : result.aborted) aborted.push_back({txn.producer_id, txn.first_offset});
      } else {
        data.aborted_transactions.reset();
      }
      if (result.diverging_epoch) {
        data.diverging_epoch = {result.diverging_epoch->epoch, result.diverging_epoch->end_offset};
      }
      data.records = kafka::RecordsOut(std::move(result.records));
    }
  }
  context_.respond(response);
}

}  // namespace kz::broker
