// Compressed snapshot streams: decompressing anything ends cleanly, whole or in pieces alike; compressing anything
// comes back as it was.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "storage/zk/snapshot.h"

namespace {

using namespace kz;
using namespace kz::storage::zk;

bool run(StreamCodec& codec, std::string_view in, size_t piece, std::string& out) {
  for (size_t at = 0; at < in.size(); at += piece) {
    if (!codec.feed(as_bytes(in.substr(at, piece)), out)) return false;
    if (out.size() > (size_t{1} << 26)) return false;  // a bomb: refused by the snapshot reader's content, not here
  }
  return codec.finish(out).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Compression compression = data[0] % 2 == 0 ? Compression::kGzip : Compression::kSnappy;
  const std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string whole, pieces, packed, back;
  const bool ok = run(*decompressor(compression), in, std::max<size_t>(in.size(), 1), whole);
  if (run(*decompressor(compression), in, 7, pieces) != ok) std::abort();
  if (ok && whole != pieces) std::abort();
  if (!run(*compressor(compression), in, 100, packed)) std::abort();
  if (!run(*decompressor(compression), packed, 13, back) || back != in) std::abort();
  return 0;
}
