// The lean walk over the records of a v2 batch that validation needs: structure, count, timestamps, key presence. Over
// memory, or over a decompressing stream through a small window. No allocation per record.
// Source: DefaultRecord.readPartiallyFrom, DefaultRecordBatch.RecordIterator @ 3.4.0.
#pragma once
#include <vector>

#include "core/kafka/record/compress.h"
#include "core/kafka/record/varint.h"

namespace kz::kafka {

// What the walk sees of one record.
struct WalkedRecord {
  int64_t timestamp_delta = 0;
  int32_t offset_delta = 0;
  bool has_key = false;
};

namespace detail {

// The fields of one record's body, [p, end). False when a length leads outside or bytes are left over.
inline bool walk_body(const std::byte* p, const std::byte* end, WalkedRecord& out) {
  int32_t n = 0;
  if (p == end) return false;
  ++p;  // attributes, unused
  if (!read_varlong(p, end, out.timestamp_delta) || !read_varint(p, end, out.offset_delta)) return false;
  if (!read_varint(p, end, n)) return false;
  out.has_key = n >= 0;
  if (n > 0) {
    if (n > end - p) return false;
    p += n;
  }
  if (!read_varint(p, end, n)) return false;
  if (n > 0) {
    if (n > end - p) return false;
    p += n;
  }
  int32_t headers = 0;
  if (!read_varint(p, end, headers) || headers < 0 || headers > end - p) return false;
  for (; headers > 0; --headers) {
    if (!read_varint(p, end, n) || n < 0 || n > end - p) return false;
    p += n;
    if (!read_varint(p, end, n)) return false;
    if (n > 0) {
      if (n > end - p) return false;
      p += n;
    }
  }
  return p == end;
}

}  // namespace detail

// Records in memory.
class MemoryWalk {
 public:
  explicit MemoryWalk(Bytes body) : p_(body.data()), end_(body.data() + body.size()) {}
  // Null when a record was read, else why not.
  const char* next(WalkedRecord& out) {
    int32_t size = 0;
    if (!detail::read_varint(p_, end_, size)) return "Incorrect declared batch size, premature EOF reached";
    if (size < 0 || size > end_ - p_) return "Invalid record size";
    if (!detail::walk_body(p_, p_ + size, out)) return "Found invalid record structure";
    p_ += size;
    return nullptr;
  }
  const char* finish() const {
    return p_ == end_ ? nullptr : "Incorrect declared batch size, records still remaining in file";
  }

 private:
  const std::byte* p_;
  const std::byte* end_;
};

// Records in a compressed body. The decompressor has been opened on it; the window is borrowed and reused.
class StreamWalk {
 public:
  static constexpr size_t kWindow = 64 * 1024;
  StreamWalk(Decompressor& source, std::vector<std::byte>& window) : source_(source), window_(window) {
    window_.resize(kWindow);
    p_ = end_ = window_.data();
  }
  const char* next(WalkedRecord& out);
  const char* finish();

 private:
  bool fill(size_t need);  // at least `need` bytes in the window, or false at the end of the stream
  const char* next_large(int64_t size, WalkedRecord& out);
  bool varint(int64_t& left, int32_t& out);
  bool skip(int64_t& left, int64_t count);
  const char* broken() const {
    return failed_ ? "Failed to decompress record stream" : "Incorrect declared batch size, premature EOF reached";
  }

  Decompressor& source_;
  std::vector<std::byte>& window_;
  std::byte* p_;
  std::byte* end_;
  bool failed_ = false;
};

}  // namespace kz::kafka
