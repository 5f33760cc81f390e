#include "core/kafka/record/validate.h"

#include <fmt/format.h>
#include <algorithm>

#include "core/kafka/record/builder.h"
#include "core/kafka/record/legacy.h"
#include "core/kafka/record/walk.h"

namespace kz::kafka {

namespace {

// What a rewritten batch may unfold to. Java has no such bound but its heap.
constexpr size_t kRewriteMax = size_t{256} << 20;

std::unexpected<ValidationFailure> refuse(ErrorCode code, std::string message) {
  return std::unexpected(ValidationFailure{code, std::move(message), {}});
}
std::unexpected<ValidationFailure> invalid(std::string message) {
  return refuse(ErrorCode::kInvalidRecord, std::move(message));
}

// |a - b| > limit without overflow.
bool too_far(int64_t a, int64_t b, int64_t limit) {
  const uint64_t distance =
      a > b ? static_cast<uint64_t>(a) - static_cast<uint64_t>(b) : static_cast<uint64_t>(b) - static_cast<uint64_t>(a);
  return distance > static_cast<uint64_t>(limit);
}

// The header rules that need no record. Source: LogValidator.validateBatch.
std::optional<std::string> header_problem(const BatchView& b, const ValidationRules& rules) {
  if (!rules.client) return std::nullopt;
  const int64_t range = static_cast<int64_t>(b.last_offset_delta()) + 1;
  const auto tp = rules.topic_partition;
  if (range <= 0)
    return fmt::format("Batch has an invalid offset range: [{}, {}] in topic partition {}.", b.base_offset(),
                       b.last_offset(), tp);
  if (b.count() <= 0)
    return fmt::format("Invalid reported count for record batch: {} in topic partition {}.", b.count(), tp);
  if (range != b.count())
    return fmt::format("Inconsistent batch offset range [{}, {}] and count of records {} in topic partition {}.",
                       b.base_offset(), b.last_offset(), b.count(), tp);
  if (b.control()) return fmt::format("Clients are not allowed to write control records in topic partition {}.", tp);
  if (b.has_producer_id() && b.base_sequence() < 0)
    return fmt::format("Invalid sequence number {} in record batch with producerId {} in topic partition {}.",
                       b.base_sequence(), b.producer_id(), tp);
  return std::nullopt;
}

}  // namespace

struct BatchValidator::Walk {
  int64_t max_timestamp = kNoTimestamp;
  int32_t max_index = -1;
  int32_t index = 0;
  bool in_order = true;  // offset deltas are 0, 1, 2, ...
  bool timestamp_error = false;
  std::vector<InvalidRecord> errors;
};

void BatchValidator::note_record_error(const ValidationRules& rules, const BatchView& batch, const WalkedRecord& record,
                                       int64_t timestamp, Walk& out) const {
  if (rules.compacted && !record.has_key) {
    out.errors.push_back({out.index, fmt::format("Compacted topic cannot accept message without key in topic "
                                                 "partition {}.",
                                                 rules.topic_partition)});
  } else if (!rules.append_time && timestamp != kNoTimestamp &&
             too_far(timestamp, rules.now_ms, rules.timestamp_difference_max_ms)) {
    out.timestamp_error = true;
    const auto difference = static_cast<uint64_t>(rules.timestamp_difference_max_ms);
    const auto now = static_cast<uint64_t>(rules.now_ms);  // Java's sums wrap too
    out.errors.push_back(
        {out.index, fmt::format("Timestamp {} of message with offset {} is out of range. The timestamp should be "
                                "within [{}, {}]",
                                timestamp, batch.base_offset() + record.offset_delta,
                                static_cast<int64_t>(now - difference), static_cast<int64_t>(now + difference))});
  } else if (batch.log_append_time()) {
    out.timestamp_error = true;
    out.errors.push_back({out.index,
                          "Invalid timestamp type in message. Producer should not set timestamp type to "
                          "LogAppendTime."});
  }
}

template <class Records>
const char* BatchValidator::walk(Records& records, const BatchView& batch, const ValidationRules& rules, Walk& out) {
  const int32_t count = batch.count();
  const auto base = static_cast<uint64_t>(batch.base_timestamp());
  const bool append_time = batch.log_append_time();
  const int64_t batch_time = batch.max_timestamp();
  // With no limit on timestamps the subtraction cannot fail; the common case compares nothing but the key flag.
  const bool bounded = !rules.append_time && rules.timestamp_difference_max_ms != INT64_MAX;
  WalkedRecord record;
  for (out.index = 0; out.index < count; ++out.index) {
    if (const char* why = records.next(record); why != nullptr) return why;
    const int64_t timestamp =
        append_time ? batch_time : static_cast<int64_t>(base + static_cast<uint64_t>(record.timestamp_delta));
    if (timestamp > out.max_timestamp) {
      out.max_timestamp = timestamp;
      out.max_index = out.index;
    }
    if (record.offset_delta != out.index) out.in_order = false;
    if ((rules.compacted && !record.has_key) || bounded || append_time)
      note_record_error(rules, batch, record, timestamp, out);
  }
  return count > 0 ? records.finish() : nullptr;
}

std::expected<ValidBatch, ValidationFailure> BatchValidator::validate(Slice records, const ValidationRules& rules) {
  const auto tp = rules.topic_partition;
  // Pass 1, all batches: framing, base offset, size, CRC (UnifiedLog.analyzeAndValidateRecords).
  Bytes rest = records.bytes();
  size_t valid = 0;
  int batches = 0;
  int8_t first_magic = -1;
  bool mixed = false;
  bool compressed = false;
  while (rest.size() > kMagicPosition) {
    const int32_t length = detail::load_be<int32_t>(rest.data() + 8);
    constexpr int32_t kMinLength = 14;
    if (length < kMinLength)
      return refuse(ErrorCode::kCorruptMessage,
                    fmt::format("Record size {} is less than the minimum record overhead ({})", length, kMinLength));
    const int8_t magic = magic_at(rest);
    if (magic < 0 || magic > 2)
      return refuse(ErrorCode::kCorruptMessage, fmt::format("Invalid magic found in record: {}", magic));
    const size_t size = kLogOverhead + static_cast<size_t>(length);
    if (size > rest.size()) break;
    const Bytes bytes = rest.first(size);
    if (rules.produce_version >= 3 && rules.client) {
      if (batches > 0)
        return invalid(
            fmt::format("Produce requests with version {} are only allowed to contain exactly one record "
                        "batch",
                        rules.produce_version));
      if (magic != 2)
        return invalid(
            fmt::format("Produce requests with version {} are only allowed to contain record batches with "
                        "magic version 2",
                        rules.produce_version));
    }
    if (batches == 0) first_magic = magic;
    mixed = mixed || magic != first_magic;
    bool crc_ok = false;
    uint32_t stored_crc = 0;
    if (magic == 2) {
      const BatchView view(bytes);
      if (size < kBatchHeaderSize)
        return refuse(ErrorCode::kCorruptMessage, fmt::format("Record is corrupt in topic partition {}.", tp));
      if (rules.client && rules.produce_version < 7 && view.codec() == Codec::kZstd)
        return refuse(ErrorCode::kUnsupportedCompressionType,
                      fmt::format("Produce requests with version {} are not allowed to use ZStandard compression",
                                  rules.produce_version));
      if (rules.client && view.base_offset() != 0)
        return invalid(fmt::format("The baseOffset of the record batch in the append to {} should be 0, but it is {}",
                                   tp, view.base_offset()));
    }
    if (static_cast<int64_t>(size) > rules.max_message_bytes)
      return refuse(ErrorCode::kMessageTooLarge,
                    fmt::format("The record batch size in the append to {} is {} bytes which exceeds the maximum "
                                "configured value of {}.",
                                tp, size, rules.max_message_bytes));
    if (magic == 2) {
      const BatchView view(bytes);
      crc_ok = view.crc_ok();
      stored_crc = view.crc();
      compressed = compressed || view.codec() != Codec::kNone;
    } else {
      crc_ok = legacy_crc_ok(bytes);
      stored_crc = detail::load_be<uint32_t>(bytes.data() + 12);
      constexpr size_t kAttributes = 17;
      compressed = compressed || (static_cast<int>(bytes[kAttributes]) & 7) != 0;
    }
    if (!crc_ok)
      return refuse(ErrorCode::kCorruptMessage,
                    fmt::format("Record is corrupt (stored crc = {}) in topic partition {}.", stored_crc, tp));
    ++batches;
    valid += size;
    rest = rest.subspan(size);
  }
  if (batches == 0) return invalid("Record batch has no batches at all");
  if (batches > 1 && (first_magic == 2 || compressed))
    return invalid("Compressed outer record has more than one batch");
  if (mixed)
    return invalid(fmt::format("Batch magic is not the same as the first batch'es magic byte {} in topic partition {}.",
                               first_magic, tp));
  if (first_magic < 2) return validate_legacy(records.bytes().first(valid), rules);
  return validate_v2(valid == records.size() ? std::move(records) : records.sub(0, valid), rules);
}

namespace {

std::optional<ValidationFailure> record_failure(std::vector<InvalidRecord>& errors, bool timestamp_error) {
  if (errors.empty()) return std::nullopt;
  if (timestamp_error)
    return ValidationFailure{ErrorCode::kInvalidTimestamp,
                             "One or more records have been rejected due to invalid timestamp", std::move(errors)};
  std::string first;
  for (size_t i = 0; i < std::min<size_t>(errors.size(), 3); ++i)
    first += fmt::format("{}RecordError(batchIndex={}, message='{}')", i == 0 ? "" : ", ", errors[i].batch_index,
                         errors[i].message);
  auto message = fmt::format(
      "One or more records have been rejected due to {} record errors in total, and only "
      "showing the first three errors at most: [{}]",
      errors.size(), first);
  return ValidationFailure{ErrorCode::kInvalidRecord, std::move(message), std::move(errors)};
}

}  // namespace

std::expected<ValidBatch, ValidationFailure> BatchValidator::validate_v2(Slice batch, const ValidationRules& rules) {
  MutableBatch view(batch.mutable_bytes());
  if (auto problem = header_problem(view, rules)) return invalid(std::move(*problem));
  if (view.count() < 0) return invalid(fmt::format("Found invalid record count {} in magic v2 batch", view.count()));
  Walk walked;
  const char* why = nullptr;
  const Codec codec = view.codec();
  if (codec == Codec::kNone) {
    MemoryWalk records(view.body());
    why = walk(records, view, rules, walked);
  } else if (view.count() > 0) {
    if (!decompressor_.open(codec, view.body()))
      return invalid(fmt::format("Failed to decompress record stream in topic partition {}", rules.topic_partition));
    StreamWalk records(decompressor_, window_);
    why = walk(records, view, rules, walked);
  }
  if (why != nullptr) return invalid(why);
  if (auto failure = record_failure(walked.errors, walked.timestamp_error)) return std::unexpected(std::move(*failure));

  const Codec target = rules.target_codec.value_or(codec);
  const bool compressed_path = codec != Codec::kNone || target != Codec::kNone;
  const bool keep_control = codec == Codec::kNone && view.control();
  if (!keep_control && (target != codec || (compressed_path && !walked.in_order))) return rebuild(batch, target, rules);
  const int64_t max_timestamp = rules.append_time ? rules.now_ms : walked.max_timestamp;
  view.set_max_timestamp(rules.append_time, max_timestamp);
  if (view.last_offset_delta() == INT32_MAX) return invalid("Found a record batch whose offsets do not fit");
  const int32_t range = view.last_offset_delta() + 1;
  // The uncompressed path knows which record has the largest timestamp; the others say the last one, as Java does.
  const bool exact = !compressed_path && !rules.append_time && walked.max_index >= 0;
  return ValidBatch{std::move(batch), range, max_timestamp, exact ? walked.max_index : range - 1, false};
}

std::expected<ValidBatch, ValidationFailure> BatchValidator::rebuild(const Slice& batch, Codec target,
                                                                     const ValidationRules& rules) {
  const BatchView view(batch.bytes());
  auto body = uncompressed_body(batch, decompressor_, kRewriteMax);
  if (!body) {
    if (body.error().code == Errc::kTooLarge)
      return refuse(ErrorCode::kMessageTooLarge, "The batch is too large to be compressed again.");
    return invalid("Failed to decompress record stream");
  }
  BatchBuilder builder({.codec = target,
                        .producer_id = view.producer_id(),
                        .producer_epoch = view.producer_epoch(),
                        .base_sequence = view.base_sequence(),
                        .transactional = view.transactional(),
                        .control = view.control(),
                        .log_append_time_ms = rules.append_time ? std::optional(rules.now_ms) : std::nullopt});
  RecordIterator records(view, body->bytes());
  RecordView record;
  while (records.next(record)) builder.append_view(builder.count(), record);
  if (!records.status()) return invalid("Found invalid record structure");
  const int32_t count = builder.count();
  auto rebuilt = builder.build();
  if (!rebuilt) return refuse(ErrorCode::kUnknownServerError, "The batch cannot be compressed.");
  if (static_cast<int64_t>(rebuilt->size()) > rules.max_message_bytes)
    return refuse(ErrorCode::kMessageTooLarge,
                  fmt::format("Message batch size is {} bytes in append to partition {} which exceeds the maximum "
                              "configured size of {}.",
                              rebuilt->size(), rules.topic_partition, rules.max_message_bytes));
  const int64_t max_timestamp = BatchView(rebuilt->bytes()).max_timestamp();
  return ValidBatch{std::move(*rebuilt), count, max_timestamp, count - 1, true};
}

// Old messages become one v2 batch: the log holds v2 only from inter-broker protocol 3.0 on.
std::expected<ValidBatch, ValidationFailure> BatchValidator::validate_legacy(Bytes records,
                                                                             const ValidationRules& rules) {
  BatchOptions options;
  if (rules.append_time) options.log_append_time_ms = rules.now_ms;
  BatchIterator shallow(records);
  Walk walked;
  BatchBuilder builder(options);
  while (auto message = shallow.next()) {
    const auto wrapper = parse_legacy(*message);
    if (!wrapper) return refuse(ErrorCode::kCorruptMessage, wrapper.error().what);
    builder.options().codec = rules.target_codec.value_or(wrapper->codec);
    const auto each = [&](const LegacyRecord& r) {
      const WalkedRecord record{0, 0, r.has_key};
      // A view whose header says what the legacy attributes say; only the timestamp type is asked of it.
      std::byte header[kBatchHeaderSize]{};
      if (r.append_time) header[22] = std::byte{0x08};
      note_record_error(rules, BatchView(Bytes(header)), record, r.timestamp, walked);
      ++walked.index;
      builder.append(r.timestamp, r.has_key ? std::optional(r.key) : std::nullopt,
                     r.has_value ? std::optional(r.value) : std::nullopt);
      return true;
    };
    if (auto ok = for_each_legacy_record(*message, decompressor_, kRewriteMax, each); !ok)
      return refuse(ok.error().code == Errc::kChecksum ? ErrorCode::kCorruptMessage : ErrorCode::kInvalidRecord,
                    fmt::format("{} in topic partition {}.", ok.error().what, rules.topic_partition));
  }
  if (auto failure = record_failure(walked.errors, walked.timestamp_error)) return std::unexpected(std::move(*failure));
  const int32_t count = builder.count();
  auto batch = builder.build();
  if (!batch) return refuse(ErrorCode::kUnknownServerError, "The batch cannot be compressed.");
  const int64_t max_timestamp = BatchView(batch->bytes()).max_timestamp();
  return ValidBatch{std::move(*batch), count, max_timestamp, count - 1, true};
}

}  // namespace kz::kafka
