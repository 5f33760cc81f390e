// Fuzzes a ZooKeeper connection: the input is a sequence of frames (two bytes of length each) for a standalone server.
// The first is taken as the connect request; later ones reach every decoder of the client protocol.
#include "core/zk/pipeline.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  using namespace kz::zk;
  static const ZooConfig config = *parse_zoo_config(
      {"zoo.cfg", "dataDir=/x\nextendedTypesEnabled=true\nenforceQuota=true\n4lw.commands.whitelist=*\n", "", "", ""});
  const Now now{{1'000'000'000}, 1'600'000'000'000};
  LogBroadcast broadcast;
  Pipeline pipeline(config, 0, std::make_unique<Database>(TreeOptions{true, true, false}), broadcast, now);
  Effects out;
  pipeline.start(now, out);
  pipeline.on_open(1, "127.0.0.1", 1, now, out);
  std::vector<Slice> log;
  const auto settle = [&] {
    for (bool more = true; more;) {
      more = false;
      Effects batch;
      batch.swap(out);
      for (const Effect& effect : batch) {
        if (const auto* append = std::get_if<Append>(&effect)) {
          log.push_back(append->payload);
          pipeline.on_durable(append->zxid, now, out);
          more = true;
        }
      }
    }
  };
  Reader r(Bytes{reinterpret_cast<const std::byte*>(data), size});
  while (r.remaining() >= 2) {
    const size_t length = std::min<size_t>(r.u16(), r.remaining());
    pipeline.on_frame(1, Slice::copy_of(r.raw(length)), now, out);
    if (length % 3 != 0) settle();  // sometimes writes pile up
  }
  settle();
  // Whatever was logged replays to the same tree.
  Database again(TreeOptions{true, true, false});
  for (const Slice& payload : log) KZ_ASSERT(again.replay(payload).has_value());
  KZ_ASSERT(again.digest_mismatches == 0);
  KZ_ASSERT(pipeline.database().digest_mismatches == 0);
  KZ_ASSERT(again.tree.equals(pipeline.database().tree));
  return 0;
}
