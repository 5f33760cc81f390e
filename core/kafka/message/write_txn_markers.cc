#include "core/kafka/message/write_txn_markers.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(WriteTxnMarkersRequest)
KZ_RESPONSE(WriteTxnMarkersResponse)

}  // namespace kz::kafka
