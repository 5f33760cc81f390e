#include "core/kafka/message/describe_transactions.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeTransactionsRequest)
KZ_RESPONSE(DescribeTransactionsResponse)

}  // namespace kz::kafka
