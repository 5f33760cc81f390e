// What the authentication keys of a zoo.cfg come to: which schemes have a provider, which must be met, and the users of
// the JAAS file. Source: ProviderRegistry, AuthenticationHelper, ServerCnxnFactory.configureSaslLogin,
// QuorumPeer.initialize @ 3.8.0. Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "core/zk/config.h"

namespace kz::zk {

// Fills in auth_schemes, the enforced schemes and the super users. Empty, or the complaint.
std::string resolve_auth(ZooConfig& config);

// The content of config.jaas_file. Empty, or the complaint.
std::string apply_jaas(ZooConfig& config, std::string_view text);

}  // namespace kz::zk
