#include "core/kafka/message/describe_acls.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeAclsRequest)
KZ_RESPONSE(DescribeAclsResponse)

}  // namespace kz::kafka
