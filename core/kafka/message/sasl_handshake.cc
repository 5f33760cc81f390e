#include "core/kafka/message/sasl_handshake.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(SaslHandshakeRequest)
KZ_RESPONSE(SaslHandshakeResponse)

}  // namespace kz::kafka
