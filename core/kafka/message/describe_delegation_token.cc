#include "core/kafka/message/describe_delegation_token.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeDelegationTokenRequest)
KZ_RESPONSE(DescribeDelegationTokenResponse)

}  // namespace kz::kafka
