// Authentication schemes and ACL checks: world, auth, digest, ip, sasl, x509, ensemble, super. A scheme counts when it
// has a provider (authProvider.*). Source: DigestAuthenticationProvider, IPAuthenticationProvider,
// SASLAuthenticationProvider, EnsembleAuthenticationProvider, ProviderRegistry, ZooKeeperServer.checkACL,
// PrepRequestProcessor.fixupACL @ 3.8.0. Immutable after construction.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/zk/config.h"
#include "core/zk/error.h"
#include "core/zk/proto.h"

namespace kz::zk {

using Ids = std::vector<Id>;

class Authenticator {
 public:
  explicit Authenticator(const ZooConfig& config);

  // An auth packet: adds ids. kAuthFailed: answered so, then close. kBadArguments: closed without an answer, so that
  // the client tries another server.
  KeeperCode authenticate(std::string_view scheme, const NullableBytes& auth, Ids& ids) const;
  // A SASL exchange is complete: the ids of its user.
  void add_sasl_user(const std::string& user, Ids& ids) const;
  // May `ids` do `perms` (any of the bits) on a node with this list?
  bool allowed(const AclList& acl, int32_t perms, const Ids& ids) const;
  // The list as it is stored: duplicates gone, auth: expanded. Null when invalid (InvalidACL).
  std::optional<AclList> fix_up(const AclList& acl, const Ids& ids) const;
  // An id as whoAmI shows it: digest without its hash.
  static ClientInfo client_info(const Id& id);
  // Ids that count when schemes are enforced (enforce.auth.*): false closes the session with -124.
  bool enforced_schemes_met(const Ids& ids) const;
  bool sasl_required() const;

  // user:base64(sha1(user:password)), the id of digest auth data. algorithm: "SHA1", "SHA-256", ... (digestAlg).
  static std::string digest_id(std::string_view user_password, const std::string& algorithm = "SHA1");
  // a.b.c.d or IPv6, with an optional /bits; does `address` lie in it?
  static bool ip_valid(std::string_view expression);
  static bool ip_matches(std::string_view address, std::string_view expression);

 private:
  bool valid_id(const Id& id) const;
  bool matches(const Id& caller, const Id& entry) const;

  bool skip_acl_;
  std::string digest_algorithm_;
  std::string super_digest_;
  std::vector<std::string> ensemble_names_;
  bool enforce_auth_;
  std::vector<std::string> enforced_schemes_;
  std::set<std::string, std::less<>> schemes_;
  std::set<std::string> sasl_super_users_;
  std::string sasl_any_user_;
};

}  // namespace kz::zk
