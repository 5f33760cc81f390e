#include "core/kafka/message/describe_configs.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeConfigsRequest)
KZ_RESPONSE(DescribeConfigsResponse)

}  // namespace kz::kafka
