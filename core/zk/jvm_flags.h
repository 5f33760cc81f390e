// The -D flags of a JVM command line, as scripts pass settings in SERVER_JVMFLAGS, CLIENT_JVMFLAGS and KAFKA_OPTS.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kz::zk {

// (key, value) in order; a later one wins. Words may be quoted as in a shell.
std::vector<std::pair<std::string, std::string>> jvm_properties(std::string_view flags);

}  // namespace kz::zk
