#include "core/kafka/message/describe_log_dirs.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DescribeLogDirsRequest)
KZ_RESPONSE(DescribeLogDirsResponse)

}  // namespace kz::kafka
