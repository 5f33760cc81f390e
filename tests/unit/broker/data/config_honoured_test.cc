// A key is called honoured exactly when some code reads it: the members of KafkaConfig are looked for in the sources.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "core/broker/config_keys.h"
#include "core/broker/config_table.h"

namespace kz::broker::test {
namespace {

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Every identifier of the program's sources, but for the files that only fill and check the struct.
std::set<std::string> identifiers() {
  const std::set<std::string> own = {"config_keys.h", "kafka_config.h", "config_parse.cc"};
  std::set<std::string> out;
  for (const char* layer : {"core", "storage", "net", "cmd"}) {
    const auto root = std::filesystem::path(KZ_SOURCE_DIR) / layer;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      const auto& path = entry.path();
      if ((path.extension() != ".cc" && path.extension() != ".h") || own.contains(path.filename().string())) continue;
      std::ifstream in(path);
      std::stringstream text;
      text << in.rdbuf();
      // Relations between keys are checked in kafka_config.cc; only what it derives from them counts.
      std::string all = text.str();
      if (path.filename() == "kafka_config.cc") {
        const size_t relations = all.find("std::string check_relations");
        const size_t after = all.find("// Listeners, advertised");
        REQUIRE(relations != std::string::npos);
        REQUIRE(after != std::string::npos);
        all.erase(relations, after - relations);
      }
      for (size_t i = 0; i < all.size();) {
        if (!word(all[i])) {
          ++i;
          continue;
        }
        const size_t begin = i;
        while (i < all.size() && word(all[i])) ++i;
        out.insert(all.substr(begin, i - begin));
      }
    }
  }
  return out;
}

TEST_CASE("honoured keys are read somewhere, and keys that are read are called honoured") {
  const std::set<std::string> used = identifiers();
  // Read by the topic's effective configuration for a log that does not compact or convert yet.
  const std::set<std::string> prepared = {"log_cleaner_delete_retention_ms",   "log_cleaner_max_compaction_lag_ms",
                                          "log_cleaner_min_cleanable_ratio",   "log_cleaner_min_compaction_lag_ms",
                                          "log_message_downconversion_enable", "log_message_format_version"};
#define X(kind, member, name, default_value, constraint, dynamic, honoured, documentation) \
  {                                                                                        \
    INFO(name);                                                                            \
    if (!prepared.contains(#member)) CHECK(used.contains(#member) == honoured);            \
  }
  KZ_BROKER_CONFIG_TABLE(X)
#undef X
}

}  // namespace
}  // namespace kz::broker::test
