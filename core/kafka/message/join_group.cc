#include "core/kafka/message/join_group.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(JoinGroupRequest)
KZ_RESPONSE(JoinGroupResponse)

}  // namespace kz::kafka
