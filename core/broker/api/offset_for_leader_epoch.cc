// OffsetForLeaderEpoch: where a leader epoch ended, so that a reader can tell lost offsets from kept ones.
// Source: ReplicaManager.lastOffsetForLeaderEpoch, Partition.lastOffsetForLeaderEpoch @ 3.4.0; KIP-101, KIP-320.
#include "core/kafka/message/offset_for_leader_epoch.h"

#include <utility>

#include "core/broker/api/handlers.h"

namespace kz::broker {

void handle_offset_for_leader_epoch(Broker& broker, RequestContext& context,
                                    kafka::OffsetForLeaderEpochRequest&& request) {
  kafka::OffsetForLeaderEpochResponse response;
  for (auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    for (const auto& asked : topic.partitions) {
      auto& p = out.partitions.emplace_back();
      p.partition = asked.partition;
      const auto partition = broker.replicas().find_or_error(topic.topic, asked.partition);
      if (!partition) {
        p.error_code = partition.error();
        continue;
      }
      const auto end = (*partition)->end_offset_for_epoch(asked.current_leader_epoch, asked.leader_epoch);
      if (!end) {
        p.error_code = end.error();
        continue;
      }
      p.leader_epoch = end->epoch;
      p.end_offset = end->end_offset;
    }
    out.topic = std::move(topic.topic);
  }
  context.respond(response);
}

}  // namespace kz::broker
