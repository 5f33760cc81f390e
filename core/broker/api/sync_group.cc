// SyncGroup. Source: KafkaApis.handleSyncGroupRequest @ 3.4.0.
#include "core/kafka/message/sync_group.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

void handle_sync_group(GroupCoordinator& groups, RequestContext& context, kafka::SyncGroupRequest&& request) {
  // Mandatory from v5 on (KIP-559).
  if (context.version() >= 5 && (!request.protocol_type || !request.protocol_name)) {
    kafka::SyncGroupResponse response;
    response.error_code = kafka::ErrorCode::kInconsistentGroupProtocol;
    context.respond(response);
    return;
  }
  SyncInput input;
  input.member_id = std::move(request.member_id);
  input.instance_id = std::move(request.group_instance_id);
  input.generation = request.generation_id;
  input.protocol_type = std::move(request.protocol_type);
  input.protocol_name = std::move(request.protocol_name);
  for (auto& a : request.assignments) input.assignment[a.member_id] = std::move(a.assignment);
  const GroupCoordinator::Caller from = caller(context);
  auto later = std::make_shared<RequestContext>(context.respond_later());
  groups.sync(request.group_id, std::move(input), from, [later](SyncResult result) {
    kafka::SyncGroupResponse response;
    response.error_code = result.error;
    response.protocol_type = std::move(result.protocol_type);
    response.protocol_name = std::move(result.protocol_name);
    response.assignment = std::move(result.assignment);
    later->respond(response);
  });
}

}  // namespace kz::broker
