#include "core/kafka/message/create_partitions.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(CreatePartitionsRequest)
KZ_RESPONSE(CreatePartitionsResponse)

}  // namespace kz::kafka
