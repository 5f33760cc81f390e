#include "core/kafka/message/incremental_alter_configs.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(IncrementalAlterConfigsRequest)
KZ_RESPONSE(IncrementalAlterConfigsResponse)

}  // namespace kz::kafka
