#include "cmd/zk_login.h"

#include <cstdlib>
#include <cstring>

#include "cmd/command.h"
#include "core/zk/jvm_flags.h"
#include "storage/fs.h"

namespace kz::cmd {

std::optional<zk::SaslLogin> zk_client_login(const std::string& jvm_flags, std::string& problem) {
  std::string path, section = "Client";
  bool named = false, enabled = true;
  for (const auto& [key, value] : zk::jvm_properties(jvm_flags)) {
    if (key == "java.security.auth.login.config") path = value;
    if (key == "zookeeper.sasl.clientconfig") {
      section = value;
      named = true;
    }
    if (key == "zookeeper.sasl.client") enabled = value != "false";
  }
  if (path.empty() || !enabled) return std::nullopt;
  const auto text = storage::posix_fs().read_file(path);
  if (!text) {
    problem = path + ": " +
              (text.error().detail != 0 ? std::strerror(static_cast<int>(text.error().detail)) : "cannot be read");
    return std::nullopt;
  }
  const auto file = zk::parse_jaas(*text);
  if (!file) {
    problem = path + ": " + file.error();
    return std::nullopt;
  }
  auto login = zk::jaas_login(*file, section);
  if (!login) {
    problem = path + ": " + login.error();
    return std::nullopt;
  }
  // A file with other sections only (a broker's KafkaServer) is no mistake.
  if (!*login && named) problem = path + ": there is no section '" + section + "' (zookeeper.sasl.clientconfig)";
  return *login;
}

std::optional<zk::SaslLogin> zk_client_login_of(std::initializer_list<const char*> variables, const std::string& more) {
  std::string flags, problem;
  for (const char* name : variables) {
    if (const char* value = std::getenv(name)) (flags += value) += ' ';
  }
  auto login = zk_client_login(flags + more, problem);
  if (!problem.empty()) hint("no SASL for ZooKeeper: " + problem);
  return login;
}

}  // namespace kz::cmd
