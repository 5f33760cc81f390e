#include "core/kafka/message/alter_partition_reassignments.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AlterPartitionReassignmentsRequest)
KZ_RESPONSE(AlterPartitionReassignmentsResponse)

}  // namespace kz::kafka
