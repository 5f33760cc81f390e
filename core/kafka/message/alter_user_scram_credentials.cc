#include "core/kafka/message/alter_user_scram_credentials.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AlterUserScramCredentialsRequest)
KZ_RESPONSE(AlterUserScramCredentialsResponse)

}  // namespace kz::kafka
