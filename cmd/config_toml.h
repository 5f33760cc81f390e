// kz.toml: the tools' contexts (which cluster, when a command line names none) and the defaults of `kz dev`.
// Read from $KZ_CONFIG, else $XDG_CONFIG_HOME/kz/kz.toml, else ~/.config/kz/kz.toml; absent is fine.
//
//   context = "local"                      # or $KZ_CONTEXT
//   [contexts.local]
//   bootstrap-server = "localhost:9092"
//   zookeeper = "localhost:2181"
//   command-config = "/etc/kafka/client.properties"
//   [dev]
//   port = 9092                            # any option of `kz dev`, by its name
#pragma once
#include <map>
#include <string>

#include "cmd/command.h"
#include "core/base/result.h"

namespace kz::cmd {

// Values for options that the command line left out; only those that the command's table has.
// An unreadable or wrong file gives the whole message (file, line, key, remedy) as the error.
std::expected<std::map<std::string, std::string>, std::string> configured_defaults(const Command& command);

}  // namespace kz::cmd
