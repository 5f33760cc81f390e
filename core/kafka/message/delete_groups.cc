#include "core/kafka/message/delete_groups.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DeleteGroupsRequest)
KZ_RESPONSE(DeleteGroupsResponse)

}  // namespace kz::kafka
