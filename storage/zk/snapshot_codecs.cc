// Compressed snapshots: gzip, and snappy-java's stream: magic, int version 1, int compatible version 1, then
// (int compressed length, raw snappy block of at most 32 KiB)*.
#include <snappy-c.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "storage/zk/snapshot.h"

namespace kz::storage::zk {
namespace {

constexpr size_t kSnappyBlock = 32 * 1024;
constexpr size_t kSnappyHeader = 16;
constexpr int32_t kSnappyBlockMax = 1 << 26;  // what a writer with another block size could have used
constexpr std::string_view kSnappyMagic("\x82SNAPPY\0", 8);
constexpr int kGzipWindow = 15 + 16;

class GzipWriter final : public StreamCodec {
 public:
  GzipWriter() { ok_ = ::deflateInit2(&z_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, 0) == Z_OK; }
  ~GzipWriter() override { ::deflateEnd(&z_); }
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;
  Status feed(Bytes in, std::string& out) override { return run(in, out, Z_NO_FLUSH); }
  Status finish(std::string& out) override { return run({}, out, Z_FINISH); }

 private:
  Status run(Bytes in, std::string& out, int flush) {
    if (!ok_) return fail(Errc::kInternal, "deflateInit2");
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    z_.avail_in = static_cast<uInt>(in.size());
    std::array<char, 16384> block;
    do {
      z_.next_out = reinterpret_cast<Bytef*>(block.data());
      z_.avail_out = block.size();
      if (::deflate(&z_, flush) == Z_STREAM_ERROR) return fail(Errc::kInternal, "deflate");
      out.append(block.data(), block.size() - z_.avail_out);
    } while (z_.avail_out == 0);
    return {};
  }
  z_stream z_{};
  bool ok_ = false;
};

class GzipReader final : public StreamCodec {
 public:
  GzipReader() { ok_ = ::inflateInit2(&z_, kGzipWindow) == Z_OK; }
  ~GzipReader() override { ::inflateEnd(&z_); }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;
  Status feed(Bytes in, std::string& out) override {
    if (!ok_) return fail(Errc::kInternal, "inflateInit2");
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    z_.avail_in = static_cast<uInt>(in.size());
    std::array<char, 16384> block;
    while (z_.avail_in > 0) {
      // GZIPInputStream reads concatenated members as one stream.
      if (ended_ && ::inflateReset(&z_) != Z_OK) return fail(Errc::kInternal, "inflateReset");
      ended_ = false;
      z_.next_out = reinterpret_cast<Bytef*>(block.data());
      z_.avail_out = block.size();
      const int rc = ::inflate(&z_, Z_NO_FLUSH);
      if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) return fail(Errc::kCorrupt, "gzip stream", rc);
      out.append(block.data(), block.size() - z_.avail_out);
      ended_ = rc == Z_STREAM_END;
    }
    return drain(out);
  }
  Status finish(std::string&) override { return ended_ ? Status{} : fail(Errc::kTruncated, "gzip stream"); }

 private:
  // What zlib still holds when the input is used up but the last block came out full.
  Status drain(std::string& out) {
    std::array<char, 16384> block;
    while (!ended_) {
      z_.next_out = reinterpret_cast<Bytef*>(block.data());
      z_.avail_out = block.size();
      const int rc = ::inflate(&z_, Z_NO_FLUSH);
      out.append(block.data(), block.size() - z_.avail_out);
      if (rc == Z_STREAM_END) ended_ = true;
      if (rc == Z_BUF_ERROR || z_.avail_out > 0) break;
      if (rc != Z_OK && rc != Z_STREAM_END) return fail(Errc::kCorrupt, "gzip stream", rc);
    }
    return {};
  }
  z_stream z_{};
  bool ok_ = false;
  bool ended_ = false;
};

class SnappyWriter final : public StreamCodec {
 public:
  Status feed(Bytes in, std::string& out) override {
    pending_ += as_text(in);
    size_t at = 0;
    for (; pending_.size() - at >= kSnappyBlock; at += kSnappyBlock) block({pending_.data() + at, kSnappyBlock}, out);
    pending_.erase(0, at);
    return {};
  }
  Status finish(std::string& out) override {
    if (!pending_.empty() || !started_) block(pending_, out);
    pending_.clear();
    return {};
  }

 private:
  void block(std::string_view plain, std::string& out) {
    Buffer head;
    if (!started_) {
      head.raw(kSnappyMagic);
      head.i32(1);
      head.i32(1);
    }
    started_ = true;
    if (!plain.empty()) {
      size_t size = ::snappy_max_compressed_length(plain.size());
      packed_.resize(size);
      ::snappy_compress(plain.data(), plain.size(), packed_.data(), &size);
      head.i32(static_cast<int32_t>(size));
      head.raw(std::string_view(packed_).substr(0, size));
    }
    out += head.text();
  }
  std::string pending_;
  std::string packed_;
  bool started_ = false;
};

class SnappyReader final : public StreamCodec {
 public:
  Status feed(Bytes in, std::string& out) override {
    pending_ += as_text(in);
    size_t at = 0;
    if (!started_) {
      if (pending_.size() < kSnappyHeader) return {};
      if (!pending_.starts_with(kSnappyMagic)) return fail(Errc::kCorrupt, "snappy stream header");
      started_ = true;
      at = kSnappyHeader;
    }
    while (pending_.size() - at >= 4) {
      Reader r(as_bytes(pending_).subspan(at));
      const int32_t size = r.i32();
      if (size < 0 || size > kSnappyBlockMax) return fail(Errc::kCorrupt, "snappy block length", size);
      if (r.remaining() < static_cast<size_t>(size)) break;
      const Bytes packed = r.raw(static_cast<size_t>(size));
      const auto* data = reinterpret_cast<const char*>(packed.data());
      size_t plain = 0;
      if (::snappy_uncompressed_length(data, packed.size(), &plain) != SNAPPY_OK || plain > kSnappyBlockMax)
        return fail(Errc::kCorrupt, "snappy block");
      const size_t old = out.size();
      out.resize(old + plain);
      if (::snappy_uncompress(data, packed.size(), out.data() + old, &plain) != SNAPPY_OK)
        return fail(Errc::kCorrupt, "snappy block");
      at += 4 + packed.size();
    }
    pending_.erase(0, at);
    return {};
  }
  Status finish(std::string&) override {
    return started_ && pending_.empty() ? Status{} : fail(Errc::kTruncated, "snappy stream");
  }

 private:
  std::string pending_;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<StreamCodec> compressor(Compression compression) {
  if (compression == Compression::kGzip) return std::make_unique<GzipWriter>();
  if (compression == Compression::kSnappy) return std::make_unique<SnappyWriter>();
  return nullptr;
}

std::unique_ptr<StreamCodec> decompressor(Compression compression) {
  if (compression == Compression::kGzip) return std::make_unique<GzipReader>();
  if (compression == Compression::kSnappy) return std::make_unique<SnappyReader>();
  return nullptr;
}

}  // namespace kz::storage::zk
