#include "core/kafka/message/update_metadata.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(UpdateMetadataRequest)
KZ_RESPONSE(UpdateMetadataResponse)

}  // namespace kz::kafka
