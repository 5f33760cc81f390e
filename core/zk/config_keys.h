// The table of zoo.cfg's keys: type, range, where the value goes, and whether this server acts on it.
// Private to config.cc and config_keys.cc. Facts: QuorumPeerConfig, ZooKeeper administrator's guide @ 3.8.0.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <variant>

#include "core/zk/config.h"

namespace kz::zk {

enum class ValueKind : uint8_t { kBool, kYesNo, kNumber, kReal, kText, kList, kChoice };

enum class KeyUse : uint8_t {
  kHonoured,       // acted on by one server
  kEnsemble,       // only means something in an ensemble, and is acted on there
  kEnsembleLater,  // only means something in an ensemble, and is not acted on yet
  kLater,          // known, not acted on yet: said once at start
  kJava,           // about the Java implementation: nothing here to set
};

struct KeyRow {
  using Target = std::variant<std::monostate, bool ZooConfig::*, int32_t ZooConfig::*, int64_t ZooConfig::*,
                              uint16_t ZooConfig::*, double ZooConfig::*, std::string ZooConfig::*,
                              std::vector<std::string> ZooConfig::*, std::optional<uint16_t> ZooConfig::*,
                              std::optional<int64_t> ZooConfig::*, void (*)(ZooConfig&, int64_t)>;
  const char* name;  // a trailing '*' matches any ending
  ValueKind kind;
  KeyUse use;
  Target target{};
  int64_t min = std::numeric_limits<int32_t>::min();
  int64_t max = std::numeric_limits<int32_t>::max();
  const char* choices = "";  // kChoice: separated by '|'; kText: what is allowed, for people
};

std::span<const KeyRow> key_table();
// What the row takes, for messages: "true or false", "0 to 65535", ...
std::string allowed_text(const KeyRow& row);

}  // namespace kz::zk
