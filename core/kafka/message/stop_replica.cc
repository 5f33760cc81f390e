#include "core/kafka/message/stop_replica.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(StopReplicaRequest)
KZ_RESPONSE(StopReplicaResponse)

}  // namespace kz::kafka
