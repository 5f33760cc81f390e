#include "core/zk/sasl_config.h"

#include <fmt/format.h>

#include "core/zk/jaas.h"

namespace kz::zk {
namespace {

// The provider classes of 3.8 that have a counterpart here, with their schemes.
constexpr std::pair<std::string_view, std::string_view> kProviders[] = {
    {"IPAuthenticationProvider", "ip"},
    {"DigestAuthenticationProvider", "digest"},
    {"SASLAuthenticationProvider", "sasl"},
    {"X509AuthenticationProvider", "x509"},
    {"EnsembleAuthenticationProvider", "ensemble"},
};
constexpr std::string_view kPackage = "org.apache.zookeeper.server.auth.";

}  // namespace

std::string resolve_auth(ZooConfig& c) {
  c.auth_schemes = {"ip"};
  if (c.digest_scheme_enabled) c.auth_schemes.emplace("digest");
  for (const auto& [key, value] : c.values) {
    if (key == "superUser" || key.starts_with("superUser.")) c.sasl_super_users.insert(value);
    if (!key.starts_with("authProvider.")) continue;
    bool known = false;
    for (const auto& [name, scheme] : kProviders) {
      if (value != std::string(kPackage) + std::string(name)) continue;
      c.auth_schemes.emplace(scheme);
      known = true;
    }
    if (!known) {
      c.notices.push_back(
          fmt::format("{}={}: a Java class that kz cannot load, ignored (known are ip, digest, sasl, x509 and "
                      "ensemble of {}*)",
                      key, value, kPackage));
    }
  }
  if (c.session_require_sasl) {
    c.enforce_auth_enabled = true;
    c.enforce_auth_schemes = {"sasl"};
  }
  if (!c.quorum_sasl_enabled && (c.quorum_sasl_required_of_learners || c.quorum_sasl_used_as_learner)) {
    return "quorum.auth.serverRequireSasl and quorum.auth.learnerRequireSasl need quorum.auth.enableSasl=true";
  }
  if (c.quorum_sasl_required_of_learners && !c.quorum_sasl_used_as_learner) {
    return "quorum.auth.serverRequireSasl=true needs quorum.auth.learnerRequireSasl=true";
  }
  if (!c.enforce_auth_enabled) return {};
  if (c.enforce_auth_schemes.empty()) return "enforce.auth.enabled is true but enforce.auth.schemes is not set";
  for (const std::string& scheme : c.enforce_auth_schemes) {
    if (!c.auth_schemes.contains(scheme)) {
      return fmt::format("Authentication scheme {} is not available (enforced by {}; its authProvider.N is not set)",
                         scheme, c.session_require_sasl ? "sessionRequireClientSASLAuth" : "enforce.auth.schemes");
    }
  }
  return {};
}

std::string apply_jaas(ZooConfig& c, std::string_view text) {
  const auto complain = [&](std::string_view why) { return fmt::format("{}: {}", c.jaas_file, why); };
  const auto file = parse_jaas(text);
  if (!file) return complain(file.error());
  auto users = jaas_users(*file, c.sasl_section);
  if (!users) return complain(users.error());
  if (!*users && c.values.contains("sasl.serverconfig")) {
    return complain(
        fmt::format("No JAAS configuration section named '{}' was found (sasl.serverconfig names it)", c.sasl_section));
  }
  c.sasl_users = std::move(*users);
  if (c.sasl_users && !c.sasl_super_password.empty() && c.sasl_users->contains("super")) {
    (*c.sasl_users)["super"] = c.sasl_super_password;
  }
  if (!c.quorum_sasl_enabled) return {};
  const auto missing = [&](const std::string& section) {
    return complain(
        fmt::format("No JAAS configuration section named '{}' was found (quorum.auth.enableSasl is true)", section));
  };
  auto quorum_users = jaas_users(*file, c.quorum_sasl_server_section);
  if (!quorum_users) return complain(quorum_users.error());
  if (!*quorum_users) return missing(c.quorum_sasl_server_section);
  c.quorum_sasl_users = std::move(**quorum_users);
  const auto login = jaas_login(*file, c.quorum_sasl_learner_section);
  if (!login) return complain(login.error());
  if (!*login) return missing(c.quorum_sasl_learner_section);
  c.quorum_sasl_user = (*login)->user;
  c.quorum_sasl_password = (*login)->password;
  return {};
}

}  // namespace kz::zk
