#include "core/kafka/message/offset_for_leader_epoch.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(OffsetForLeaderEpochRequest)
KZ_RESPONSE(OffsetForLeaderEpochResponse)

}  // namespace kz::kafka
