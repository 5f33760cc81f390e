// JoinGroup. Source: KafkaApis.handleJoinGroupRequest @ 3.4.0.
#include "core/kafka/message/join_group.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

void handle_join_group(GroupCoordinator& groups, RequestContext& context, kafka::JoinGroupRequest&& request) {
  const int16_t version = context.version();
  JoinInput input;
  input.member_id = std::move(request.member_id);
  input.instance_id = std::move(request.group_instance_id);
  input.require_known_member_id = version >= 4 && !input.instance_id;
  input.supports_skipping = version >= 9;
  input.client_id = context.client_id();
  input.client_host = "/" + context.connection().client_address;
  input.session_timeout_ms = request.session_timeout_ms;
  // Version 0 knows one timeout for both.
  input.rebalance_timeout_ms = version == 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
  input.protocol_type = std::move(request.protocol_type);
  for (auto& p : request.protocols) input.protocols.emplace_back(std::move(p.name), std::move(p.metadata));
  const GroupCoordinator::Caller from = caller(context);
  auto later = std::make_shared<RequestContext>(context.respond_later());
  groups.join(request.group_id, std::move(input), from, [later, version](JoinResult result) {
    kafka::JoinGroupResponse response;
    response.error_code = result.error;
    response.generation_id = result.generation;
    response.protocol_type = std::move(result.protocol_type);
    response.protocol_name = std::move(result.protocol_name);
    if (version < 7 && !response.protocol_name) response.protocol_name = "";
    response.leader = std::move(result.leader);
    response.skip_assignment = result.skip_assignment;
    response.member_id = std::move(result.member_id);
    for (JoinResult::Member& m : result.members) {
      response.members.push_back({std::move(m.id), std::move(m.instance_id), std::move(m.metadata)});
    }
    later->respond(response);
  });
}

}  // namespace kz::broker
