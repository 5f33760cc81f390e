#include "core/client/cluster.h"

namespace kz::client {

TopicInfo topic_info(const kafka::MetadataResponse::MetadataResponseTopic& topic) {
  TopicInfo info;
  info.error = topic.error_code;
  info.id = topic.topic_id;
  info.internal = topic.is_internal;
  for (const auto& p : topic.partitions) {
    info.partitions[p.partition_index] = {p.error_code,    p.leader_id, p.leader_epoch,
                                          p.replica_nodes, p.isr_nodes, p.offline_replicas};
  }
  return info;
}

Cluster cluster_from(const kafka::MetadataResponse& response) {
  Cluster cluster;
  cluster.id = response.cluster_id.value_or("");
  cluster.controller = response.controller_id;
  for (const auto& b : response.brokers) {
    cluster.nodes[b.node_id] = {b.node_id, b.host, static_cast<uint16_t>(b.port), b.rack};
  }
  for (const auto& t : response.topics) {
    if (t.name) cluster.topics[*t.name] = topic_info(t);
  }
  return cluster;
}

}  // namespace kz::client
