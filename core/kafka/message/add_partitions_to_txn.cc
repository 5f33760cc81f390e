#include "core/kafka/message/add_partitions_to_txn.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AddPartitionsToTxnRequest)
KZ_RESPONSE(AddPartitionsToTxnResponse)

}  // namespace kz::kafka
