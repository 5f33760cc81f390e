// Heartbeat. Source: KafkaApis.handleHeartbeatRequest @ 3.4.0.
#include "core/kafka/message/heartbeat.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

void handle_heartbeat(GroupCoordinator& groups, RequestContext& context, kafka::HeartbeatRequest&& request) {
  kafka::HeartbeatResponse response;
  response.error_code = groups.heartbeat(request.group_id, request.member_id, request.group_instance_id,
                                         request.generation_id, caller(context));
  context.respond(response);
}

}  // namespace kz::broker
