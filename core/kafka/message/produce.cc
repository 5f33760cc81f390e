#include "core/kafka/message/produce.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ProduceRequest)
KZ_RESPONSE(ProduceResponse)

}  // namespace kz::kafka
