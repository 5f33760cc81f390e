#include "core/kafka/message/leader_and_isr.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(LeaderAndIsrRequest)
KZ_RESPONSE(LeaderAndIsrResponse)

}  // namespace kz::kafka
