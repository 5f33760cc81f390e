// Reads the records of fetched bytes: any magic, any codec, CRCs checked, control batches left out, aborted
// transactions too when only committed records are wanted. Source: Fetcher.CompletedFetch @ 3.4.0; KIP-98.
// Not thread-safe; one per thread, its buffers are reused.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/client/cluster.h"
#include "core/kafka/record/batch.h"
#include "core/kafka/record/compress.h"

namespace kz::client {

// What one fetch brought of one partition.
struct FetchedChunk {
  TopicPartition tp;
  Slice records;
  Offset from = 0;  // records below are not wanted (a compressed batch may begin earlier)
  Offset next = 0;  // the position behind it
  bool read_committed = false;
  std::vector<std::pair<int64_t, Offset>> aborted;  // producer id, first offset; by first offset
};

// A record to be shown. Views live until the callback returns.
struct ConsumedRecord {
  Offset offset = 0;
  int64_t timestamp = -1;
  enum class Time : uint8_t { kNone, kCreate, kLogAppend } time = Time::kNone;
  bool has_key = false;
  bool has_value = false;
  Bytes key;
  Bytes value;
  const kafka::RecordView* view = nullptr;  // for headers; null for old formats, which have none
};

class RecordReader {
 public:
  explicit RecordReader(bool check_crcs, size_t uncompressed_max = size_t{1} << 30)
      : check_crcs_(check_crcs), limit_(uncompressed_max) {}
  // Calls each record in order; stops when it returns false. The error is the text of Java's KafkaException.
  std::string read(const FetchedChunk& chunk, const std::function<bool(const ConsumedRecord&)>& each);

 private:
  bool check_crcs_;
  size_t limit_;
  kafka::Decompressor decompressor_;
};

// The offset behind the last whole batch of fetched bytes; `from` when there is none.
Offset end_of_records(Bytes records, Offset from);

}  // namespace kz::client
