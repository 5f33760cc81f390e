// The five codecs of record batches: gzip (zlib), snappy (xerial framing or raw), lz4 frames, zstd. Decompression
// streams, so that a walk over records needs one small window however large a bomb unfolds to.
// Source: CompressionType.java, KafkaLZ4BlockOutputStream.java @ 3.4.0, SnappyOutputStream of snappy-java.
#pragma once
#include <memory>

#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "core/bytes/writer.h"
#include "core/kafka/record/batch.h"

namespace kz::kafka {

// Decompresses one body after another; its contexts and buffers are reused. Not thread-safe: one per thread.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // Starts on a body, which is borrowed until the end. magic 0 skips the lz4 header checksum (KAFKA-3160).
  // kMalformed: not this codec; kUnsupportedVersion: a codec id above 4.
  Status open(Codec codec, Bytes body, int8_t magic = 2);
  // Fills `out` with what comes next; fewer bytes only at the end, 0 after it. kMalformed: corrupt or cut off.
  Result<size_t> read(MutableBytes out);
  // The whole body, in a slab of its own (with kNone: a copy). kTooLarge above `limit` bytes.
  Result<Slice> all(Codec codec, Bytes body, size_t limit, int8_t magic = 2);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The records section of a whole v2 batch, uncompressed: a sub-slice of `batch`, or a fresh slab of at most `limit`.
Result<Slice> uncompressed_body(const Slice& batch, Decompressor& decompressor, size_t limit);

// Compresses `in` behind what `out` holds, in the framing that Java reads: snappy xerial with 32 KiB blocks, lz4 with
// independent 64 KiB blocks and no content size, gzip and zstd at their default levels.
Status compress(Codec codec, Bytes in, Buffer& out);

}  // namespace kz::kafka
