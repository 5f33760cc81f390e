// OffsetCommit. Source: KafkaApis.handleOffsetCommitRequest @ 3.4.0; KIP-211. Version 0, which old brokers took to
// ZooKeeper, stores in __consumer_offsets like the others.
#include "core/kafka/message/offset_commit.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

using kafka::ErrorCode;
using kafka::OffsetCommitRequest;
using kafka::OffsetCommitResponse;

void handle_offset_commit(Broker& broker, GroupCoordinator& groups, RequestContext& context,
                          OffsetCommitRequest&& request) {
  const int64_t now_ms = context.now().wall_ms;
  const MetadataImagePtr image = broker.image();
  OffsetCommitResponse response;
  OffsetMap offsets;
  for (auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (auto& p : topic.partitions) {
      const PartitionInfo* known = image->partition(topic.name, p.partition_index);
      const bool exists = known && !known->replicas.empty();
      out.partitions.push_back({p.partition_index, exists ? ErrorCode::kNone : ErrorCode::kUnknownTopicOrPartition});
      if (!exists) continue;
      CommittedOffset value;
      value.offset = p.committed_offset;
      value.leader_epoch = p.committed_leader_epoch;
      value.metadata = std::move(p.committed_metadata).value_or("");
      value.commit_ms = p.commit_timestamp == -1 ? now_ms : p.commit_timestamp;
      if (request.retention_time_ms >= 0) value.expire_ms = now_ms + request.retention_time_ms;
      offsets[{topic.name, p.partition_index}] = std::move(value);
    }
  }
  if (offsets.empty()) {
    context.respond(response);
    return;
  }
  const GroupCoordinator::Caller from = caller(context);
  auto later = std::make_shared<RequestContext>(context.respond_later());
  groups.commit(request.group_id, request.member_id, request.group_instance_id, request.generation_id,
                std::move(offsets), from, [later, response = std::move(response)](const OffsetCodes& codes) mutable {
                  for (auto& topic : response.topics) {
                    for (auto& p : topic.partitions) {
                      if (p.error_code != ErrorCode::kNone) continue;
                      const auto it = codes.find({topic.name, p.partition_index});
                      if (it != codes.end()) p.error_code = it->second;
                    }
                  }
                  later->respond(response);
                });
}

}  // namespace kz::broker
