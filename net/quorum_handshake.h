// The SASL exchange of two servers on a new connection (core/zab/quorum_auth.h), before the stream is handed to those
// who use it. All on the reactor's thread.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/zab/quorum_auth.h"
#include "net/reactor.h"
#include "net/stream.h"

namespace kz::net {

// quorum.auth.* of a server. Without `enabled` nothing is exchanged.
struct QuorumSasl {
  bool enabled = false;
  bool required = false;    // of those who connect (serverRequireSasl)
  bool as_learner = false;  // when connecting (learnerRequireSasl)
  zk::SaslUsers users;
  std::string user, password;
  std::function<std::string()> nonce;

  bool accepting() const { return enabled; }
  bool connecting() const { return enabled && as_learner; }
  zab::QuorumAuth server() const { return zab::QuorumAuth::server(users, required, nonce()); }
  zab::QuorumAuth learner() const { return zab::QuorumAuth::learner(user, password, nonce()); }
};

// done comes once: the bytes behind the exchange, or why it failed (the stream is then closed). rest: bytes of the
// stream that were read already.
using HandshakeDone = std::function<void(std::expected<std::string, std::string>)>;
void quorum_handshake(Reactor& reactor, std::shared_ptr<Stream> stream, zab::QuorumAuth auth, std::string rest,
                      Duration limit, HandshakeDone done);

}  // namespace kz::net
