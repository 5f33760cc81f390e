#include "core/kafka/message/create_acls.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(CreateAclsRequest)
KZ_RESPONSE(CreateAclsResponse)

}  // namespace kz::kafka
