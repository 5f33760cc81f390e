#include "core/kafka/record/compress.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace kz::kafka {

namespace {

constexpr std::array<uint8_t, 16> kXerialHeader = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
constexpr size_t kXerialMagic = 8;
constexpr size_t kXerialBlock = 32 * 1024;
// No snappy element unfolds to more than 64 bytes out of 3, so a larger claim is a lie (and a way to take memory).
constexpr size_t kSnappyRatio = 32;

bool starts_xerial(Bytes in) {
  return in.size() >= kXerialHeader.size() && std::memcmp(in.data(), kXerialHeader.data(), kXerialMagic) == 0;
}
const char* chars(const std::byte* p) { return reinterpret_cast<const char*>(p); }

LZ4F_preferences_t lz4_preferences() {
  LZ4F_preferences_t prefs{};
  prefs.frameInfo.blockSizeID = LZ4F_max64KB;
  prefs.frameInfo.blockMode = LZ4F_blockIndependent;
  return prefs;
}

constexpr uint32_t kLz4Magic = 0x184D2204;

}  // namespace

struct Decompressor::State {
  Codec codec = Codec::kNone;
  Bytes in;
  bool ended = true;

  z_stream gzip{};
  bool gzip_ready = false;
  LZ4F_dctx* lz4 = nullptr;
  ZSTD_DCtx* zstd = nullptr;
  std::array<std::byte, LZ4F_HEADER_SIZE_MAX> lz4_header{};  // magic 0: the header with its checksum mended
  Bytes lz4_mended;
  bool xerial = false;
  std::vector<std::byte> block;  // snappy: the block being handed out
  size_t block_at = 0;

  ~State() {
    if (gzip_ready) inflateEnd(&gzip);
    if (lz4 != nullptr) LZ4F_freeDecompressionContext(lz4);
    ZSTD_freeDCtx(zstd);
  }

  Status open_gzip();
  Status open_lz4(int8_t magic);
  Result<size_t> read_gzip(MutableBytes out);
  Result<size_t> read_lz4(MutableBytes out);
  Result<size_t> read_zstd(MutableBytes out);
  Result<size_t> read_snappy(MutableBytes out);
  Status snappy_block(Bytes compressed);
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;

Status Decompressor::State::open_gzip() {
  const int rc = gzip_ready ? inflateReset(&gzip) : inflateInit2(&gzip, MAX_WBITS + 16);
  if (rc != Z_OK) return fail(Errc::kInternal, "zlib", rc);
  gzip_ready = true;
  gzip.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  gzip.avail_in = static_cast<uInt>(in.size());
  return {};
}

Status Decompressor::State::open_lz4(int8_t magic) {
  if (lz4 == nullptr && LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)))
    return fail(Errc::kInternal, "lz4 context");
  LZ4F_resetDecompressionContext(lz4);
  lz4_mended = {};
  if (in.size() < LZ4F_HEADER_SIZE_MIN) return fail(Errc::kMalformed, "lz4 frame header");
  uint32_t frame_magic = 0;
  std::memcpy(&frame_magic, in.data(), 4);
  const auto flg = static_cast<uint32_t>(in[4]);
  // What Java's reader refuses may not enter a log: linked blocks (bit 5 clear), dictionaries and reserved bits.
  if (frame_magic != kLz4Magic || (flg >> 6) != 1 || (flg & 0x20) == 0 || (flg & 3) != 0)
    return fail(Errc::kMalformed, "lz4 frame descriptor", flg);
  if (magic != 0) return {};
  // Writes the same descriptor with the library, which computes the checksum that the old clients got wrong.
  LZ4F_preferences_t prefs{};
  prefs.frameInfo.blockSizeID = static_cast<LZ4F_blockSizeID_t>((static_cast<uint32_t>(in[5]) >> 4) & 7);
  prefs.frameInfo.blockMode = LZ4F_blockIndependent;
  prefs.frameInfo.blockChecksumFlag = (flg & 0x10) != 0 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
  prefs.frameInfo.contentChecksumFlag = (flg & 0x04) != 0 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
  if ((flg & 0x08) != 0) {
    if (in.size() < 15) return fail(Errc::kMalformed, "lz4 frame header");
    std::memcpy(&prefs.frameInfo.contentSize, in.data() + 6, 8);
    if (prefs.frameInfo.contentSize == 0) return fail(Errc::kMalformed, "lz4 content size");
  }
  if (prefs.frameInfo.blockSizeID < LZ4F_max64KB) return fail(Errc::kMalformed, "lz4 block size");
  LZ4F_cctx* writer = nullptr;
  if (LZ4F_isError(LZ4F_createCompressionContext(&writer, LZ4F_VERSION))) return fail(Errc::kInternal, "lz4 context");
  const size_t size = LZ4F_compressBegin(writer, lz4_header.data(), lz4_header.size(), &prefs);
  LZ4F_freeCompressionContext(writer);
  if (LZ4F_isError(size) || size > in.size()) return fail(Errc::kMalformed, "lz4 frame header");
  lz4_mended = {lz4_header.data(), size};
  in = in.subspan(size);
  return {};
}

