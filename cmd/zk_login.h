// How a ZooKeeper client logs in: the Client section of the JAAS file that the JVM flags name, as Java's clients read
// it.
#pragma once
#include <optional>
#include <string>

#include "core/zk/jaas.h"

namespace kz::cmd {

// -Djava.security.auth.login.config, -Dzookeeper.sasl.client, -Dzookeeper.sasl.clientconfig in the flags. Null: no
// SASL; `problem` says why, when a file was named that does not give a login.
std::optional<zk::SaslLogin> zk_client_login(const std::string& jvm_flags, std::string& problem);

// The same from an environment variable ("KAFKA_OPTS") or several, and more flags behind them; a problem goes to
// standard error as a hint.
std::optional<zk::SaslLogin> zk_client_login_of(std::initializer_list<const char*> variables,
                                                const std::string& more = {});

}  // namespace kz::cmd
