// DescribeCluster: brokers and controller without topics. Source: KafkaApis.handleDescribeCluster @ 3.4.0; KIP-700.
#include "core/kafka/message/describe_cluster.h"

#include "core/broker/api/handlers.h"
#include "core/broker/authorized_operations.h"

namespace kz::broker {

void handle_describe_cluster(Broker& broker, RequestContext& context, kafka::DescribeClusterRequest&& request) {
  kafka::DescribeClusterResponse response;
  const MetadataImagePtr image = broker.image();
  response.cluster_id = broker.cluster_id();
  response.controller_id = image->controller_id();
  for (const auto& [id, info] : image->brokers()) {
    const Endpoint* endpoint = info.endpoint(context.connection().listener);
    if (endpoint) response.brokers.push_back({id, endpoint->host, endpoint->port, info.rack});
  }
  if (request.include_cluster_authorized_operations) response.cluster_authorized_operations = kClusterOperations;
  context.respond(response);
}

}  // namespace kz::broker
