#include "core/kafka/message/fetch.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(FetchRequest)
KZ_RESPONSE(FetchResponse)

}  // namespace kz::kafka
