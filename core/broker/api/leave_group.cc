// LeaveGroup. Source: KafkaApis.handleLeaveGroupRequest, LeaveGroupResponse.java @ 3.4.0.
#include "core/kafka/message/leave_group.h"

#include "core/broker/api/group_handlers.h"

namespace kz::broker {

void handle_leave_group(GroupCoordinator& groups, RequestContext& context, kafka::LeaveGroupRequest&& request) {
  std::vector<MemberIdentity> members;
  if (context.version() <= 2) {
    members.push_back({std::move(request.member_id), {}, {}});
  } else {
    for (auto& m : request.members) {
      members.push_back({std::move(m.member_id), std::move(m.group_instance_id), std::move(m.reason)});
    }
  }
  std::vector<kafka::ErrorCode> codes;
  kafka::LeaveGroupResponse response;
  response.error_code = groups.leave(request.group_id, members, caller(context), codes);
  if (context.version() <= 2) {
    // One member, one code.
    if (response.error_code == kafka::ErrorCode::kNone && !codes.empty()) response.error_code = codes[0];
  } else if (response.error_code == kafka::ErrorCode::kNone) {
    for (size_t i = 0; i < members.size(); ++i) {
      response.members.push_back({std::move(members[i].member_id), std::move(members[i].instance_id), codes[i]});
    }
  }
  context.respond(response);
}

}  // namespace kz::broker
