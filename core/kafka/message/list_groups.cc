#include "core/kafka/message/list_groups.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ListGroupsRequest)
KZ_RESPONSE(ListGroupsResponse)

}  // namespace kz::kafka
