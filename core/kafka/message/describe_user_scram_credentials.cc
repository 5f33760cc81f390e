#include "core/kafka/message/describe_user_scram_credentials.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeUserScramCredentialsRequest)
KZ_RESPONSE(DescribeUserScramCredentialsResponse)

}  // namespace kz::kafka
