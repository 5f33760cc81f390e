#include "core/log/producer_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/bytes/checksum.h"
#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace kz::log_state {

using kafka::ErrorCode;

void ProducerState::add(const ProducerBatch& batch) {
  if (batch_count == kBatchesKept) {
    std::move(batches.begin() + 1, batches.end(), batches.begin());
    --batch_count;
  }
  batches[batch_count++] = batch;
}

void ProducerState::take_epoch(int16_t to) {
  if (epoch == to) return;
  epoch = to;
  batch_count = 0;
}

Result<ProducerBatchInfo> producer_batch_info(Bytes batch) {
  const kafka::BatchView view(batch);
  ProducerBatchInfo info;
  info.producer_id = view.producer_id();
  info.epoch = view.producer_epoch();
  info.first_sequence = view.base_sequence();
  info.last_sequence = view.last_sequence();
  info.first_offset = view.base_offset();
  info.last_offset = view.last_offset();
  info.timestamp = view.max_timestamp();
  info.transactional = view.transactional();
  if (!view.control()) return info;
  if (view.count() == 0) {
    info.empty_control = true;
    return info;
  }
  kafka::RecordIterator records(view, view.body());
  kafka::RecordView record;
  if (!records.next(record)) return fail(Errc::kMalformed, "control batch", view.base_offset());
  KZ_TRY(info.marker, kafka::parse_end_txn_marker(record));
  info.timestamp = record.timestamp;
  return info;
}

std::optional<ProducerBatch> ProducerStateTable::find_duplicate(const ProducerBatchInfo& batch) const {
  const ProducerState* s = find(batch.producer_id);
  if (s == nullptr || s->epoch != batch.epoch) return std::nullopt;
  for (size_t i = 0; i < s->batch_count; ++i)
    if (s->batches[i].first_sequence() == batch.first_sequence && s->batches[i].last_sequence == batch.last_sequence)
      return s->batches[i];
  return std::nullopt;
}

std::optional<ProducerRefusal> ProducerStateTable::check(const ProducerBatchInfo& batch, AppendOrigin origin,
                                                         std::string_view topic_partition) const {
  if (batch.empty_control) return std::nullopt;
  static const ProducerState kUnknown;
  const ProducerState* known = find(batch.producer_id);
  const ProducerState& s = known != nullptr ? *known : kUnknown;
  if (batch.epoch < s.epoch && origin != AppendOrigin::kReplication)
    return ProducerRefusal{ErrorCode::kInvalidProducerEpoch,
                           fmt::format("Epoch of producer {} at offset {} in {} is {}, which is smaller than the last "
                                       "seen epoch {}",
                                       batch.producer_id, batch.first_offset, topic_partition, batch.epoch, s.epoch)};
  if (batch.marker) {
    if (s.coordinator_epoch > batch.marker->coordinator_epoch && origin != AppendOrigin::kReplication)
      return ProducerRefusal{
          ErrorCode::kTransactionCoordinatorFenced,
          fmt::format("Invalid coordinator epoch for producerId {} at offset {} in partition {}: {} (zombie), {} "
                      "(current)",
                      batch.producer_id, batch.first_offset, topic_partition, batch.marker->coordinator_epoch,
                      s.coordinator_epoch)};
    return std::nullopt;
  }
  if (origin == AppendOrigin::kClient) {
    if (batch.epoch != s.epoch) {
      if (batch.first_sequence != 0 && s.epoch != kafka::kNoProducerEpoch)
        return ProducerRefusal{
            ErrorCode::kOutOfOrderSequenceNumber,
            fmt::format("Invalid sequence number for new epoch of producer {} at offset {} in partition {}: {} "
                        "(request epoch), {} (seq. number), {} (current producer epoch)",
                        batch.producer_id, batch.first_offset, topic_partition, batch.epoch, batch.first_sequence,
                        s.epoch)};
    } else if (s.epoch != kafka::kNoProducerEpoch) {
      const int32_t last = s.last_sequence();
      const bool next =
          batch.first_sequence == static_cast<int64_t>(last) + 1 || (batch.first_sequence == 0 && last == INT32_MAX);
      if (!next)
        return ProducerRefusal{
            ErrorCode::kOutOfOrderSequenceNumber,
            fmt::format("Out of order sequence number for producer {} at offset {} in partition {}: {} (incoming seq. "
                        "number), {} (current end sequence number)",
                        batch.producer_id, batch.first_offset, topic_partition, batch.first_sequence, last)};
    }
  }
  if (s.current_txn_first_offset >= 0 && !batch.transactional)
    return ProducerRefusal{ErrorCode::kInvalidTxnState,
                           fmt::format("Expected transactional write from producer {} at offset {} in partition {}",
                                       batch.producer_id, batch.first_offset, topic_partition)};
  return std::nullopt;
}

std::optional<CompletedTxn> ProducerStateTable::apply(const ProducerBatchInfo& batch) {
  ProducerState& s = producers_[batch.producer_id];
  if (batch.empty_control) return std::nullopt;
  if (batch.marker) {
    std::optional<CompletedTxn> completed;
    if (s.current_txn_first_offset >= 0)
      completed = CompletedTxn{batch.producer_id, s.current_txn_first_offset, batch.first_offset,
                               batch.marker->type == kafka::ControlType::kAbort};
    s.take_epoch(batch.epoch);
    s.current_txn_first_offset = -1;
    s.coordinator_epoch = batch.marker->coordinator_epoch;
    s.last_timestamp = batch.timestamp;
    return completed;
  }
  s.take_epoch(batch.epoch);
  s.add({batch.last_sequence, batch.last_offset, static_cast<int32_t>(batch.last_offset - batch.first_offset),
         batch.timestamp});
  s.last_timestamp = batch.timestamp;
  if (batch.transactional && s.current_txn_first_offset < 0) {
    s.current_txn_first_offset = batch.first_offset;
    ongoing_[batch.first_offset] = {batch.producer_id, -1};
  }
  return std::nullopt;
}

