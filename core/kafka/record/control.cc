#include "core/kafka/record/control.h"

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "core/kafka/record/builder.h"

namespace kz::kafka {

Slice build_end_txn_marker(Offset base_offset, int64_t timestamp, LeaderEpoch leader_epoch, int64_t producer_id,
                           int16_t producer_epoch, EndTxnMarker marker) {
  BatchBuilder builder({.base_offset = base_offset,
                        .leader_epoch = leader_epoch,
                        .producer_id = producer_id,
                        .producer_epoch = producer_epoch,
                        .transactional = true,
                        .control = true});
  std::byte key[4];
  std::byte value[6];
  Writer k{MutableBytes(key)};
  k.i16(0);
  k.i16(static_cast<int16_t>(marker.type));
  Writer v{MutableBytes(value)};
  v.i16(0);
  v.i32(marker.coordinator_epoch);
  builder.append(timestamp, Bytes(key), Bytes(value));
  return builder.finish();
}

Result<ControlType> control_type(const RecordView& record) {
  if (!record.has_key || record.key.size() < 4) return fail(Errc::kMalformed, "control record key");
  Reader r(record.key);
  if (r.i16() < 0) return fail(Errc::kMalformed, "control record version");
  const int16_t type = r.i16();
  return type == 0 ? ControlType::kAbort : type == 1 ? ControlType::kCommit : ControlType::kUnknown;
}

Result<EndTxnMarker> parse_end_txn_marker(const RecordView& record) {
  KZ_TRY(const ControlType type, control_type(record));
  if (type == ControlType::kUnknown) return fail(Errc::kMalformed, "no end-transaction marker");
  if (!record.has_value || record.value.size() < 6) return fail(Errc::kMalformed, "end-transaction marker value");
  Reader r(record.value);
  if (r.i16() < 0) return fail(Errc::kMalformed, "end-transaction marker version");
  return EndTxnMarker{type, r.i32()};
}

}  // namespace kz::kafka
