#include "core/kafka/message/delete_topics.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DeleteTopicsRequest)
KZ_RESPONSE(DeleteTopicsResponse)

}  // namespace kz::kafka
