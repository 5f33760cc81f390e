// OffsetFetch. Source: KafkaApis.handleOffsetFetchRequest @ 3.4.0; KIP-88 (all topics, v2), KIP-447 (stable offsets,
// v7), KIP-709 (several groups, v8). Version 0, which old brokers read from ZooKeeper, reads __consumer_offsets.
#include "core/kafka/message/offset_fetch.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

using kafka::ErrorCode;
using kafka::OffsetFetchRequest;
using kafka::OffsetFetchResponse;

namespace {

using Fetched = std::map<TopicPartition, GroupCoordinator::FetchedOffset>;

// Both shapes of the request: lists of {name, partition_indexes}, or none for everything.
template <class Topics>
std::optional<std::vector<TopicPartition>> wanted(const std::optional<Topics>& topics) {
  if (!topics) return std::nullopt;
  std::vector<TopicPartition> out;
  for (const auto& topic : *topics) {
    for (const int32_t p : topic.partition_indexes) out.push_back({topic.name, p});
  }
  return out;
}

template <class Topic>
std::vector<Topic> shape(const Fetched& fetched) {
  std::vector<Topic> out;
  for (const auto& [tp, one] : fetched) {
    if (out.empty() || out.back().name != tp.topic) out.emplace_back().name = tp.topic;
    auto& p = out.back().partitions.emplace_back();
    p.partition_index = tp.partition;
    p.committed_offset = one.value.offset;
    p.committed_leader_epoch = one.value.leader_epoch;
    p.metadata = one.value.metadata;
    p.error_code = one.error;
  }
  return out;
}

}  // namespace

void handle_offset_fetch(GroupCoordinator& groups, RequestContext& context, OffsetFetchRequest&& request) {
  OffsetFetchResponse response;
  const int16_t version = context.version();
  if (version >= 8) {
    for (auto& group : request.groups) {
      Fetched fetched;
      auto& out = response.groups.emplace_back();
      out.error_code = groups.fetch(group.group_id, wanted(group.topics), request.require_stable, fetched);
      out.group_id = std::move(group.group_id);
      if (out.error_code == ErrorCode::kNone) {
        out.topics = shape<OffsetFetchResponse::OffsetFetchResponseTopics>(fetched);
      }
    }
    context.respond(response);
    return;
  }
  const auto partitions = wanted(request.topics);
  Fetched fetched;
  const ErrorCode error = groups.fetch(request.group_id, partitions, request.require_stable, fetched);
  if (error != ErrorCode::kNone) {
    // Before v2 there is no place for an error of the group: each partition carries it.
    fetched.clear();
    if (version < 2 && partitions) {
      for (const TopicPartition& tp : *partitions) fetched[tp].error = error;
    }
    response.error_code = error;
  }
  response.topics = shape<OffsetFetchResponse::OffsetFetchResponseTopic>(fetched);
  context.respond(response);
}

}  // namespace kz::broker
