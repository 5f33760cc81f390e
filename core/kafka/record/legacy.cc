#include "core/kafka/record/legacy.h"

#include <algorithm>
#include <vector>

#include "core/bytes/checksum.h"
#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace kz::kafka {

namespace {

constexpr size_t kCrcPosition = 12;
constexpr uint8_t kAppendTimeBit = 0x08;

std::optional<Bytes> optional_of(bool present, Bytes bytes) {
  return present ? std::optional<Bytes>(bytes) : std::nullopt;
}

void write_message(Buffer& out, int8_t magic, uint8_t attributes, Offset offset, int64_t timestamp,
                   std::optional<Bytes> key, std::optional<Bytes> value) {
  const size_t at = out.size();
  out.i64(offset);
  out.i32(0);
  out.u32(0);
  out.i8(magic);
  out.u8(attributes);
  if (magic >= 1) out.i64(timestamp);
  for (const auto& field : {key, value}) {
    out.i32(field ? static_cast<int32_t>(field->size()) : -1);
    if (field) out.raw(*field);
  }
  out.patch_i32(at + 8, static_cast<int32_t>(out.size() - at - kLogOverhead));
  out.patch_i32(at + kCrcPosition, static_cast<int32_t>(crc32(out.bytes().subspan(at + kMagicPosition))));
}

}  // namespace

Result<LegacyRecord> parse_legacy(Bytes message) {
  Reader r(message);
  LegacyRecord out;
  out.offset = r.i64();
  const int32_t size = r.i32();
  r.skip(4);
  out.magic = r.i8();
  if (!r.ok() || out.magic < 0 || out.magic > 1) return fail(Errc::kMalformed, "legacy message magic", out.magic);
  if (size != static_cast<int64_t>(message.size() - kLogOverhead)) return fail(Errc::kMalformed, "legacy message size");
  const uint8_t attributes = r.u8();
  out.codec = static_cast<Codec>(attributes & 0x07);
  if (out.magic == 1) {
    out.timestamp = r.i64();
    out.append_time = (attributes & kAppendTimeBit) != 0;
  }
  const auto field = [&r](bool& present) -> Bytes {
    const int32_t n = r.i32();
    present = n >= 0;
    return present ? r.raw(static_cast<size_t>(n)) : Bytes{};
  };
  out.key = field(out.has_key);
  out.value = field(out.has_value);
  if (!r.ok() || !r.at_end()) return fail(Errc::kMalformed, "legacy message lengths");
  return out;
}

bool legacy_crc_ok(Bytes message) {
  return message.size() >= kLegacyMinimumSize &&
         detail::load_be<uint32_t>(message.data() + kCrcPosition) == crc32(message.subspan(kMagicPosition));
}

Status for_each_legacy_record(Bytes message, Decompressor& decompressor, size_t limit,
                              const std::function<bool(const LegacyRecord&)>& each) {
  KZ_TRY(LegacyRecord wrapper, parse_legacy(message));
  if (wrapper.codec == Codec::kNone) {
    each(wrapper);
    return {};
  }
  if (!wrapper.has_value) return fail(Errc::kMalformed, "compressed message without value");
  KZ_TRY(const Slice inner, decompressor.all(wrapper.codec, wrapper.value, limit, wrapper.magic));
  std::vector<LegacyRecord> records;
  Bytes rest = inner.bytes();
  while (!rest.empty()) {
    const auto size = batch_size_at(rest);
    if (!size || *size > static_cast<int64_t>(rest.size())) return fail(Errc::kMalformed, "inner message size");
    const Bytes one = rest.first(static_cast<size_t>(*size));
    if (!legacy_crc_ok(one)) return fail(Errc::kChecksum, "inner message");
    KZ_TRY(LegacyRecord record, parse_legacy(one));
    if (record.codec != Codec::kNone || record.magic != wrapper.magic)
      return fail(Errc::kMalformed, "inner message is compressed or of another magic");
    records.push_back(record);
    rest = rest.subspan(one.size());
  }
  if (records.empty()) return fail(Errc::kMalformed, "compressed message without records");
  // A producer may leave the wrapper's offset at 0; the inner ones then stand as they are, as in Java.
  const Offset shift = wrapper.magic == 1 ? std::max<Offset>(wrapper.offset - records.back().offset, 0) : 0;
  for (auto& record : records) {
    record.offset += shift;
    record.append_time = wrapper.append_time;
    if (wrapper.append_time) record.timestamp = wrapper.timestamp;
    if (!each(record)) break;
  }
  return {};
}

