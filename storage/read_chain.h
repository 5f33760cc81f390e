// Bytes of a Chain in memory: what is in files is read. For the few readers that parse logs instead of sending them.
#pragma once
#include "core/base/result.h"
#include "core/bytes/slab.h"

namespace kz::storage {

// kIo with errno; kCorrupt when a file ends before its slice does.
Result<Slice> read_chain(const Chain& chain);

}  // namespace kz::storage
