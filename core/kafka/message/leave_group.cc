#include "core/kafka/message/leave_group.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(LeaveGroupRequest)
KZ_RESPONSE(LeaveGroupResponse)

}  // namespace kz::kafka
