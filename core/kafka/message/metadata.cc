#include "core/kafka/message/metadata.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(MetadataRequest)
KZ_RESPONSE(MetadataResponse)

}  // namespace kz::kafka
