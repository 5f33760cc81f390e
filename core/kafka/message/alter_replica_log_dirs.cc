#include "core/kafka/message/alter_replica_log_dirs.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(AlterReplicaLogDirsRequest)
KZ_RESPONSE(AlterReplicaLogDirsResponse)

}  // namespace kz::kafka
