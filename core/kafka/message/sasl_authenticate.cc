#include "core/kafka/message/sasl_authenticate.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(SaslAuthenticateRequest)
KZ_RESPONSE(SaslAuthenticateResponse)

}  // namespace kz::kafka
