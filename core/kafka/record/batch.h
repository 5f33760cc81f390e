// Record batch v2 (magic 2) over bytes: accessors, the in-place edits a broker makes, and walks over batches and
// records without allocation. Source: DefaultRecordBatch.java, DefaultRecord.java @ 3.4.0; KIP-98.
//   int64 baseOffset, int32 batchLength, int32 partitionLeaderEpoch, int8 magic, uint32 crc, int16 attributes,
//   int32 lastOffsetDelta, int64 baseTimestamp, int64 maxTimestamp, int64 producerId, int16 producerEpoch,
//   int32 baseSequence, int32 recordCount, records. crc is CRC-32C of everything from attributes on.
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/bytes/slab.h"

namespace kz::kafka {

enum class Codec : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

// "none", "gzip", "snappy", "lz4", "zstd"; anything else (and 5..7) is empty.
std::string_view codec_name(Codec codec);
std::optional<Codec> codec_from_name(std::string_view name);

constexpr size_t kLogOverhead = 12;        // baseOffset and batchLength, in front of every magic
constexpr size_t kMagicPosition = 16;      // the same in every magic
constexpr size_t kBatchHeaderSize = 61;    // v2
constexpr size_t kLegacyMinimumSize = 26;  // a whole magic 0 message with null key and value, 12 + 14
constexpr int64_t kNoTimestamp = -1;
constexpr int64_t kNoProducerId = -1;
constexpr int16_t kNoProducerEpoch = -1;
constexpr int32_t kNoSequence = -1;

// Sequence arithmetic: 2147483647 wraps to 0.
constexpr int32_t increment_sequence(int32_t sequence, int32_t increment) {
  const int64_t sum = int64_t{sequence} + increment;  // a hostile batch may name any increment
  return static_cast<int32_t>(sum > INT32_MAX ? sum - INT32_MAX - 1 : sum);
}
constexpr int32_t decrement_sequence(int32_t sequence, int32_t decrement) {
  const int64_t difference = int64_t{sequence} - decrement;
  return static_cast<int32_t>(difference < 0 ? difference + INT32_MAX + 1 : difference);
}

namespace detail {
template <class T>
T load_be(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof(T));
  if constexpr (sizeof(T) == 2) v = static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(v)));
  if constexpr (sizeof(T) == 4) v = static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(v)));
  if constexpr (sizeof(T) == 8) v = static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(v)));
  return v;
}
template <class T>
void store_be(std::byte* p, T v) {
  if constexpr (sizeof(T) == 2) v = static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(v)));
  if constexpr (sizeof(T) == 4) v = static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(v)));
  if constexpr (sizeof(T) == 8) v = static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(v)));
  std::memcpy(p, &v, sizeof(T));
}
}  // namespace detail

// The fixed header of a v2 batch. Borrows at least kBatchHeaderSize bytes (a header alone is enough for all accessors
// but body() and crc_ok()); the caller has checked magic() == 2 where it matters.
class BatchView {
 public:
  explicit BatchView(Bytes bytes) : p_(bytes.data()), available_(bytes.size()) {}

  Offset base_offset() const { return detail::load_be<int64_t>(p_); }
  int32_t length() const { return detail::load_be<int32_t>(p_ + 8); }
  int64_t size() const { return static_cast<int64_t>(kLogOverhead) + length(); }  // whole batch, in bytes
  LeaderEpoch leader_epoch() const { return detail::load_be<int32_t>(p_ + 12); }
  int8_t magic() const { return static_cast<int8_t>(p_[kMagicPosition]); }
  uint32_t crc() const { return detail::load_be<uint32_t>(p_ + 17); }
  int16_t attributes() const { return detail::load_be<int16_t>(p_ + 21); }
  int32_t last_offset_delta() const { return detail::load_be<int32_t>(p_ + 23); }
  Offset last_offset() const { return base_offset() + last_offset_delta(); }
  int64_t base_timestamp() const { return detail::load_be<int64_t>(p_ + 27); }
  int64_t max_timestamp() const { return detail::load_be<int64_t>(p_ + 35); }
  int64_t producer_id() const { return detail::load_be<int64_t>(p_ + 43); }
  int16_t producer_epoch() const { return detail::load_be<int16_t>(p_ + 51); }
  int32_t base_sequence() const { return detail::load_be<int32_t>(p_ + 53); }
  int32_t last_sequence() const {
    const int32_t base = base_sequence();
    return base == kNoSequence ? kNoSequence : increment_sequence(base, last_offset_delta());
  }
  int32_t count() const { return detail::load_be<int32_t>(p_ + 57); }

