#include "core/kafka/message/list_transactions.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ListTransactionsRequest)
KZ_RESPONSE(ListTransactionsResponse)

}  // namespace kz::kafka
