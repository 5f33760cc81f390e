// DescribeGroups. Source: KafkaApis.handleDescribeGroupRequest @ 3.4.0.
#include "core/kafka/message/describe_groups.h"

#include "core/broker/api/group_handlers.h"
#include "core/broker/authorized_operations.h"

namespace kz::broker {

void handle_describe_groups(GroupCoordinator& groups, RequestContext& context, kafka::DescribeGroupsRequest&& request) {
  kafka::DescribeGroupsResponse response;
  for (std::string& id : request.groups) {
    GroupCoordinator::Description described = groups.describe(id);
    auto& out = response.groups.emplace_back();
    out.error_code = described.error;
    out.group_id = std::move(id);
    out.group_state = std::move(described.state);
    out.protocol_type = std::move(described.protocol_type);
    out.protocol_data = std::move(described.protocol);
    for (auto& m : described.members) {
      out.members.push_back({std::move(m.id), std::move(m.instance_id), std::move(m.client_id),
                             std::move(m.client_host), std::move(m.metadata), std::move(m.assignment)});
    }
    if (request.include_authorized_operations && out.error_code == kafka::ErrorCode::kNone) {
      out.authorized_operations = kGroupOperations;
    }
  }
  context.respond(response);
}

}  // namespace kz::broker