void write_legacy(Buffer& out, int8_t magic, Offset offset, int64_t timestamp, bool append_time,
                  std::optional<Bytes> key, std::optional<Bytes> value) {
  write_message(out, magic, magic >= 1 && append_time ? kAppendTimeBit : uint8_t{0}, offset, timestamp, key, value);
}

namespace {

struct Plain {
  Offset offset;
  int64_t timestamp;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
};

// One batch's records as messages of `magic`, wrapped again if the batch was compressed.
Status convert_batch(const std::vector<Plain>& records, int8_t magic, Codec codec, bool append_time, Buffer& out) {
  if (records.empty()) return {};
  if (codec == Codec::kNone) {
    for (const auto& r : records) write_legacy(out, magic, r.offset, r.timestamp, append_time, r.key, r.value);
    return {};
  }
  Buffer inner;
  int64_t max_timestamp = kNoTimestamp;
  const Offset base = magic == 1 ? records.front().offset : 0;
  for (const auto& r : records) {
    write_legacy(inner, magic, r.offset - base, r.timestamp, append_time, r.key, r.value);
    max_timestamp = std::max(max_timestamp, r.timestamp);
  }
  Buffer packed;
  KZ_CHECK(compress(codec, inner.bytes(), packed));
  const auto attributes = static_cast<uint8_t>(static_cast<int>(codec) | (magic >= 1 && append_time ? 8 : 0));
  write_message(out, magic, attributes, records.back().offset, max_timestamp, std::nullopt, packed.bytes());
  return {};
}

}  // namespace

Result<Slice> down_convert(Bytes batches, int8_t to_magic, Offset from, Decompressor& decompressor, size_t limit) {
  Buffer out;
  BatchIterator it(batches);
  std::vector<Plain> records;
  while (auto batch = it.next()) {
    records.clear();
    const int8_t magic = magic_at(*batch);
    if (magic <= to_magic) {
      out.raw(*batch);
      continue;
    }
    Codec codec = Codec::kNone;
    bool append_time = false;
    Slice body;
    if (magic >= 2) {
      const BatchView view(*batch);
      if (view.control()) continue;
      codec = view.codec();
      if (codec == Codec::kZstd) return fail(Errc::kUnsupportedVersion, "zstd for an old client");
      append_time = view.log_append_time();
      Bytes bytes = view.body();
      if (codec != Codec::kNone) {
        KZ_TRY(body, decompressor.all(codec, bytes, limit));
        bytes = body.bytes();
      }
      RecordIterator records_of(view, bytes);
      RecordView r;
      while (records_of.next(r))
        if (r.offset >= from)
          records.push_back({r.offset, r.timestamp, optional_of(r.has_key, r.key), optional_of(r.has_value, r.value)});
      KZ_CHECK(records_of.status());
      KZ_CHECK(convert_batch(records, to_magic, codec, append_time, out));
    } else {
      // magic 1 for a magic 0 fetcher: inner bytes live only inside the callback's owner, so convert there.
      KZ_TRY(const LegacyRecord wrapper, parse_legacy(*batch));
      Buffer plain;
      KZ_CHECK(for_each_legacy_record(*batch, decompressor, limit, [&](const LegacyRecord& r) {
        if (r.offset >= from)
          write_legacy(plain, to_magic, r.offset, r.timestamp, r.append_time, optional_of(r.has_key, r.key),
                       optional_of(r.has_value, r.value));
        return true;
      }));
      if (wrapper.codec == Codec::kNone || plain.empty()) {
        out.raw(plain.bytes());
      } else {
        Buffer packed;
        KZ_CHECK(compress(wrapper.codec, plain.bytes(), packed));
        write_message(out, to_magic, static_cast<uint8_t>(wrapper.codec), wrapper.offset, kNoTimestamp, std::nullopt,
                      packed.bytes());
      }
    }
  }
  return out.to_slice();
}

}  // namespace kz::kafka
