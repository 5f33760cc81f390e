#include "core/kafka/message/offset_commit.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(OffsetCommitRequest)
KZ_RESPONSE(OffsetCommitResponse)

}  // namespace kz::kafka
