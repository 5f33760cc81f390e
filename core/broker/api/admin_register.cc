// Which versions the controller's side serves, the group coordinator's included.
#include "core/broker/api/admin_handlers.h"
#include "core/broker/api/group_handlers.h"
#include "core/kafka/message/alter_configs.h"
#include "core/kafka/message/create_partitions.h"
#include "core/kafka/message/create_topics.h"
#include "core/kafka/message/delete_topics.h"
#include "core/kafka/message/elect_leaders.h"
#include "core/kafka/message/incremental_alter_configs.h"

namespace kz::broker {

void register_admin_handlers(Broker& broker, ClusterMember& member) {
  AdminManager& admin = member.admin();
  Controller& controller = member.controller();
  broker.register_handler<kafka::CreateTopicsRequest>([&admin](Broker& b, RequestContext& c, auto&& request) {
    handle_create_topics(b, admin, c, std::forward<decltype(request)>(request));
  });
  broker.register_handler<kafka::DeleteTopicsRequest>([&admin](Broker& b, RequestContext& c, auto&& request) {
    handle_delete_topics(b, admin, c, std::forward<decltype(request)>(request));
  });
  broker.register_handler<kafka::CreatePartitionsRequest>([&admin](Broker&, RequestContext& c, auto&& request) {
    handle_create_partitions(admin, c, std::forward<decltype(request)>(request));
  });
  broker.register_handler<kafka::AlterConfigsRequest>([&admin](Broker&, RequestContext& c, auto&& request) {
    handle_alter_configs(admin, c, std::forward<decltype(request)>(request));
  });
  broker.register_handler<kafka::IncrementalAlterConfigsRequest>([&admin](Broker&, RequestContext& c, auto&& request) {
    handle_incremental_alter_configs(admin, c, std::forward<decltype(request)>(request));
  });
  broker.register_handler<kafka::ElectLeadersRequest>([&controller](Broker&, RequestContext& c, auto&& request) {
    handle_elect_leaders(controller, c, std::forward<decltype(request)>(request));
  });
  register_group_handlers(broker, member.groups());
}

}  // namespace kz::broker
