#include "core/kafka/message/allocate_producer_ids.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AllocateProducerIdsRequest)
KZ_RESPONSE(AllocateProducerIdsResponse)

}  // namespace kz::kafka
