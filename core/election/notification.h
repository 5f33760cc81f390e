// The bytes of an election message and of the connection that carries it.
//   notification := int state, long leader, long zxid, long round, long peerEpoch, int version(2), int n, n bytes
//   config older forms: 28 bytes (no epoch, no version) and 40 bytes (no version): both count as version 0. greeting :=
//   long protocolVersion(-65536 | -65535), long sid, int n(1..2048), n bytes "host:port[|host:port]*"
//            |  long sid >= 0                                                                 (3.4)
// Source: FastLeaderElection.buildMsg, WorkerReceiver; QuorumCnxManager.InitialMessage @ 3.8.0.
#pragma once
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "core/election/vote.h"

namespace kz::election {

constexpr size_t kNotificationBytesMax = 512 * 1024;

struct Notification {
  ServerState state = ServerState::kLooking;
  Vote vote;
  int32_t format_version = 2;
  std::string config;  // the sender's quorum verifier as text; empty in old formats
};

Slice encode(const Notification& notification);
Result<Notification> decode_notification(Bytes bytes);

constexpr int64_t kGreetingV1 = -65536;
constexpr int64_t kGreetingV2 = -65535;  // several addresses (multiAddress.enabled)
constexpr size_t kGreetingAddressBytesMax = 2048;

// The first bytes of a connection, from who opened it.
struct Greeting {
  ServerId sid = 0;
  std::vector<std::string> addresses;  // election addresses to call back; empty from 3.4
};

// v1 carries the first address only.
Slice encode(const Greeting& greeting, bool multi_address);

// How many bytes of `head` make the greeting, or 0 when more are needed. kMalformed: not this protocol.
struct ParsedGreeting {
  Greeting greeting;
  size_t consumed = 0;  // 0: need more
};
Result<ParsedGreeting> parse_greeting(Bytes head);

}  // namespace kz::election
