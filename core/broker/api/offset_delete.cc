// OffsetDelete. Source: KafkaApis.handleOffsetDeleteRequest @ 3.4.0; KIP-496.
#include "core/kafka/message/offset_delete.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

using kafka::ErrorCode;
using kafka::OffsetDeleteRequest;
using kafka::OffsetDeleteResponse;

void handle_offset_delete(Broker& broker, GroupCoordinator& groups, RequestContext& context,
                          OffsetDeleteRequest&& request) {
  const MetadataImagePtr image = broker.image();
  std::vector<TopicPartition> known;
  for (const auto& topic : request.topics) {
    for (const auto& p : topic.partitions) {
      const PartitionInfo* info = image->partition(topic.name, p.partition_index);
      if (info && !info->replicas.empty()) known.push_back({topic.name, p.partition_index});
    }
  }
  OffsetCodes codes;
  OffsetDeleteResponse response;
  response.error_code = groups.remove_offsets(request.group_id, known, caller(context), codes);
  if (response.error_code == ErrorCode::kNone) {
    for (const auto& topic : request.topics) {
      auto& out = response.topics.emplace_back();
      out.name = topic.name;
      for (const auto& p : topic.partitions) {
        const auto it = codes.find({topic.name, p.partition_index});
        out.partitions.push_back(
            {p.partition_index, it == codes.end() ? ErrorCode::kUnknownTopicOrPartition : it->second});
      }
    }
  }
  context.respond(response);
}

}  // namespace kz::broker
