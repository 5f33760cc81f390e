#include "core/zk/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/base/properties.h"
#include "core/zk/config_keys.h"
#include "core/zk/dynamic_config.h"
#include "core/zk/jvm_flags.h"
#include "core/zk/sasl_config.h"

namespace kz::zk {
namespace {

std::string_view trim(std::string_view s) {
  const size_t from = s.find_first_not_of(" \t\r\n\f\v");
  if (from == std::string_view::npos) return {};
  return s.substr(from, s.find_last_not_of(" \t\r\n\f\v") - from + 1);
}

std::string lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::optional<int64_t> parse_number(std::string_view s) {
  if (s.starts_with('+')) s.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (s.empty() || error != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return value;
}

// One assignment and where it stands: "zoo.cfg:7" or "-D flag".
struct Assignment {
  std::string key;
  std::string value;
  std::string where;
};

const KeyRow* row_of(std::string_view key) {
  for (const KeyRow& row : key_table()) {
    const std::string_view name = row.name;
    if (name.ends_with('*') ? key.starts_with(name.substr(0, name.size() - 1)) : key == name) return &row;
  }
  return nullptr;
}

std::string complain(const Assignment& a, std::string_view why, const KeyRow& row) {
  return fmt::format("{}: {}={}: {} (allowed: {})", a.where, a.key, a.value, why, allowed_text(row));
}

template <class T>
void store(ZooConfig& config, const KeyRow& row, const T& value) {
  std::visit(
      [&](auto target) {
        using Target = decltype(target);
        if constexpr (std::is_same_v<T, int64_t>) {
          if constexpr (std::is_same_v<Target, void (*)(ZooConfig&, int64_t)>) {
            target(config, value);
          } else if constexpr (std::is_same_v<Target, std::optional<uint16_t> ZooConfig::*>) {
            config.*target = value == 0 ? std::nullopt : std::optional(static_cast<uint16_t>(value));
          } else if constexpr (std::is_same_v<Target, std::optional<int64_t> ZooConfig::*> ||
                               std::is_same_v<Target, int64_t ZooConfig::*>) {
            config.*target = value;
          } else if constexpr (std::is_same_v<Target, int32_t ZooConfig::*>) {
            config.*target = static_cast<int32_t>(value);
          } else if constexpr (std::is_same_v<Target, uint16_t ZooConfig::*>) {
            config.*target = static_cast<uint16_t>(value);
          }
        } else if constexpr (std::is_same_v<Target, T ZooConfig::*>) {
          config.*target = value;
        }
      },
      row.target);
}

// Empty when stored, else the complaint.
std::string apply(ZooConfig& config, const KeyRow& row, const Assignment& a) {
  const std::string_view value = a.value;
  switch (row.kind) {
    case ValueKind::kBool: {
      const std::string text = lower(value);
      if (text != "true" && text != "false") return complain(a, "not a boolean", row);
      store(config, row, text == "true");
      return {};
    }
    case ValueKind::kYesNo: {
      const std::string text = lower(value);
      if (text != "yes" && text != "no" && text != "true" && text != "false") return complain(a, "not yes or no", row);
      store(config, row, text == "yes" || text == "true");
      return {};
    }
    case ValueKind::kNumber: {
      const auto number = parse_number(value);
      if (!number) return complain(a, "not a number", row);
      if (*number < row.min || *number > row.max) return complain(a, "out of range", row);
      store(config, row, *number);
      return {};
    }
    case ValueKind::kReal: {
      double number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (value.empty() || error != std::errc() || end != value.data() + value.size()) {
        return complain(a, "not a number", row);
      }
      store(config, row, number);
      return {};
    }
    case ValueKind::kChoice: {
      const std::string text = lower(value);
      const std::string choices = "|" + std::string(row.choices) + "|";
      if (text.find('|') != std::string::npos || choices.find("|" + text + "|") == std::string::npos) {
        return complain(a, "not one of the choices", row);
      }
      store(config, row, text);
      return {};
    }
    case ValueKind::kList: {
      std::vector<std::string> items;
      for (std::string_view left = value;;) {
        const size_t comma = left.find(',');
        const std::string_view item = trim(left.substr(0, comma));
        if (!item.empty()) items.emplace_back(item);
        if (comma == std::string_view::npos) break;
        left.remove_prefix(comma + 1);
      }
      store(config, row, items);
      return {};
    }
    case ValueKind::kText:
      store(config, row, a.value);
      return {};
  }
  return {};
}

void note(ZooConfig& config, const KeyRow& row, const Assignment& a, bool quorum) {
  const bool ensemble_key = row.use == KeyUse::kEnsemble || row.use == KeyUse::kEnsembleLater;
  const bool later = row.use == KeyUse::kLater || row.use == KeyUse::kEnsembleLater;
  const char* why = ensemble_key && !quorum    ? "ignored: it concerns ensembles, and this is one server"
                    : later                    ? "known but not honoured yet"
                    : row.use == KeyUse::kJava ? "ignored: it tunes the Java implementation"
                                               : nullptr;
  if (why) config.notices.push_back(fmt::format("{}: {}: {}", a.where, a.key, why));
}

std::vector<Assignment> jvm_assignments(std::string_view flags) {
  std::vector<Assignment> out;
  for (auto& [key, value] : jvm_properties(flags)) {
    std::string where = "JVM flag -D" + key;
    out.push_back({std::move(key), std::move(value), std::move(where)});
  }
  return out;
}

// The name without "zookeeper.": how the table and zoo.cfg name it.
std::string canonical(std::string_view key) {
  constexpr std::string_view kPrefix = "zookeeper.";
  return std::string(key.starts_with(kPrefix) ? key.substr(kPrefix.size()) : key);
}

std::expected<std::vector<Assignment>, ConfigError> file_assignments(const std::string& name, std::string_view text) {
  const auto properties = parse_properties(text);
  if (!properties) {
    return std::unexpected(
        ConfigError{fmt::format("{}:{}: {}", name, properties.error().detail, properties.error().what)});
  }
  std::vector<Assignment> out;
  for (const Property& p : *properties) {
    out.push_back({std::string(trim(p.key)), std::string(trim(p.value)), fmt::format("{}:{}", name, p.line)});
  }
  return out;
}

bool quorum_key(std::string_view key) {
  return key.starts_with("server.") || key.starts_with("group.") || key.starts_with("weight.");
}

std::string check(ZooConfig& c) {
  if (c.data_dir.empty()) return "dataDir is not set";
  if (c.data_log_dir.empty()) c.data_log_dir = c.data_dir;
  if (!c.client_port && !c.client_port_address.empty()) return "clientPortAddress is set but clientPort is not set";
  if (!c.secure_client_port && !c.secure_client_port_address.empty()) {
    return "secureClientPortAddress is set but secureClientPort is not set";
  }
  // In 64 bits: tickTime may be large.
  const auto ticks = [&](int64_t n) { return static_cast<int32_t>(std::min<int64_t>(n * c.tick_time_ms, INT32_MAX)); };
  if (c.min_session_timeout_ms == -1) c.min_session_timeout_ms = ticks(2);
  if (c.max_session_timeout_ms == -1) c.max_session_timeout_ms = ticks(20);
  if (c.min_session_timeout_ms > c.max_session_timeout_ms) {
    return fmt::format("minSessionTimeout ({}) must not be larger than maxSessionTimeout ({})",
                       c.min_session_timeout_ms, c.max_session_timeout_ms);
  }
  if (c.autopurge_snap_retain_count < 3) {
    c.notices.push_back(
        fmt::format("Invalid autopurge.snapRetainCount: {}. Defaulting to 3", c.autopurge_snap_retain_count));
    c.autopurge_snap_retain_count = 3;
  }
  if (c.snap_count < 2) {
    c.notices.push_back("SnapCount should be 2 or more. Now, snapCount is reset to 2");
    c.snap_count = 2;
  }
  if (c.large_request_threshold == 0) {
    c.notices.push_back("Invalid large request threshold 0. It should be -1 or positive. Setting to -1");
    c.large_request_threshold = -1;
  }
  if (!c.values.contains("jute.maxbuffer.extrasize")) c.jute.extra_size = std::max<int64_t>(c.jute.max_buffer, 1024);
  if (std::string problem = resolve_auth(c); !problem.empty()) return problem;
  // srvr is what zkServer.sh status asks.
  auto& words = c.four_letter_whitelist;
  if (std::find(words.begin(), words.end(), "srvr") == words.end()) words.push_back("srvr");
  if (std::string problem = c.quorum.conflict(); !problem.empty()) return problem;
  for (const auto& [id, server] : c.quorum.servers) {
    if (server.addresses.size() > 1 && !c.multi_address_enabled) {
      return fmt::format("Multiple address feature is disabled, but multiple addresses were specified for sid {}", id);
    }
  }
  return check_quorum_config(c.quorum);
}

std::string check_ensemble(ZooConfig& c) {
  const size_t voters = c.quorum.voters().size();
  const size_t observers = c.quorum.observers().size();
  if (voters == 0) {
    if (observers > 0) return "Observers w/o participants is an invalid configuration";
    if (!c.standalone_enabled) return "standaloneEnabled = false then number of participants should be >0";
    return {};
  }
  if (voters == 1 && c.standalone_enabled) {
    if (observers > 0) return "Observers w/o quorum is an invalid configuration";
    c.notices.push_back("Invalid configuration, only one server specified (ignoring)");
    return {};
  }
  if (c.init_limit == 0) return "initLimit is not set";
  if (c.sync_limit == 0) return "syncLimit is not set";
  return {};
}

}  // namespace

bool ZooConfig::wants_quorum() const {
  const size_t voters = quorum.voters().size();
  return voters > 1 || (voters == 1 && !standalone_enabled);
}

std::expected<ZooConfig, ConfigError> parse_zoo_config(const ConfigSource& source) {
  ZooConfig config;
  auto from_file = file_assignments(source.file, source.text);
  config.source_text = source.text;
  if (!from_file) return std::unexpected(from_file.error());
  // zoo.cfg wins over the flags: its keys become system properties after they were set.
  std::vector<Assignment> all = jvm_assignments(source.jvm_flags);
  // Of the flags only what is ZooKeeper's: a table key, or anything below "zookeeper.".
  std::erase_if(all, [](const Assignment& a) { return !a.key.starts_with("zookeeper.") && row_of(a.key) == nullptr; });
  std::move(from_file->begin(), from_file->end(), std::back_inserter(all));
  const bool dynamic =
      std::any_of(all.begin(), all.end(), [](const Assignment& a) { return a.key == "dynamicConfigFile"; });
  if (dynamic) {
    for (const Assignment& a : all) {
      if (!quorum_key(a.key)) continue;
      return std::unexpected(
          ConfigError{fmt::format("{}: parameter: {} must be in a separate dynamic config file", a.where, a.key)});
    }
    auto members = file_assignments(source.dynamic_file, source.dynamic_text);
    if (!members) return std::unexpected(members.error());
    for (Assignment& a : *members) {
      if (a.key == "version") {
        return std::unexpected(ConfigError{a.where + ": dynamic file shouldn't have version inside"});
      }
      if (quorum_key(a.key)) {
        all.push_back(std::move(a));
      } else {
        return std::unexpected(ConfigError{
            fmt::format("{}: {}: only server, group and weight lines may be in a dynamic file", a.where, a.key)});
      }
    }
  }

  for (const Assignment& a : all) {
    const std::string key = canonical(a.key);
    const auto member = add_quorum_property(config.quorum, key, a.value);
    if (!member)
      return std::unexpected(ConfigError{fmt::format("{}: {}={}: {}", a.where, a.key, a.value, member.error())});
    config.values[key] = a.value;
    const KeyRow* row = row_of(key);
    if (*member || !row) continue;
    std::string problem = apply(config, *row, a);
    if (!problem.empty()) return std::unexpected(ConfigError{std::move(problem)});
  }
  if (dynamic) config.quorum.version = version_in_name(source.dynamic_file).value_or(0);
  for (std::string problem : {check(config), check_ensemble(config)}) {
    if (!problem.empty()) return std::unexpected(ConfigError{fmt::format("{}: {}", source.file, problem)});
  }
  const bool quorum = config.wants_quorum();
  for (const Assignment& a : all) {
    const std::string key = canonical(a.key);
    if (const KeyRow* row = row_of(key)) {
      note(config, *row, a, quorum);
    } else if (key != "version") {
      config.notices.push_back(fmt::format("{}: {}: unknown key, ignored", a.where, a.key));
    }
  }
  // A key given twice is said once.
  std::vector<std::string> once;
  for (std::string& notice : config.notices) {
    if (std::find(once.begin(), once.end(), notice) == once.end()) once.push_back(std::move(notice));
  }
  config.notices = std::move(once);
  return config;
}

}  // namespace kz::zk
