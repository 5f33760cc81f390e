#include "core/kafka/message/init_producer_id.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(InitProducerIdRequest)
KZ_RESPONSE(InitProducerIdResponse)

}  // namespace kz::kafka
