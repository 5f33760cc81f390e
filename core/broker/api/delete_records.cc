// DeleteRecords: raises the log start offset. Alone in its ISR, the leader's low watermark is its own log start, so the
// answer needs no wait. Source: KafkaApis.handleDeleteRecordsRequest, ReplicaManager.deleteRecords @ 3.4.0; KIP-107.
#include "core/kafka/message/delete_records.h"

#include <utility>

#include "core/broker/api/handlers.h"

namespace kz::broker {

using kafka::ErrorCode;

void handle_delete_records(Broker& broker, RequestContext& context, kafka::DeleteRecordsRequest&& request) {
  kafka::DeleteRecordsResponse response;
  for (auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    for (const auto& asked : topic.partitions) {
      auto& p = out.partitions.emplace_back();
      p.partition_index = asked.partition_index;
      p.low_watermark = -1;
      if (is_internal_topic(topic.name)) {
        p.error_code = ErrorCode::kInvalidTopicException;
        continue;
      }
      const auto partition = broker.replicas().find_or_error(topic.name, asked.partition_index);
      if (!partition) {
        p.error_code = partition.error();
        continue;
      }
      const auto low = (*partition)->delete_records_before(asked.offset);
      if (low) {
        p.low_watermark = *low;
      } else {
        p.error_code = low.error();
      }
    }
    out.name = std::move(topic.name);
  }
  context.respond(response);
}

}  // namespace kz::broker
