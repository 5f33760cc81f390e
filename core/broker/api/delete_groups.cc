// DeleteGroups. Source: KafkaApis.handleDeleteGroupsRequest @ 3.4.0; KIP-229.
#include "core/kafka/message/delete_groups.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

void handle_delete_groups(GroupCoordinator& groups, RequestContext& context, kafka::DeleteGroupsRequest&& request) {
  kafka::DeleteGroupsResponse response;
  for (std::string& id : request.groups_names) {
    const kafka::ErrorCode code = groups.remove(id, caller(context));
    response.results.push_back({std::move(id), code});
  }
  context.respond(response);
}

}  // namespace kz::broker
