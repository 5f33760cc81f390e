#include "core/kafka/message/describe_client_quotas.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeClientQuotasRequest)
KZ_RESPONSE(DescribeClientQuotasResponse)

}  // namespace kz::kafka
