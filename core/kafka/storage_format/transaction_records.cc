#include "core/kafka/storage_format/transaction_records.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_STORED(TransactionLogKey)
KZ_STORED(TransactionLogValue)

}  // namespace kz::kafka
