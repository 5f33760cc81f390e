// Snapshot files: names, compression, the cheap validity test, writing and reading. The bytes inside are
// core/zk/snapshot_codec.h's. Files are always written to a .tmp, synced and renamed: Java does so only after a SNAP
// sync, and what it leaves behind when the power goes is a snapshot that looks newest and is not whole.
// Source: FileSnap, SnapStream @ 3.8.0; SnappyOutputStream of snappy-java 1.1.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "core/zk/snapshot_codec.h"
#include "storage/fs.h"

namespace kz::storage::zk {

enum class Compression : uint8_t { kNone, kGzip, kSnappy };

// snapshot.compression.method: "gz", "snappy" (any case); all else is none, as in Java.
Compression compression_of(std::string_view method);
// By the last part of a file name.
Compression compression_of_name(std::string_view name);
std::string snapshot_name(Zxid zxid, Compression compression);

// Whether the file can be a whole snapshot: the tail 00 00 00 01 '/', or the compressed formats' magic.
Result<bool> looks_complete(FileSystem& fs, const std::string& path);

// Turns a stream into a compressed one and back. Not thread-safe.
class StreamCodec {
 public:
  virtual ~StreamCodec() = default;
  virtual Status feed(Bytes in, std::string& out) = 0;  // appends to out
  virtual Status finish(std::string& out) = 0;          // reading: kTruncated when the stream is not complete
};
std::unique_ptr<StreamCodec> compressor(Compression compression);
std::unique_ptr<StreamCodec> decompressor(Compression compression);

// One snapshot being written; belongs to the disk thread. Without finish() the .tmp is removed.
class SnapshotFile {
 public:
  static Result<std::unique_ptr<SnapshotFile>> create(FileSystem& fs, const std::string& dir, Zxid zxid,
                                                      Compression compression);
  ~SnapshotFile();
  Status append(Bytes bytes);  // of the uncompressed stream
  // Durable under its name when it returns.
  Status finish();
  const std::string& path() const { return path_; }

 private:
  SnapshotFile(FileSystem& fs, std::string dir, std::string path, Compression compression)
      : fs_(fs), dir_(std::move(dir)), path_(std::move(path)), codec_(compressor(compression)) {}

  FileSystem& fs_;
  std::string dir_;
  std::string path_;
  std::unique_ptr<StreamCodec> codec_;
  std::unique_ptr<File> file_;
  int64_t position_ = 0;
  std::string out_;
};

// Reads a whole file into the tree and the sessions; then Database::loaded() with the zxid of the name.
// digest: the tail of 3.6+, when there is one.
Status read_snapshot(FileSystem& fs, const std::string& path, kz::zk::DataTree& tree, kz::zk::SessionTimeouts& sessions,
                     std::optional<kz::zk::SnapshotDigest>* digest = nullptr);
// Writes the whole tree in one go: at start-up and in tools.
Result<std::string> write_snapshot(FileSystem& fs, const std::string& dir, kz::zk::DataTree& tree,
                                   const kz::zk::SessionTimeouts& sessions, Compression compression);

}  // namespace kz::storage::zk
