#include "storage/kafka/batch_scan.h"

#include <algorithm>

#include "core/kafka/record/batch.h"
#include "core/kafka/record/legacy.h"

namespace kz::storage {

using kafka::BatchView;
using kafka::kBatchHeaderSize;
using kafka::kLegacyMinimumSize;

Result<BatchInfo> parse_batch_info(Bytes header, int64_t position) {
  if (header.size() <= kafka::kMagicPosition) return fail(Errc::kTruncated, "batch header", position);
  const auto size = kafka::batch_size_at(header);
  const int8_t magic = kafka::magic_at(header);
  if (!size || magic < 0 || magic > 2 || (magic == 2 && *size < static_cast<int64_t>(kBatchHeaderSize)))
    return fail(Errc::kCorrupt, "batch header", position);
  BatchInfo info;
  info.position = position;
  info.size = *size;
  info.magic = magic;
  if (magic == 2) {
    if (header.size() < kBatchHeaderSize) return fail(Errc::kTruncated, "batch header", position);
    const BatchView view(header);
    info.base_offset = view.base_offset();
    info.last_offset = view.last_offset();
    info.max_timestamp = view.max_timestamp();
    info.leader_epoch = view.leader_epoch();
    return info;
  }
  if (header.size() < kLegacyMinimumSize) return fail(Errc::kTruncated, "message header", position);
  info.base_offset = info.last_offset = kafka::detail::load_be<int64_t>(header.data());
  constexpr size_t kTimestampPosition = 18;
  if (magic == 1) info.max_timestamp = kafka::detail::load_be<int64_t>(header.data() + kTimestampPosition);
  return info;
}

Result<std::optional<BatchInfo>> HeaderScan::next() {
  const int64_t left = end_ - position_;
  if (left < static_cast<int64_t>(kLegacyMinimumSize)) return std::nullopt;
  const auto need = static_cast<size_t>(std::min<int64_t>(left, kBatchHeaderSize));
  if (position_ < chunk_at_ || position_ + static_cast<int64_t>(need) > chunk_at_ + static_cast<int64_t>(chunk_size_)) {
    chunk_at_ = position_;
    const auto want = static_cast<size_t>(std::min<int64_t>(left, kChunk));
    KZ_TRY(chunk_size_, file_.pread(MutableBytes(chunk_).first(want), position_));
    if (chunk_size_ < need) return std::nullopt;
  }
  const auto at = static_cast<size_t>(position_ - chunk_at_);
  auto info = parse_batch_info(Bytes(chunk_).subspan(at, chunk_size_ - at), position_);
  if (!info) {
    if (info.error().code == Errc::kTruncated) return std::nullopt;
    return std::unexpected(info.error());
  }
  last_seen_base_ = info->base_offset;
  if (info->size > left) return std::nullopt;
  position_ += info->size;
  return *info;
}

Result<Bytes> BatchScan::window(size_t need) {
  const auto offset = static_cast<size_t>(position_ - buffer_at_);
  if (position_ >= buffer_at_ && offset + need <= buffer_size_)
    return Bytes(buffer_).subspan(offset, buffer_size_ - offset);
  const auto left = static_cast<size_t>(end_ - position_);
  const size_t want = std::min(left, std::max(need, kReadAhead));
  if (buffer_.size() < want) buffer_.resize(want);
  buffer_at_ = position_;
  KZ_TRY(buffer_size_, file_.pread(MutableBytes(buffer_).first(want), position_));
  return Bytes(buffer_).first(buffer_size_);
}

Result<std::optional<BatchScan::Batch>> BatchScan::next(bool check_crc) {
  if (position_ >= end_) return std::nullopt;
  const auto left = static_cast<size_t>(end_ - position_);
  KZ_TRY(Bytes bytes, window(std::min(left, kBatchHeaderSize)));
  auto info = parse_batch_info(bytes, position_);
  if (!info) {
    if (info.error().code == Errc::kTruncated) return std::nullopt;
    return std::unexpected(info.error());
  }
  const auto size = static_cast<size_t>(info->size);
  if (size > left) return std::nullopt;
  KZ_TRY(bytes, window(size));
  if (bytes.size() < size) return std::nullopt;
  bytes = bytes.first(size);
  if (check_crc && !(info->magic == 2 ? BatchView(bytes).crc_ok() : kafka::legacy_crc_ok(bytes)))
    return fail(Errc::kChecksum, "record batch", position_);
  position_ += info->size;
  return Batch{*info, bytes};
}

}  // namespace kz::storage
