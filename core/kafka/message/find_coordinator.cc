#include "core/kafka/message/find_coordinator.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(FindCoordinatorRequest)
KZ_RESPONSE(FindCoordinatorResponse)

}  // namespace kz::kafka
