#include "core/kafka/record/batch.h"

#include "core/bytes/checksum.h"
#include "core/kafka/record/varint.h"

namespace kz::kafka {

std::string_view codec_name(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "none";
    case Codec::kGzip:
      return "gzip";
    case Codec::kSnappy:
      return "snappy";
    case Codec::kLz4:
      return "lz4";
    case Codec::kZstd:
      return "zstd";
  }
  return {};
}

std::optional<Codec> codec_from_name(std::string_view name) {
  for (const Codec c : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd})
    if (codec_name(c) == name) return c;
  return std::nullopt;
}

uint32_t BatchView::compute_crc() const {
  constexpr size_t kCrcFrom = 21;
  return crc32c({p_ + kCrcFrom, static_cast<size_t>(size()) - kCrcFrom});
}

void MutableBatch::set_max_timestamp(bool append_time, int64_t timestamp) {
  if (log_append_time() == append_time && max_timestamp() == timestamp) return;
  const int16_t old = attributes();
  // As Java, which rewrites only the low byte's known flags and leaves the second byte zero.
  set_attributes(static_cast<int16_t>((old & 0x77) | (append_time ? 0x08 : 0)));
  detail::store_be<int64_t>(p_ + 35, timestamp);
  update_crc();
}

RecordIterator::RecordIterator(const BatchView& batch, Bytes body)
    : p_(body.data()),
      end_(body.data() + body.size()),
      base_offset_(batch.base_offset()),
      base_timestamp_(batch.base_timestamp()),
      append_time_(batch.max_timestamp()),
      is_append_time_(batch.log_append_time()),
      base_sequence_(batch.base_sequence()),
      count_(batch.count()) {}

namespace {

// A nullable length-prefixed field inside [p, end).
bool read_field(const std::byte*& p, const std::byte* end, bool& present, Bytes& out) {
  int32_t size = 0;
  if (!detail::read_varint(p, end, size)) return false;
  present = size >= 0;
  if (!present) {
    out = {};
    return true;
  }
  if (size > end - p) return false;
  out = {p, static_cast<size_t>(size)};
  p += size;
  return true;
}

}  // namespace

bool RecordIterator::next(RecordView& out) {
  if (error_ != nullptr) return false;
  if (count_ < 0) return bad("negative record count");
  if (read_ == count_) return count_ > 0 && p_ != end_ ? bad("records remain after the declared count") : false;
  int32_t size = 0;
  if (!detail::read_varint(p_, end_, size)) return bad("records end before the declared count");
  if (size < 0 || size > end_ - p_) return bad("record longer than its batch");
  const std::byte* end = p_ + size;
  const std::byte* p = p_;
  if (p == end) return bad("empty record");
  out.attributes = static_cast<int8_t>(*p++);
  int64_t timestamp_delta = 0;
  if (!detail::read_varlong(p, end, timestamp_delta) || !detail::read_varint(p, end, out.offset_delta) ||
      !read_field(p, end, out.has_key, out.key) || !read_field(p, end, out.has_value, out.value) ||
      !detail::read_varint(p, end, out.header_count) || out.header_count < 0 || out.header_count > end - p)
    return bad("invalid record structure");
  const std::byte* headers = p;
  for (int32_t i = 0; i < out.header_count; ++i) {
    bool present = false;
    Bytes field;
    if (!read_field(p, end, present, field) || !present || !read_field(p, end, present, field))
      return bad("invalid record header");
  }
  if (p != end) return bad("record size does not match its content");
  out.headers = {headers, static_cast<size_t>(p - headers)};
  out.offset = base_offset_ + out.offset_delta;
  out.timestamp =
      is_append_time_
          ? append_time_
          : static_cast<int64_t>(static_cast<uint64_t>(base_timestamp_) + static_cast<uint64_t>(timestamp_delta));
  out.sequence = base_sequence_ >= 0 ? increment_sequence(base_sequence_, out.offset_delta) : kNoSequence;
  p_ = end;
  ++read_;
  return true;
}

bool HeaderIterator::next(HeaderView& out) {
  if (left_ == 0) return false;
  --left_;
  bool present = false;
  Bytes key;
  if (!read_field(p_, end_, present, key) || !read_field(p_, end_, out.has_value, out.value)) return false;
  out.key = as_text(key);
  return true;
}

std::optional<int64_t> batch_size_at(Bytes bytes) {
  if (bytes.size() < kLogOverhead) return std::nullopt;
  const int64_t size = static_cast<int64_t>(kLogOverhead) + detail::load_be<int32_t>(bytes.data() + 8);
  if (size < static_cast<int64_t>(kLegacyMinimumSize)) return std::nullopt;
  return size;
}

std::optional<Bytes> BatchIterator::next() {
  const auto size = batch_size_at(rest_);
  if (!size || *size > static_cast<int64_t>(rest_.size())) return std::nullopt;
  const Bytes batch = rest_.first(static_cast<size_t>(*size));
  if (magic_at(batch) >= 2 && batch.size() < kBatchHeaderSize) return std::nullopt;
  rest_ = rest_.subspan(batch.size());
  return batch;
}

}  // namespace kz::kafka
