#include "core/kafka/message/renew_delegation_token.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(RenewDelegationTokenRequest)
KZ_RESPONSE(RenewDelegationTokenResponse)

}  // namespace kz::kafka
