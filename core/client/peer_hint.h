// Recognises what answers on a port where a Kafka broker was expected, from the first bytes it sent.
#pragma once
#include <string>
#include <string_view>

namespace kz::client {

enum class PeerKind : unsigned char { kUnknown, kTls, kHttp, kZooKeeper, kSsh };

// first_bytes: what the peer sent first, a length prefix included.
PeerKind recognise_peer(std::string_view first_bytes);
// What it is and what to try, for a hint line; empty for kUnknown. expected: "Kafka" or "ZooKeeper".
std::string peer_hint(PeerKind kind, const std::string& host_port, std::string_view expected);

}  // namespace kz::client