Offset ProducerStateTable::last_stable_offset(const CompletedTxn& txn) const {
  for (const auto& [first, open] : ongoing_)
    if (open.producer_id != txn.producer_id) return first;
  return txn.last_offset + 1;
}

void ProducerStateTable::complete(const CompletedTxn& txn) {
  ongoing_.erase(txn.first_offset);
  unreplicated_[txn.first_offset] = {txn.producer_id, txn.last_offset};
}

Offset ProducerStateTable::first_unstable_offset() const {
  const Offset open = ongoing_.empty() ? -1 : ongoing_.begin()->first;
  const Offset ended = unreplicated_.empty() ? -1 : unreplicated_.begin()->first;
  if (open < 0) return ended;
  return ended < 0 ? open : std::min(open, ended);
}

void ProducerStateTable::on_high_watermark(Offset high_watermark) {
  std::erase_if(unreplicated_, [&](const auto& e) { return e.second.last_offset < high_watermark; });
}

void ProducerStateTable::on_log_start(Offset log_start) {
  on_high_watermark(log_start);
  end_offset_ = std::max(end_offset_, log_start);
}

void ProducerStateTable::remove_expired(int64_t now_ms) {
  boost::unordered::erase_if(producers_, [&](const auto& e) { return expired(e.second, now_ms); });
}

void ProducerStateTable::clear(Offset end_offset) {
  producers_.clear();
  ongoing_.clear();
  unreplicated_.clear();
  end_offset_ = end_offset;
}

const ProducerState* ProducerStateTable::find(int64_t producer_id) const {
  const auto it = producers_.find(producer_id);
  return it == producers_.end() ? nullptr : &it->second;
}

std::vector<ProducerEntry> ProducerStateTable::entries() const {
  std::vector<ProducerEntry> out;
  out.reserve(producers_.size());
  for (const auto& [id, s] : producers_)
    out.push_back({id, s.epoch, s.last_sequence(), s.last_timestamp, s.coordinator_epoch, s.current_txn_first_offset});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.producer_id < b.producer_id; });
  return out;
}

namespace {
constexpr int16_t kSnapshotVersion = 1;
constexpr size_t kSnapshotEntrySize = 46;
constexpr size_t kSnapshotHeaderSize = 10;
constexpr size_t kSnapshotCrcFrom = 6;
}  // namespace

std::string ProducerStateTable::encode_snapshot() const {
  std::vector<int64_t> ids;
  ids.reserve(producers_.size());
  for (const auto& [id, s] : producers_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  Buffer w;
  w.i16(kSnapshotVersion);
  w.u32(0);
  w.i32(static_cast<int32_t>(ids.size()));
  for (const int64_t id : ids) {
    const ProducerState& s = producers_.at(id);
    const ProducerBatch none{-1, -1, 0, -1};
    const ProducerBatch& last = s.batch_count == 0 ? none : s.batches[s.batch_count - 1u];
    w.i64(id);
    w.i16(s.epoch);
    w.i32(last.last_sequence);
    w.i64(last.last_offset);
    w.i32(last.offset_delta);
    w.i64(s.last_timestamp);
    w.i32(s.coordinator_epoch);
    w.i64(s.current_txn_first_offset);
  }
  w.patch_i32(2, static_cast<int32_t>(crc32c(w.bytes().subspan(kSnapshotCrcFrom))));
  return std::move(w.text());
}

Status ProducerStateTable::load_snapshot(std::string_view bytes, Offset end_offset, int64_t now_ms) {
  Reader r(as_bytes(bytes));
  const int16_t version = r.i16();
  const uint32_t crc = r.u32();
  const int32_t count = r.i32();
  if (!r.ok()) return fail(Errc::kMalformed, "producer snapshot", static_cast<int64_t>(bytes.size()));
  if (version != kSnapshotVersion) return fail(Errc::kUnsupportedVersion, "producer snapshot", version);
  if (crc != crc32c(as_bytes(bytes).subspan(kSnapshotCrcFrom))) return fail(Errc::kChecksum, "producer snapshot");
  if (count < 0 || static_cast<size_t>(count) * kSnapshotEntrySize != bytes.size() - kSnapshotHeaderSize)
    return fail(Errc::kMalformed, "producer snapshot", count);
  clear(end_offset);
  for (int32_t i = 0; i < count; ++i) {
    const int64_t id = r.i64();
    ProducerState s;
    s.epoch = r.i16();
    ProducerBatch last;
    last.last_sequence = r.i32();
    last.last_offset = r.i64();
    last.offset_delta = r.i32();
    last.timestamp = s.last_timestamp = r.i64();
    s.coordinator_epoch = r.i32();
    s.current_txn_first_offset = r.i64();
    if (last.last_offset >= 0) s.add(last);
    if (expired(s, now_ms)) continue;
    if (s.current_txn_first_offset >= 0) ongoing_[s.current_txn_first_offset] = {id, -1};
    producers_[id] = s;
  }
  return {};
}

}  // namespace kz::log_state
