#include "core/kafka/message/describe_producers.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeProducersRequest)
KZ_RESPONSE(DescribeProducersResponse)

}  // namespace kz::kafka
