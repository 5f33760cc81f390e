// Fuzzes transaction payloads, as a log or a leader brings them: decoded, printed, encoded again, applied.
#include "core/zk/database.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  using namespace kz::zk;
  const Slice payload = Slice::copy_of(Bytes{reinterpret_cast<const std::byte*>(data), size});
  const auto txn = decode_txn(payload);
  if (!txn) return 0;
  print_txn(*txn);
  const auto again = decode_txn(encode_txn(*txn));
  KZ_ASSERT(again.has_value());
  KZ_ASSERT(print_txn(*again) == print_txn(*txn));
  Database database(TreeOptions{true, true, false});
  database.apply(*txn);
  database.apply(*txn);  // as a replay may
  KZ_ASSERT(database.tree.digest() == database.tree.recompute_digest());
  return 0;
}
