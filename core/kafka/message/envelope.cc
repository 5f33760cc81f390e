#include "core/kafka/message/envelope.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(EnvelopeRequest)
KZ_RESPONSE(EnvelopeResponse)

}  // namespace kz::kafka
