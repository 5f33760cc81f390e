#include "core/kafka/message/delete_records.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_REQUEST(DeleteRecordsRequest)
KZ_RESPONSE(DeleteRecordsResponse)

}  // namespace kz::kafka
