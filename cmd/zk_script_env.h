// What zkEnv.sh and the head of zkServer.sh work out before a verb runs: where the configuration, the logs and the pid
// file are. Source: bin/zkEnv.sh, bin/zkServer.sh @ 3.8.0.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command.h"

namespace kz::cmd {

struct ZkScriptEnv {
  std::string bin_dir;            // ZOOBINDIR: the directory by which the program was called, absolute
  std::string config_dir;         // ZOOCFGDIR
  std::string config_file;        // ZOOCFG, as the script prints it
  std::string log_dir;            // ZOO_LOG_DIR
  std::string out_file;           // zookeeper-$USER-server-$HOSTNAME.out in it
  std::string jvm_flags;          // SERVER_JVMFLAGS and JVMFLAGS
  std::vector<std::string> args;  // the verb and what follows
  std::map<std::string, std::string, std::less<>> variables;  // the environment after the .env files
  std::string variable(std::string_view name) const;          // "" when unset
};
// Reads conf/zookeeper-env.sh and conf/java.env, as the script does (they are run by sh). The configuration itself need
// not exist.
ZkScriptEnv zk_script_env(const Invocation& invocation);

// A value as the script's grep and sed find it: the last line that begins with `key` and then no letter; what follows
// the last '=', trimmed.
std::optional<std::string> grep_config(std::string_view text, std::string_view key);

}  // namespace kz::cmd
