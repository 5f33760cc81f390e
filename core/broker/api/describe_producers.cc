// DescribeProducers: the producer ids that partitions remember. Source: KafkaApis.handleDescribeProducersRequest,
// ReplicaManager.activeProducerState @ 3.4.0; KIP-664.
#include "core/kafka/message/describe_producers.h"

#include <utility>

#include "core/broker/api/handlers.h"
#include "core/broker/topic_name.h"

namespace kz::broker {

using kafka::ErrorCode;

void handle_describe_producers(Broker& broker, RequestContext& context, kafka::DescribeProducersRequest&& request) {
  kafka::DescribeProducersResponse response;
  for (auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    const auto problem = topic_name_problem(topic.name);
    for (const int32_t number : topic.partition_indexes) {
      auto& p = out.partitions.emplace_back();
      p.partition_index = number;
      if (problem) {
        p.error_code = ErrorCode::kInvalidTopicException;
        p.error_message = *problem;
        continue;
      }
      const auto partition = broker.replicas().find_or_error(topic.name, number);
      if (!partition) {
        p.error_code = partition.error();
        continue;
      }
      for (const ProducerEntry& entry : (*partition)->log().producers()) {
        p.active_producers.push_back({entry.producer_id, entry.producer_epoch, entry.last_sequence,
                                      entry.last_timestamp, entry.coordinator_epoch, entry.current_txn_start_offset});
      }
    }
    out.name = std::move(topic.name);
  }
  context.respond(response);
}

}  // namespace kz::broker
