#include "core/kafka/message/alter_client_quotas.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AlterClientQuotasRequest)
KZ_RESPONSE(AlterClientQuotasResponse)

}  // namespace kz::kafka
