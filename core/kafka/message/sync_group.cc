#include "core/kafka/message/sync_group.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(SyncGroupRequest)
KZ_RESPONSE(SyncGroupResponse)

}  // namespace kz::kafka
