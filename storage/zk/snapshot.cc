#include "storage/zk/snapshot.h"

#include <strings.h>

#include <algorithm>
#include <array>

#include "storage/zk/file_names.h"

namespace kz::storage::zk {
namespace {

constexpr size_t kPiece = 1 << 18;
constexpr std::array<char, 5> kTail{0, 0, 0, 1, '/'};
constexpr std::array<char, 2> kGzipMagic{'\x1f', '\x8b'};
constexpr std::array<char, 8> kSnappyMagic{'\x82', 'S', 'N', 'A', 'P', 'P', 'Y', 0};

std::string_view extension(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return ".gz";
    case Compression::kSnappy:
      return ".snappy";
    default:
      return "";
  }
}

template <size_t N>
Result<bool> holds(File& file, int64_t position, const std::array<char, N>& expected) {
  std::array<char, N> got{};
  KZ_TRY(const size_t n, file.pread(std::as_writable_bytes(std::span(got)), position));
  return n == N && got == expected;
}

}  // namespace

Compression compression_of(std::string_view method) {
  const std::string text(method);
  if (::strcasecmp(text.c_str(), "gz") == 0) return Compression::kGzip;
  if (::strcasecmp(text.c_str(), "snappy") == 0) return Compression::kSnappy;
  return Compression::kNone;
}

Compression compression_of_name(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? Compression::kNone : compression_of(name.substr(dot + 1));
}

std::string snapshot_name(Zxid zxid, Compression compression) {
  return "snapshot." + hex(zxid).append(extension(compression));
}

Result<bool> looks_complete(FileSystem& fs, const std::string& path) {
  KZ_TRY(auto file, fs.open(path, OpenMode::kRead));
  switch (compression_of_name(path)) {
    case Compression::kGzip:
      return holds(*file, 0, kGzipMagic);
    case Compression::kSnappy:
      return holds(*file, 0, kSnappyMagic);
    default:
      break;
  }
  KZ_TRY(const int64_t size, file->size());
  if (size < 10) return false;
  return holds(*file, size - std::ssize(kTail), kTail);
}

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::create(FileSystem& fs, const std::string& dir, Zxid zxid,
                                                           Compression compression) {
  std::unique_ptr<SnapshotFile> snapshot(
      new SnapshotFile(fs, dir, dir + "/" + snapshot_name(zxid, compression), compression));
  KZ_TRY(snapshot->file_, fs.open(snapshot->path_ + ".tmp", OpenMode::kTruncate));
  return snapshot;
}

SnapshotFile::~SnapshotFile() {
  if (!file_) return;
  file_.reset();
  (void)fs_.remove(path_ + ".tmp");  // left over at worst; the next start removes it
}

Status SnapshotFile::append(Bytes bytes) {
  if (codec_) {
    out_.clear();
    KZ_CHECK(codec_->feed(bytes, out_));
    bytes = as_bytes(out_);
  }
  KZ_CHECK(file_->pwrite(bytes, position_));
  position_ += std::ssize(bytes);
  return {};
}

Status SnapshotFile::finish() {
  if (codec_) {
    out_.clear();
    KZ_CHECK(codec_->finish(out_));
    KZ_CHECK(file_->pwrite(as_bytes(out_), position_));
  }
  KZ_CHECK(file_->sync());
  KZ_CHECK(fs_.rename(path_ + ".tmp", path_));
  file_.reset();
  return fs_.sync_directory(dir_);
}

Status read_snapshot(FileSystem& fs, const std::string& path, kz::zk::DataTree& tree, kz::zk::SessionTimeouts& sessions,
                     std::optional<kz::zk::SnapshotDigest>* digest) {
  KZ_TRY(auto file, fs.open(path, OpenMode::kRead));
  const auto codec = decompressor(compression_of_name(path));
  // As long as the file lasts: a node that was accepted once is read back, whatever jute.maxbuffer says today.
  kz::zk::SnapshotReader reader(tree, sessions, kz::zk::SnapshotWriter::Form::kFile, {INT32_MAX, 0});
  std::string in(kPiece, '\0');
  std::string out;
  for (int64_t position = 0;;) {
    KZ_TRY(const size_t got, file->pread(std::as_writable_bytes(std::span(in)), position));
    if (got == 0) break;
    position += static_cast<int64_t>(got);
    Bytes bytes = as_bytes(in).first(got);
    if (codec) {
      out.clear();
      KZ_CHECK(codec->feed(bytes, out));
      bytes = as_bytes(out);
    }
    KZ_CHECK(reader.feed(bytes));
  }
  if (codec) {
    out.clear();
    KZ_CHECK(codec->finish(out));
    KZ_CHECK(reader.feed(as_bytes(out)));
  }
  KZ_CHECK(reader.finish());
  if (digest) *digest = reader.digest();
  return {};
}

Result<std::string> write_snapshot(FileSystem& fs, const std::string& dir, kz::zk::DataTree& tree,
                                   const kz::zk::SessionTimeouts& sessions, Compression compression) {
  kz::zk::SnapshotWriter writer(tree, sessions);
  KZ_TRY(auto file, SnapshotFile::create(fs, dir, writer.zxid(), compression));
  Buffer piece;
  for (bool more = true; more;) {
    piece.clear();
    more = writer.step(piece, kPiece);
    KZ_CHECK(file->append(piece.bytes()));
  }
  KZ_CHECK(file->finish());
  return file->path();
}

}  // namespace kz::storage::zk
