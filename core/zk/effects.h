// Effects: what the pipeline wants done. The driver carries them out in order and clears the list.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/bytes/slab.h"

namespace kz::zk {

// Bytes for a connection, ready for the socket (length prefix included; four-letter answers have none).
struct Send {
  ConnId conn;
  Slice bytes;
};
// Close after what was sent before has been written. The driver then does NOT call on_closed for it.
struct Close {
  ConnId conn;
};
// Stop or start reading requests of a connection (outstanding limits).
struct Pause {
  ConnId conn;
};
struct Resume {
  ConnId conn;
};
// Append a transaction to the log: payload = header, body, digest; storage adds checksum, length and trailer. The
// driver syncs when it sees fit (group commit) and reports Pipeline::on_durable(zxid). Zxids only rise.
struct Append {
  Zxid zxid;
  Slice payload;
};

using Effect = std::variant<Send, Close, Pause, Resume, Append>;
using Effects = std::vector<Effect>;

}  // namespace kz::zk
