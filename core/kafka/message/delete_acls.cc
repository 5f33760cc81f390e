#include "core/kafka/message/delete_acls.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DeleteAclsRequest)
KZ_RESPONSE(DeleteAclsResponse)

}  // namespace kz::kafka
