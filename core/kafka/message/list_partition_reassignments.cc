#include "core/kafka/message/list_partition_reassignments.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ListPartitionReassignmentsRequest)
KZ_RESPONSE(ListPartitionReassignmentsResponse)

}  // namespace kz::kafka
