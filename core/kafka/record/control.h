// Control records: the markers that end a transaction. Source: ControlRecordType.java, EndTransactionMarker.java @
// 3.4.0.  key = int16 version 0, int16 type (0 abort, 1 commit); value = int16 version 0, int32 coordinatorEpoch
#pragma once
#include <optional>

#include "core/kafka/record/batch.h"

namespace kz::kafka {

enum class ControlType : int16_t { kAbort = 0, kCommit = 1, kUnknown = -1 };

struct EndTxnMarker {
  ControlType type = ControlType::kAbort;
  int32_t coordinator_epoch = 0;
};

// A whole control batch of one marker record.
Slice build_end_txn_marker(Offset base_offset, int64_t timestamp, LeaderEpoch leader_epoch, int64_t producer_id,
                           int16_t producer_epoch, EndTxnMarker marker);

// The type that a control record's key names; kUnknown for types of the future. kMalformed: no such key.
Result<ControlType> control_type(const RecordView& record);
// kMalformed when it is no end-transaction marker, or its version is negative.
Result<EndTxnMarker> parse_end_txn_marker(const RecordView& record);

}  // namespace kz::kafka
