// Fuzzes snapshot streams. What is accepted is a tree: it is written again and read back equal.
#include "core/zk/snapshot_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void read(const uint8_t* data, size_t size, kz::zk::SnapshotWriter::Form form) {
  using namespace kz;
  using namespace kz::zk;
  const TreeOptions options{true, true, false};
  DataTree tree(options);
  SessionTimeouts sessions;
  SnapshotReader reader(tree, sessions, form);
  const Bytes all{reinterpret_cast<const std::byte*>(data), size};
  // In two pieces, so that the join is fuzzed too.
  if (!reader.feed(all.subspan(0, size / 2)) || !reader.feed(all.subspan(size / 2)) || !reader.complete()) return;
  KZ_ASSERT(tree.digest() == tree.recompute_digest());
  Buffer out;
  SnapshotWriter writer(tree, sessions, form);
  while (writer.step(out, 1 << 16)) {
  }
  DataTree copy(options);
  SessionTimeouts copied;
  SnapshotReader second(copy, copied, form);
  KZ_ASSERT(second.feed(out.bytes()).has_value() && second.complete());
  KZ_ASSERT(tree.equals(copy) && sessions == copied);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The learner form has no checksum, so that a fuzzer gets past it.
  read(data, size, kz::zk::SnapshotWriter::Form::kLearner);
  read(data, size, kz::zk::SnapshotWriter::Form::kFile);
  return 0;
}
