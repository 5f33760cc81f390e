// SASL DIGEST-MD5 (RFC 2831), quality of protection "auth": the server's and the client's half of one exchange.
//   server: realm="zk-sasl-md5",nonce="...",charset=utf-8,algorithm=md5-sess
//   client: charset=utf-8,username="bob",realm=...,nonce=...,nc=00000001,cnonce=...,digest-uri="zookeeper/zk-sasl-md5",
//           maxbuf=65536,response=<32 hex digits>,qop=auth[,authzid="bob"]
//   server: rspauth=<32 hex digits>
// Protocol and server names: SecurityUtils, QuorumAuth @ 3.8.0. Randomness is passed in. Not thread-safe.
#pragma once
#include <map>
#include <string>
#include <string_view>

namespace kz::zk {

// user -> password
using SaslUsers = std::map<std::string, std::string, std::less<>>;

// What both sides of a kind of connection call their service: part of every digest.
struct SaslService {
  const char* protocol;
  const char* server;  // the realm too
};
inline constexpr SaslService kClientSaslService{"zookeeper", "zk-sasl-md5"};
inline constexpr SaslService kQuorumSaslService{"zookeeper-quorum", "zk-quorum-sasl-md5"};

struct SaslStep {
  enum class Kind : uint8_t { kContinue, kDone, kFailed } kind = Kind::kFailed;
  std::string token;  // for the other side
  std::string why;    // of kFailed
};

class DigestMd5Server {
 public:
  // users outlive the object; nonce: at least 16 unpredictable bytes, printable (see sasl_nonce).
  DigestMd5Server(const SaslService& service, const SaslUsers& users, std::string nonce)
      : service_(service), users_(users), nonce_(std::move(nonce)) {}
  // First, whatever the response: the challenge. Then with the client's: rspauth, and user() is authenticated.
  SaslStep step(std::string_view response);
  const std::string& user() const { return user_; }

 private:
  const SaslService& service_;
  const SaslUsers& users_;
  std::string nonce_;
  bool challenged_ = false;
  bool over_ = false;
  std::string user_;
};

class DigestMd5Client {
 public:
  DigestMd5Client(const SaslService& service, std::string user, std::string password, std::string cnonce)
      : service_(service), user_(std::move(user)), password_(std::move(password)), cnonce_(std::move(cnonce)) {}
  // With the server's challenge: the response (kContinue). With its rspauth: kDone, or kFailed when it does not know
  // the password either.
  SaslStep step(std::string_view challenge);

 private:
  const SaslService& service_;
  std::string user_, password_, cnonce_;
  std::string expected_;  // rspauth
};

// Random bytes as text that needs no quoting.
std::string sasl_nonce(std::string_view random_bytes);

}  // namespace kz::zk
