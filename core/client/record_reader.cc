#include "core/client/record_reader.h"

#include <algorithm>
#include <set>

#include "core/kafka/record/control.h"
#include "core/kafka/record/legacy.h"

namespace kz::client {
namespace {

std::string invalid(const TopicPartition& tp, Offset offset, const std::string& cause) {
  return "Record batch for partition " + tp.text() + " at offset " + std::to_string(offset) +
         " is invalid, cause: " + cause;
}

}  // namespace

Offset end_of_records(Bytes records, Offset from) {
  Offset end = from;
  kafka::BatchIterator batches(records);
  while (auto batch = batches.next()) {
    const kafka::BatchView view(*batch);
    // In old message sets the offset of a message, or of a compressed set's last one, is the first field.
    const Offset last = kafka::magic_at(*batch) >= 2 ? view.last_offset() : view.base_offset();
    end = std::max(end, last + 1);
  }
  return end;
}

std::string RecordReader::read(const FetchedChunk& chunk, const std::function<bool(const ConsumedRecord&)>& each) {
  std::set<int64_t> aborting;
  size_t next_aborted = 0;
  kafka::BatchIterator batches(chunk.records.bytes());
  size_t position = 0;
  ConsumedRecord out;
  while (auto bytes = batches.next()) {
    const size_t at = position;
    position += bytes->size();
    if (kafka::magic_at(*bytes) < 2) {
      if (check_crcs_ && !kafka::legacy_crc_ok(*bytes)) {
        return invalid(chunk.tp, kafka::BatchView(*bytes).base_offset(),
                       "Record is corrupt (stored crc does not match)");
      }
      bool go_on = true;
      const Status ok =
          kafka::for_each_legacy_record(*bytes, decompressor_, limit_, [&](const kafka::LegacyRecord& record) {
            if (record.offset < chunk.from) return true;
            out = {record.offset,
                   record.timestamp,
                   record.magic == 0    ? ConsumedRecord::Time::kNone
                   : record.append_time ? ConsumedRecord::Time::kLogAppend
                                        : ConsumedRecord::Time::kCreate,
                   record.has_key,
                   record.has_value,
                   record.key,
                   record.value,
                   nullptr};
            go_on = each(out);
            return go_on;
          });
      if (!ok) return invalid(chunk.tp, kafka::BatchView(*bytes).base_offset(), ok.error().what);
      if (!go_on) return {};
      continue;
    }
    const kafka::BatchView batch(*bytes);
    if (batch.last_offset() < chunk.from) continue;
    if (check_crcs_ && !batch.crc_ok()) {
      return invalid(chunk.tp, batch.base_offset(),
                     "Record is corrupt (stored crc = " + std::to_string(batch.crc()) +
                         ", computed crc = " + std::to_string(batch.compute_crc()) + ")");
    }
    if (chunk.read_committed && batch.has_producer_id()) {
      while (next_aborted < chunk.aborted.size() && chunk.aborted[next_aborted].second <= batch.last_offset()) {
        aborting.insert(chunk.aborted[next_aborted++].first);
      }
    }
    auto body = kafka::uncompressed_body(chunk.records.sub(at, bytes->size()), decompressor_, limit_);
    if (!body) return invalid(chunk.tp, batch.base_offset(), body.error().what);
    kafka::RecordIterator records(batch, body->bytes());
    kafka::RecordView record;
    if (batch.control()) {
      // The marker that ends an aborted transaction.
      if (records.next(record)) {
        const auto type = kafka::control_type(record);
        if (type && *type == kafka::ControlType::kAbort) aborting.erase(batch.producer_id());
      }
      continue;
    }
    if (chunk.read_committed && batch.transactional() && aborting.contains(batch.producer_id())) continue;
    const auto time = batch.log_append_time() ? ConsumedRecord::Time::kLogAppend : ConsumedRecord::Time::kCreate;
    while (records.next(record)) {
      if (record.offset < chunk.from) continue;
      out = {record.offset,    record.timestamp, time,         record.has_key,
             record.has_value, record.key,       record.value, &record};
      if (!each(out)) return {};
    }
    if (const Status ok = records.status(); !ok) return invalid(chunk.tp, batch.base_offset(), ok.error().what);
  }
  return {};
}

}  // namespace kz::client
