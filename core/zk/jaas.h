// JAAS login files, as far as DIGEST-MD5 needs them:
//   file    := { name "{" { class flag { key=value } ";" } "}" ";" }     values quoted or bare; // # and /* */ comments
//   Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_bob="secret"; };
//   Client { org.apache.zookeeper.server.auth.DigestLoginModule required username="bob" password="secret"; };
// Source: the grammar of javax.security.auth.login.Configuration; DigestLoginModule @ 3.8.0. Pure functions.
#pragma once
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/zk/digest_md5.h"

namespace kz::zk {

struct JaasEntry {
  std::string module;  // a Java class name
  std::string flag;    // required, requisite, sufficient or optional
  std::map<std::string, std::string> options;
};
using JaasFile = std::map<std::string, std::vector<JaasEntry>>;  // by section

// The error is one clear line: "line 3: ...".
std::expected<JaasFile, std::string> parse_jaas(std::string_view text);

// The user_NAME="password" options of a section; null when there is no such section. An entry of a module other than
// DigestLoginModule (Kerberos) is an error.
std::expected<std::optional<SaslUsers>, std::string> jaas_users(const JaasFile& file, const std::string& section);

struct SaslLogin {
  std::string user, password;
};
// The username and password options of a section; null when there is no such section.
std::expected<std::optional<SaslLogin>, std::string> jaas_login(const JaasFile& file, const std::string& section);

}  // namespace kz::zk
