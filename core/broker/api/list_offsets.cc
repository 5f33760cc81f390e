// ListOffsets: first, last, by timestamp. Source: KafkaApis.handleListOffsetRequest, Partition.fetchOffsetForTimestamp,
// Partition.legacyFetchOffsetsForTimestamp @ 3.4.0.
#include "core/kafka/message/list_offsets.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/broker/api/handlers.h"

namespace kz::broker {

using kafka::ErrorCode;
using RequestPartition = kafka::ListOffsetsRequest::ListOffsetsPartition;
using ResponsePartition = kafka::ListOffsetsResponse::ListOffsetsPartitionResponse;

namespace {

constexpr int32_t kConsumerReplica = -1;
constexpr int64_t kMaxTimestamp = -3;

std::optional<FetchIsolation> isolation_of(const kafka::ListOffsetsRequest& request) {
  if (request.replica_id != kConsumerReplica) return std::nullopt;
  return request.isolation_level == 1 ? FetchIsolation::kCommitted : FetchIsolation::kHighWatermark;
}

void look_up(const Partition& partition, const kafka::ListOffsetsRequest& request, const RequestPartition& asked,
             int16_t version, ResponsePartition& out) {
  // Below version 7 a client cannot mean -3, and Java answers as for any timestamp before all records.
  if (asked.timestamp == kMaxTimestamp && version < 7) {
    out.error_code = ErrorCode::kUnsupportedVersion;
    return;
  }
  const auto found = partition.offset_for_timestamp(asked.timestamp, isolation_of(request), asked.current_leader_epoch);
  if (!found) {
    out.error_code = found.error();
    if (found.error() == ErrorCode::kOffsetNotAvailable && version < 5) out.error_code = ErrorCode::kLeaderNotAvailable;
    return;
  }
  if (!*found) return;  // none: -1, no error
  out.timestamp = (*found)->timestamp;
  out.offset = (*found)->offset;
  out.leader_epoch = (*found)->leader_epoch;
}

}  // namespace

void handle_list_offsets(Broker& broker, RequestContext& context, kafka::ListOffsetsRequest&& request) {
  kafka::ListOffsetsResponse response;
  std::set<std::pair<std::string, int32_t>> seen;
  std::set<std::pair<std::string, int32_t>> duplicates;
  for (const auto& topic : request.topics) {
    for (const auto& p : topic.partitions) {
      if (!seen.emplace(topic.name, p.partition_index).second) duplicates.emplace(topic.name, p.partition_index);
    }
  }
  for (auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    for (const auto& asked : topic.partitions) {
      auto& p = out.partitions.emplace_back();
      p.partition_index = asked.partition_index;
      if (context.version() > 0 && duplicates.contains({topic.name, asked.partition_index})) {
        p.error_code = ErrorCode::kInvalidRequest;
        continue;
      }
      const auto partition = broker.replicas().find_or_error(topic.name, asked.partition_index);
      if (!partition) {
        p.error_code = partition.error();
        continue;
      }
      look_up(**partition, request, asked, context.version(), p);
    }
    out.name = std::move(topic.name);
  }
  context.respond(response);
}

}  // namespace kz::broker
