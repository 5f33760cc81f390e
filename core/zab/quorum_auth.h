// QuorumAuth: SASL (DIGEST-MD5) between servers, before anything else on the quorum port and behind the greeting on the
// election port.
//   packet := int64 magic, int32 status, buffer token           status: 0 going on, 1 done, -1 failed
// The one that connects is the learner and begins, with an empty token. Source: QuorumAuth, SaslQuorumAuthServer,
// SaslQuorumAuthLearner @ 3.8.0. No I/O; not thread-safe.
#pragma once
#include <optional>
#include <string>

#include "core/bytes/slab.h"
#include "core/zk/digest_md5.h"

namespace kz::zab {

inline constexpr uint64_t kQuorumAuthMagic = -uint64_t{0xa0dbcafecafe1234};

class QuorumAuth {
 public:
  enum class State : uint8_t { kGoingOn, kDone, kFailed };
  struct Step {
    State state = State::kGoingOn;
    Slice out;        // to be sent, also when failed
    std::string why;  // of kFailed
  };

  // users outlives the object. required: a learner that does not authenticate is turned away.
  static QuorumAuth server(const zk::SaslUsers& users, bool required, std::string nonce);
  static QuorumAuth learner(std::string user, std::string password, std::string nonce);

  Slice begin() const;  // what a learner sends first; empty on a server
  // Takes from the front of `in` what belongs to the exchange.
  Step on_bytes(std::string& in);

 private:
  Step on_token(int32_t status, const std::optional<std::string>& token);

  std::optional<zk::DigestMd5Server> server_;
  std::optional<zk::DigestMd5Client> client_;
  bool required_ = false;
  bool begun_ = false;
};

}  // namespace kz::zab
