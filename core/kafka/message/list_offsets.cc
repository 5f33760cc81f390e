#include "core/kafka/message/list_offsets.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ListOffsetsRequest)
KZ_RESPONSE(ListOffsetsResponse)

}  // namespace kz::kafka