Status Decompressor::open(Codec codec, Bytes body, int8_t magic) {
  State& s = *state_;
  s.codec = codec;
  s.in = body;
  s.ended = false;
  s.block.clear();
  s.block_at = 0;
  switch (codec) {
    case Codec::kNone:
      return {};
    case Codec::kGzip:
      return s.open_gzip();
    case Codec::kSnappy:
      s.xerial = starts_xerial(body);
      if (s.xerial) s.in = body.subspan(kXerialHeader.size());
      return {};
    case Codec::kLz4:
      return s.open_lz4(magic);
    case Codec::kZstd:
      if (s.zstd == nullptr) s.zstd = ZSTD_createDCtx();
      if (s.zstd == nullptr) return fail(Errc::kInternal, "zstd context");
      ZSTD_DCtx_reset(s.zstd, ZSTD_reset_session_only);
      return {};
  }
  return fail(Errc::kUnsupportedVersion, "compression codec", static_cast<int64_t>(codec));
}

Result<size_t> Decompressor::State::read_gzip(MutableBytes out) {
  gzip.next_out = reinterpret_cast<Bytef*>(out.data());
  gzip.avail_out = static_cast<uInt>(out.size());
  while (gzip.avail_out > 0 && !ended) {
    const int rc = inflate(&gzip, Z_NO_FLUSH);
    if (rc == Z_STREAM_END) {
      // Another member may follow; anything else behind the end is ignored, as Java's reader does.
      if (gzip.avail_in >= 2 && gzip.next_in[0] == 0x1f && gzip.next_in[1] == 0x8b)
        inflateReset(&gzip);
      else
        ended = true;
    } else if (rc != Z_OK) {
      return fail(Errc::kMalformed, "gzip data", rc);
    }
  }
  return out.size() - gzip.avail_out;
}

Result<size_t> Decompressor::State::read_lz4(MutableBytes out) {
  size_t done = 0;
  while (done < out.size() && !ended) {
    Bytes& source = lz4_mended.empty() ? in : lz4_mended;
    size_t produced = out.size() - done;
    size_t consumed = source.size();
    const size_t rc = LZ4F_decompress(lz4, out.data() + done, &produced, source.data(), &consumed, nullptr);
    if (LZ4F_isError(rc)) return fail(Errc::kMalformed, "lz4 data");
    source = source.subspan(consumed);
    done += produced;
    if (rc == 0)
      ended = true;
    else if (produced == 0 && consumed == 0 && in.empty())
      return fail(Errc::kMalformed, "lz4 data ends early");
  }
  return done;
}

Result<size_t> Decompressor::State::read_zstd(MutableBytes out) {
  ZSTD_outBuffer o{out.data(), out.size(), 0};
  ZSTD_inBuffer i{in.data(), in.size(), 0};
  while (o.pos < o.size && !ended) {
    const size_t out_before = o.pos;
    const size_t in_before = i.pos;
    const size_t rc = ZSTD_decompressStream(zstd, &o, &i);
    if (ZSTD_isError(rc)) return fail(Errc::kMalformed, "zstd data");
    if (rc == 0 && i.pos == i.size)
      ended = true;
    else if (o.pos == out_before && i.pos == in_before)
      return fail(Errc::kMalformed, "zstd data ends early");
  }
  in = in.subspan(i.pos);
  return o.pos;
}

Status Decompressor::State::snappy_block(Bytes compressed) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(chars(compressed.data()), compressed.size(), &size) ||
      size > compressed.size() * kSnappyRatio)
    return fail(Errc::kMalformed, "snappy length");
  block.resize(size);
  block_at = 0;
  if (!snappy::RawUncompress(chars(compressed.data()), compressed.size(), reinterpret_cast<char*>(block.data())))
    return fail(Errc::kMalformed, "snappy data");
  return {};
}

Result<size_t> Decompressor::State::read_snappy(MutableBytes out) {
  size_t done = 0;
  while (done < out.size()) {
    if (block_at == block.size()) {
      if (in.empty()) {
        ended = true;
        break;
      }
      if (!xerial) {
        KZ_CHECK(snappy_block(in));
        in = {};
        continue;
      }
      if (starts_xerial(in)) {  // two streams back to back
        in = in.subspan(kXerialHeader.size());
        continue;
      }
      if (in.size() < 4) return fail(Errc::kMalformed, "snappy block length");
      const auto size = detail::load_be<uint32_t>(in.data());
      if (size > in.size() - 4) return fail(Errc::kMalformed, "snappy data ends early");
      KZ_CHECK(snappy_block(in.subspan(4, size)));
      in = in.subspan(4 + size);
      continue;
    }
    const size_t n = std::min(block.size() - block_at, out.size() - done);
    std::memcpy(out.data() + done, block.data() + block_at, n);
    block_at += n;
    done += n;
  }
  return done;
}

