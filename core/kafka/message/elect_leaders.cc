#include "core/kafka/message/elect_leaders.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ElectLeadersRequest)
KZ_RESPONSE(ElectLeadersResponse)

}  // namespace kz::kafka
