#include "core/client/peer_hint.h"

namespace kz::client {

PeerKind recognise_peer(std::string_view b) {
  if (b.size() < 3) return PeerKind::kUnknown;
  // A TLS record: alert (21) or handshake (22), version 3.x.
  if ((b[0] == 0x15 || b[0] == 0x16) && b[1] == 0x03 && b[2] <= 0x04) return PeerKind::kTls;
  if (b.starts_with("HTTP/") || b.starts_with("<!DO") || b.starts_with("<htm")) return PeerKind::kHttp;
  if (b.starts_with("SSH-")) return PeerKind::kSsh;
  return PeerKind::kUnknown;
}

std::string peer_hint(PeerKind kind, const std::string& host_port, std::string_view expected) {
  switch (kind) {
    case PeerKind::kTls:
      return host_port + " speaks TLS: this is an SSL listener; use the address of a PLAINTEXT listener";
    case PeerKind::kHttp:
      return host_port + " is an HTTP server, not " + std::string(expected) + ": check the port";
    case PeerKind::kSsh:
      return host_port + " is an SSH server, not " + std::string(expected) + ": check the port";
    case PeerKind::kZooKeeper:
      return host_port + " is a ZooKeeper server: give a broker's address (often port 9092), or use --zookeeper";
    case PeerKind::kUnknown:
      break;
  }
  return {};
}

}  // namespace kz::client
