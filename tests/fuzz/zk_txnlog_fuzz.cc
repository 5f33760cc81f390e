// Transaction log files: an input is two files (split at its first byte's share), read as recovery reads them.
#include <cstdint>
#include <cstdlib>

#include "core/zk/database.h"
#include "storage/zk/txn_log_reader.h"
#include "tests/fuzz/memory_fs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  if (size == 0) return 0;
  const std::string all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = all.size() * data[0] / 255;
  fuzz::MemoryFs fs({{"/d/log.1", all.substr(0, cut)}, {"/d/log.5", all.substr(cut)}});
  auto reader = storage::zk::TxnLogReader::open(fs, "/d", 1);
  if (!reader) return 0;
  zk::Database database;
  int64_t bytes = 0;
  while (true) {
    const auto next = reader->next();
    if (!next || !*next) break;
    bytes += std::ssize((*next)->payload.bytes()) + storage::zk::kEntryOverhead;
    // Entries are parts of the input: more of them than bytes is a reader that goes round in circles.
    if (bytes > static_cast<int64_t>(size)) std::abort();
    if (!database.replay((*next)->payload)) break;
  }
  if (reader->tail().torn_at < 0 || reader->tail().torn_at > static_cast<int64_t>(size)) std::abort();
  return 0;
}
