#include "core/kafka/message/txn_offset_commit.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(TxnOffsetCommitRequest)
KZ_RESPONSE(TxnOffsetCommitResponse)

}  // namespace kz::kafka
