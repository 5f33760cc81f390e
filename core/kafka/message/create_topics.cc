#include "core/kafka/message/create_topics.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(CreateTopicsRequest)
KZ_RESPONSE(CreateTopicsResponse)

}  // namespace kz::kafka
