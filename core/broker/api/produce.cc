// Produce: appends one batch to each partition. Source: KafkaApis.handleProduceRequest, ReplicaManager.appendRecords
// @ 3.4.0. Budget: 8.5 us for a one-record request, decoding and encoding included; the batch is never copied.
#include "core/kafka/message/produce.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/broker/api/handlers.h"
#include "core/kafka/record/batch.h"

namespace kz::broker {

using kafka::ErrorCode;
using kafka::ProduceRequest;
using kafka::ProduceResponse;

namespace {

// AdminUtils.AdminClientId: the one client id that may write to internal topics.
constexpr std::string_view kAdminClientId = "__admin_client";

struct Pending {
  RequestContext context;
  ProduceResponse response;  // complete but for the outcomes
  bool no_acks = false;
};

void fill(ProduceResponse::PartitionProduceResponse& to, AppendOutcome& from) {
  to.error_code = from.code;
  to.base_offset = from.base_offset;
  to.log_append_time_ms = from.log_append_time_ms;
  to.log_start_offset = from.log_start_offset;
  if (from.code == ErrorCode::kNone) return;
  if (!from.message.empty()) to.error_message = std::move(from.message);
  to.record_errors.reserve(from.record_errors.size());
  for (RecordError& error : from.record_errors) {
    to.record_errors.push_back({error.batch_index, std::move(error.message)});
  }
}

void finish(Pending& pending, std::vector<AppendOutcome> outcomes) {
  bool failed = false;
  size_t i = 0;
  for (auto& topic : pending.response.responses) {
    for (auto& partition : topic.partition_responses) {
      failed = failed || outcomes[i].code != ErrorCode::kNone;
      fill(partition, outcomes[i++]);
    }
  }
  if (!pending.no_acks) {
    pending.context.respond(pending.response);
  } else if (failed) {
    // The producer waits for no answer; a closed connection is all it can notice.
    pending.context.close();
  } else {
    pending.context.no_response();
  }
}

bool has_transactional_batch(const ProduceRequest& request) {
  for (const auto& topic : request.topic_data) {
    for (const auto& partition : topic.partition_data) {
      if (!partition.records || partition.records->size() < kafka::kBatchHeaderSize) continue;
      const kafka::BatchView batch(partition.records->bytes());
      if (batch.magic() == 2 && batch.transactional()) return true;
    }
  }
  return false;
}

// Answers every partition with one code.
void refuse(RequestContext& context, const ProduceRequest& request, ErrorCode code) {
  if (request.acks == 0) {
    context.close();
    return;
  }
  ProduceResponse response;
  for (const auto& topic : request.topic_data) {
    auto& out = response.responses.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partition_data) {
      auto& p = out.partition_responses.emplace_back();
      p.index = partition.index;
      p.error_code = code;
      p.base_offset = -1;
    }
  }
  context.respond(response);
}

}  // namespace

void handle_produce(Broker& broker, RequestContext& context, ProduceRequest&& request) {
  if (request.transactional_id || has_transactional_batch(request)) {
    // Transactions are not served: the one error that every client reports as final, with the id in its message.
    refuse(context, request, ErrorCode::kTransactionalIdAuthorizationFailed);
    return;
  }
  if (request.acks < -1 || request.acks > 1) {
    refuse(context, request, ErrorCode::kInvalidRequiredAcks);
    return;
  }

  AppendOptions options;
  options.acks = request.acks;
  options.timeout = ms(std::max(request.timeout_ms, 0));
  options.produce_version = context.version();
  options.internal_topics_allowed = context.header().client_id == kAdminClientId;

  auto pending = std::make_shared<Pending>(Pending{context.respond_later(), {}, request.acks == 0});
  std::vector<AppendEntry> entries;
  entries.reserve(request.topic_data.size() == 1 ? request.topic_data.front().partition_data.size() : 16);
  auto& responses = pending->response.responses;
  responses.reserve(request.topic_data.size());
  for (auto& topic : request.topic_data) {
    auto& out = responses.emplace_back();
    out.name = std::move(topic.name);
    out.partition_responses.resize(topic.partition_data.size());
    for (size_t i = 0; i < topic.partition_data.size(); ++i) {
      auto& partition = topic.partition_data[i];
      out.partition_responses[i].index = partition.index;
      entries.push_back({out.name, partition.index, partition.records ? std::move(*partition.records) : Slice{}});
    }
  }
  const Now now = pending->context.now();
  Executor& reactor = pending->context.reactor();
  broker.replicas().append(reactor, options, std::move(entries), now,
                           [pending](std::vector<AppendOutcome> outcomes) { finish(*pending, std::move(outcomes)); });
}

}  // namespace kz::broker
