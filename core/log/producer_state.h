// What a log knows of its producers: the last five batches of each (duplicates, sequence order), its epoch, its open
// transaction. Source: ProducerStateManager.scala @ 3.4.0; KIP-98, KIP-360.
// Snapshot file: int16 version 1, uint32 crc32c of all behind it, int32 count, then per producer 46 bytes: int64 id,
// int16 epoch, int32 lastSequence, int64 lastOffset, int32 offsetDelta, int64 timestamp, int32 coordinatorEpoch,
// int64 currentTxnFirstOffset (-1 none). Only the last batch of a producer is kept there.
#pragma once
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/kafka/record/batch.h"
#include "core/kafka/record/control.h"
#include "core/ports_log.h"

namespace kz::log_state {

struct ProducerBatch {
  int32_t last_sequence = -1;
  Offset last_offset = -1;
  int32_t offset_delta = 0;
  int64_t timestamp = -1;
  int32_t first_sequence() const { return kafka::decrement_sequence(last_sequence, offset_delta); }
  Offset first_offset() const { return last_offset - offset_delta; }
};

struct ProducerState {
  static constexpr size_t kBatchesKept = 5;
  int16_t epoch = kafka::kNoProducerEpoch;
  int32_t coordinator_epoch = -1;
  int64_t last_timestamp = -1;
  Offset current_txn_first_offset = -1;  // -1 = none
  std::array<ProducerBatch, kBatchesKept> batches{};
  uint8_t batch_count = 0;  // oldest first

  int32_t last_sequence() const {
    return batch_count == 0 ? kafka::kNoSequence : batches[batch_count - 1u].last_sequence;
  }
  void add(const ProducerBatch& batch);
  void take_epoch(int16_t to);  // another epoch forgets the batches
};

// A finished transaction, for the transaction index when aborted.
struct CompletedTxn {
  int64_t producer_id = -1;
  Offset first_offset = -1;
  Offset last_offset = -1;  // of the marker
  bool aborted = false;
};

// What the rules ask of a batch that has a producer id.
struct ProducerBatchInfo {
  int64_t producer_id = -1;
  int16_t epoch = -1;
  int32_t first_sequence = -1;
  int32_t last_sequence = -1;
  Offset first_offset = -1;
  Offset last_offset = -1;
  int64_t timestamp = -1;  // max timestamp; of a marker: its record's
  bool transactional = false;
  std::optional<kafka::EndTxnMarker> marker;  // control batches
  bool empty_control = false;                 // a control batch whose record was compacted away: changes nothing
};
// Reads a whole v2 batch with a producer id. kMalformed: a control batch without a marker.
Result<ProducerBatchInfo> producer_batch_info(Bytes batch);

struct ProducerRefusal {
  kafka::ErrorCode code;
  std::string message;
};

// Not thread-safe: guarded by its log. Two steps, so that nothing changes when the write fails: check, write, apply.
class ProducerStateTable {
 public:
  explicit ProducerStateTable(int64_t expiration_ms = 86'400'000) : expiration_ms_(expiration_ms) {}

  // One of the five kept batches with exactly these sequences.
  std::optional<ProducerBatch> find_duplicate(const ProducerBatchInfo& batch) const;
  // Whether the batch may be appended. Replicated batches are accepted whatever their epoch.
  std::optional<ProducerRefusal> check(const ProducerBatchInfo& batch, AppendOrigin origin,
                                       std::string_view topic_partition) const;
  // After the write. A transaction that the batch ended is returned; call complete() when its index entry is written.
  std::optional<CompletedTxn> apply(const ProducerBatchInfo& batch);
  // LSO to store in an aborted transaction's index entry.
  Offset last_stable_offset(const CompletedTxn& txn) const;
  void complete(const CompletedTxn& txn);

  // First offset that a read_committed consumer may not pass yet; -1 = none.
  Offset first_unstable_offset() const;
  void on_high_watermark(Offset high_watermark);
  void on_log_start(Offset log_start);
  void remove_expired(int64_t now_ms);
  void set_expiration(int64_t ms) { expiration_ms_ = ms; }

  void clear(Offset end_offset);
  Offset end_offset() const { return end_offset_; }  // all before it is reflected here
  void set_end_offset(Offset offset) { end_offset_ = offset; }
  bool empty() const { return producers_.empty() && unreplicated_.empty(); }
  size_t size() const { return producers_.size(); }
  std::vector<ProducerEntry> entries() const;
  const ProducerState* find(int64_t producer_id) const;

  std::string encode_snapshot() const;
  // Replaces everything by the snapshot's producers that have not expired; end_offset is the snapshot's.
  // kChecksum, kMalformed, kUnsupportedVersion: nothing changed.
  Status load_snapshot(std::string_view bytes, Offset end_offset, int64_t now_ms);

 private:
  struct Txn {
    int64_t producer_id;
    Offset last_offset;  // -1 while open
  };
  bool expired(const ProducerState& state, int64_t now_ms) const {
    // Timestamps are the clients' and may be anything: the subtraction must not overflow.
    int64_t age_ms = 0;
    if (__builtin_sub_overflow(now_ms, state.last_timestamp, &age_ms)) age_ms = now_ms > 0 ? INT64_MAX : 0;
    return state.current_txn_first_offset < 0 && age_ms >= expiration_ms_;
  }

  int64_t expiration_ms_;
  boost::unordered_flat_map<int64_t, ProducerState> producers_;
  std::map<Offset, Txn> ongoing_;       // by first offset
  std::map<Offset, Txn> unreplicated_;  // ended, but the marker is not below the high watermark yet
  Offset end_offset_ = 0;
};

}  // namespace kz::log_state
