// The SASL exchange of two servers on a new connection (core/zab/quorum_auth.h), before the stream is handed to those
// who use it. All on the reactor's thread.
#pragma once
#include <functional>
#include <map>
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

// The exchanges of one port that are going on. Destroying it ends them, with their connections; nothing is called then.
class Handshakes {
 public:
  // The bytes behind the exchange, or why it failed (the stream is then closed).
  using Done = std::function<void(std::expected<std::string, std::string>)>;
  explicit Handshakes(Reactor& reactor) : reactor_(reactor) {}
  ~Handshakes();
  // done comes once, never from inside the call. rest: bytes of the stream that were read already.
  void begin(std::shared_ptr<Stream> stream, zab::QuorumAuth auth, std::string rest, Duration limit, Done done);

 private:
  struct Handshake;
  Reactor& reactor_;
  std::map<uint64_t, std::shared_ptr<Handshake>> running_;
  uint64_t next_ = 1;
};

}  // namespace kz::net
