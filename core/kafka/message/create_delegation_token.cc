#include "core/kafka/message/create_delegation_token.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(CreateDelegationTokenRequest)
KZ_RESPONSE(CreateDelegationTokenResponse)

}  // namespace kz::kafka
