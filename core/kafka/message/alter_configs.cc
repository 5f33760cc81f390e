#include "core/kafka/message/alter_configs.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AlterConfigsRequest)
KZ_RESPONSE(AlterConfigsResponse)

}  // namespace kz::kafka
