// ListGroups. Source: KafkaApis.handleListGroupsRequest @ 3.4.0; KIP-518 (states, v4).
#include "core/kafka/message/list_groups.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

void handle_list_groups(GroupCoordinator& groups, RequestContext& context, kafka::ListGroupsRequest&& request) {
  std::vector<GroupCoordinator::Overview> all;
  kafka::ListGroupsResponse response;
  response.error_code = groups.list(request.states_filter, all);
  for (GroupCoordinator::Overview& one : all) {
    response.groups.push_back(
        {std::move(one.id), std::move(one.protocol_type), std::string(group_state_name(one.state))});
  }
  context.respond(response);
}

}  // namespace kz::broker