  // Values 5..7 are codecs nobody has; they fail in decompression.
  Codec codec() const { return static_cast<Codec>(attributes() & 0x07); }
  bool log_append_time() const { return (attributes() & 0x08) != 0; }
  bool transactional() const { return (attributes() & 0x10) != 0; }
  bool control() const { return (attributes() & 0x20) != 0; }
  bool has_delete_horizon() const { return (attributes() & 0x40) != 0; }
  bool has_producer_id() const { return producer_id() > kNoProducerId; }

  bool whole() const { return size() >= static_cast<int64_t>(kBatchHeaderSize) && size() <= ssize(); }
  // The records section, compressed as stored. whole() only.
  Bytes body() const { return {p_ + kBatchHeaderSize, static_cast<size_t>(size()) - kBatchHeaderSize}; }
  // whole() only.
  bool crc_ok() const { return crc() == compute_crc(); }
  uint32_t compute_crc() const;
  Bytes bytes() const { return {p_, available_}; }

 private:
  int64_t ssize() const { return static_cast<int64_t>(available_); }
  const std::byte* p_;
  size_t available_;
};

// The edits a broker makes in place. base offset and leader epoch lie before the CRC'd region and need no new CRC.
class MutableBatch : public BatchView {
 public:
  explicit MutableBatch(MutableBytes bytes) : BatchView(bytes), p_(bytes.data()) {}
  void set_base_offset(Offset offset) { detail::store_be<int64_t>(p_, offset); }
  void set_last_offset(Offset offset) { set_base_offset(offset - last_offset_delta()); }
  void set_leader_epoch(LeaderEpoch epoch) { detail::store_be<int32_t>(p_ + 12, epoch); }
  // Sets type and value and, if either changed, the CRC.
  void set_max_timestamp(bool append_time, int64_t timestamp);
  // For builders: any header field, then update_crc().
  void set_attributes(int16_t attributes) { detail::store_be<int16_t>(p_ + 21, attributes); }
  void set_producer(int64_t id, int16_t epoch, int32_t base_sequence) {
    detail::store_be<int64_t>(p_ + 43, id);
    detail::store_be<int16_t>(p_ + 51, epoch);
    detail::store_be<int32_t>(p_ + 53, base_sequence);
  }
  void update_crc() { detail::store_be<uint32_t>(p_ + 17, compute_crc()); }

 private:
  std::byte* p_;
};

// A decoded record; everything points into the (decompressed) body.
struct RecordView {
  int32_t offset_delta = 0;
  Offset offset = 0;
  int64_t timestamp = kNoTimestamp;  // of the batch when it is LogAppendTime
  int32_t sequence = kNoSequence;
  int8_t attributes = 0;
  bool has_key = false;
  bool has_value = false;
  Bytes key;
  Bytes value;
  int32_t header_count = 0;
  Bytes headers;  // checked; walk with for_each_header
};

// Walks the records of an uncompressed body (BatchView::body() or what decompression gave). Checks structure: every
// length inside its record, the declared count exactly filling the body. status() tells why next() ended early.
class RecordIterator {
 public:
  // body is borrowed and must outlive the views.
  RecordIterator(const BatchView& batch, Bytes body);
  bool next(RecordView& out);
  Status status() const { return error_ == nullptr ? Status{} : fail(Errc::kMalformed, error_, read_); }

 private:
  bool bad(const char* why) {
    error_ = why;
    return false;
  }
  const std::byte* p_;
  const std::byte* end_;
  Offset base_offset_;
  int64_t base_timestamp_;
  int64_t append_time_;
  bool is_append_time_;
  int32_t base_sequence_;
  int32_t count_;
  int32_t read_ = 0;
  const char* error_ = nullptr;
};

struct HeaderView {
  std::string_view key;
  bool has_value = false;
  Bytes value;
};
// Walks a record's headers, which RecordIterator has checked.
class HeaderIterator {
 public:
  explicit HeaderIterator(const RecordView& record)
      : p_(record.headers.data()), end_(p_ + record.headers.size()), left_(record.header_count) {}
  bool next(HeaderView& out);

 private:
  const std::byte* p_;
  const std::byte* end_;
  int32_t left_;
};

// Walks back-to-back batches of any magic. Stops at the end or at the first one that is not whole.
class BatchIterator {
 public:
  explicit BatchIterator(Bytes bytes) : rest_(bytes) {}
  // The next whole batch's bytes.
  std::optional<Bytes> next();
  // Bytes not consumed: a partial batch, or garbage with an impossible length.
  size_t remaining() const { return rest_.size(); }

 private:
  Bytes rest_;
};

// Size of the batch (any magic) that starts here; nullopt when fewer than 12 bytes or a negative or tiny length.
std::optional<int64_t> batch_size_at(Bytes bytes);
// The magic of the batch that starts here; -1 with fewer than 17 bytes.
inline int8_t magic_at(Bytes bytes) {
  return bytes.size() > kMagicPosition ? static_cast<int8_t>(bytes[kMagicPosition]) : int8_t{-1};
}

}  // namespace kz::kafka
