// A client connection as the pipeline sees it (private to the pipeline's .cc files).
#pragma once
#include <deque>
#include <vector>

#include "core/zk/pipeline.h"

namespace kz::zk {

struct Pipeline::Connection {
  ConnId id = 0;
  enum class State : uint8_t { kNew, kConnecting, kOpen, kClosing } state = State::kNew;
  bool old_client = false;  // its connect request had no readOnly: the answer has none either
  bool paused = false;
  SessionId session = 0;
  int32_t timeout_ms = 0;
  Ids auth;
  std::unique_ptr<DigestMd5Server> sasl;  // once an exchange has begun
  std::deque<Entry> queue;
  TimePoint touched;         // last frame
  std::vector<Slice> early;  // frames that came before the session was ready
  ConnectionStats stats;
};

// The four-letter name of an op in cons ("CREA"); "NA" for others.
const char* stat_name(OpCode op);

}  // namespace kz::zk
