#include "core/kafka/message/add_offsets_to_txn.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AddOffsetsToTxnRequest)
KZ_RESPONSE(AddOffsetsToTxnResponse)

}  // namespace kz::kafka
