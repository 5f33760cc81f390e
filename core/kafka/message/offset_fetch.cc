#include "core/kafka/message/offset_fetch.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(OffsetFetchRequest)
KZ_RESPONSE(OffsetFetchResponse)

}  // namespace kz::kafka
