#include "core/kafka/message/controlled_shutdown.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(ControlledShutdownRequest)
KZ_RESPONSE(ControlledShutdownResponse)

}  // namespace kz::kafka