Result<size_t> Decompressor::read(MutableBytes out) {
  State& s = *state_;
  if (s.ended || out.empty()) return size_t{0};
  switch (s.codec) {
    case Codec::kNone: {
      const size_t n = std::min(out.size(), s.in.size());
      if (n > 0) std::memcpy(out.data(), s.in.data(), n);
      s.in = s.in.subspan(n);
      return n;
    }
    case Codec::kGzip:
      return s.read_gzip(out);
    case Codec::kSnappy:
      return s.read_snappy(out);
    case Codec::kLz4:
      return s.read_lz4(out);
    case Codec::kZstd:
      return s.read_zstd(out);
  }
  return fail(Errc::kUnsupportedVersion, "compression codec");
}

Result<Slice> Decompressor::all(Codec codec, Bytes body, size_t limit, int8_t magic) {
  KZ_CHECK(open(codec, body, magic));
  std::vector<std::byte> out;
  size_t size = 0;
  for (;;) {
    // One byte more than allowed tells "exactly the limit" from "more".
    out.resize(std::min(limit + 1, std::max<size_t>({4096, body.size() * 4, out.size() * 2})));
    KZ_TRY(const size_t n, read(MutableBytes(out).subspan(size)));
    size += n;
    if (size > limit) return fail(Errc::kTooLarge, "decompressed records", static_cast<int64_t>(limit));
    if (size < out.size()) return Slice::copy_of(Bytes(out).first(size));
  }
}

Result<Slice> uncompressed_body(const Slice& batch, Decompressor& decompressor, size_t limit) {
  const BatchView view(batch.bytes());
  if (batch.size() < kBatchHeaderSize || !view.whole()) return fail(Errc::kTruncated, "record batch");
  if (view.codec() == Codec::kNone) return batch.sub(kBatchHeaderSize, view.body().size());
  return decompressor.all(view.codec(), view.body(), limit);
}

namespace {

Status compress_gzip(Bytes in, Buffer& out) {
  z_stream z{};
  constexpr int kMemLevel = 8;
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, kMemLevel, Z_DEFAULT_STRATEGY) != Z_OK)
    return fail(Errc::kInternal, "zlib");
  const size_t bound = deflateBound(&z, static_cast<uLong>(in.size()));
  const size_t at = out.size();
  z.next_out = reinterpret_cast<Bytef*>(out.claim(bound));
  z.avail_out = static_cast<uInt>(bound);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  z.avail_in = static_cast<uInt>(in.size());
  const int rc = deflate(&z, Z_FINISH);
  out.text().resize(at + (bound - z.avail_out));
  deflateEnd(&z);
  return rc == Z_STREAM_END ? Status{} : fail(Errc::kInternal, "zlib", rc);
}

Status compress_snappy(Bytes in, Buffer& out) {
  out.raw(std::as_bytes(std::span(kXerialHeader)));
  while (!in.empty()) {
    const Bytes piece = in.first(std::min(kXerialBlock, in.size()));
    const size_t at = out.size();
    size_t size = 0;
    std::byte* to = out.claim(4 + snappy::MaxCompressedLength(piece.size()));
    snappy::RawCompress(chars(piece.data()), piece.size(), reinterpret_cast<char*>(to) + 4, &size);
    out.patch_i32(at, static_cast<int32_t>(size));
    out.text().resize(at + 4 + size);
    in = in.subspan(piece.size());
  }
  return {};
}

Status compress_lz4(Bytes in, Buffer& out) {
  const LZ4F_preferences_t prefs = lz4_preferences();
  const size_t bound = LZ4F_compressFrameBound(in.size(), &prefs);
  const size_t at = out.size();
  const size_t size = LZ4F_compressFrame(out.claim(bound), bound, in.data(), in.size(), &prefs);
  out.text().resize(at + (LZ4F_isError(size) ? 0 : size));
  return LZ4F_isError(size) ? fail(Errc::kInternal, "lz4") : Status{};
}

Status compress_zstd(Bytes in, Buffer& out) {
  const size_t bound = ZSTD_compressBound(in.size());
  const size_t at = out.size();
  const size_t size = ZSTD_compress(out.claim(bound), bound, in.data(), in.size(), ZSTD_CLEVEL_DEFAULT);
  out.text().resize(at + (ZSTD_isError(size) ? 0 : size));
  return ZSTD_isError(size) ? fail(Errc::kInternal, "zstd") : Status{};
}

}  // namespace

Status compress(Codec codec, Bytes in, Buffer& out) {
  switch (codec) {
    case Codec::kNone:
      out.raw(in);
      return {};
    case Codec::kGzip:
      return compress_gzip(in, out);
    case Codec::kSnappy:
      return compress_snappy(in, out);
    case Codec::kLz4:
      return compress_lz4(in, out);
    case Codec::kZstd:
      return compress_zstd(in, out);
  }
  return fail(Errc::kUnsupportedVersion, "compression codec", static_cast<int64_t>(codec));
}

}  // namespace kz::kafka
