#include "core/kafka/message/describe_cluster.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeClusterRequest)
KZ_RESPONSE(DescribeClusterResponse)

}  // namespace kz::kafka
