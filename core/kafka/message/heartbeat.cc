#include "core/kafka/message/heartbeat.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(HeartbeatRequest)
KZ_RESPONSE(HeartbeatResponse)

}  // namespace kz::kafka
