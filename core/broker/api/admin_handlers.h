// The request handlers of the controller's side: topics, configurations, elections. Registered with what they act on.
#pragma once
#include "core/broker/cluster_member.h"
#include "core/broker/service.h"

namespace kz::kafka {
struct AlterConfigsRequest;
struct CreatePartitionsRequest;
struct CreateTopicsRequest;
struct DeleteTopicsRequest;
struct ElectLeadersRequest;
struct IncrementalAlterConfigsRequest;
}  // namespace kz::kafka

namespace kz::broker {

void handle_create_topics(Broker& broker, AdminManager& admin, RequestContext& context,
                          kafka::CreateTopicsRequest&& request);
void handle_delete_topics(Broker& broker, AdminManager& admin, RequestContext& context,
                          kafka::DeleteTopicsRequest&& request);
void handle_create_partitions(AdminManager& admin, RequestContext& context, kafka::CreatePartitionsRequest&& request);
void handle_alter_configs(AdminManager& admin, RequestContext& context, kafka::AlterConfigsRequest&& request);
void handle_incremental_alter_configs(AdminManager& admin, RequestContext& context,
                                      kafka::IncrementalAlterConfigsRequest&& request);
void handle_elect_leaders(Controller& controller, RequestContext& context, kafka::ElectLeadersRequest&& request);

// Registers all of the above and the group coordinator's. member outlives the broker's last request.
void register_admin_handlers(Broker& broker, ClusterMember& member);

}  // namespace kz::broker
