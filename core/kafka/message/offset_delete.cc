#include "core/kafka/message/offset_delete.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(OffsetDeleteRequest)
KZ_RESPONSE(OffsetDeleteResponse)

}  // namespace kz::kafka
