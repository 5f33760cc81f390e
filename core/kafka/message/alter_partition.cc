#include "core/kafka/message/alter_partition.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AlterPartitionRequest)
KZ_RESPONSE(AlterPartitionResponse)

}  // namespace kz::kafka
