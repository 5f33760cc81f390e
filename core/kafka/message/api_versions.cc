#include "core/kafka/message/api_versions.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ApiVersionsRequest)
KZ_RESPONSE(ApiVersionsResponse)

}  // namespace kz::kafka
