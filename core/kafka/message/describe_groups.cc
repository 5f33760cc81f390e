#include "core/kafka/message/describe_groups.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeGroupsRequest)
KZ_RESPONSE(DescribeGroupsResponse)

}  // namespace kz::kafka
