#include "core/kafka/message/expire_delegation_token.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ExpireDelegationTokenRequest)
KZ_RESPONSE(ExpireDelegationTokenResponse)

}  // namespace kz::kafka
