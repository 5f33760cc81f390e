#include "core/kafka/message/end_txn.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(EndTxnRequest)
KZ_RESPONSE(EndTxnResponse)

}  // namespace kz::kafka
