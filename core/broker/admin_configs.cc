// The configuration half of AdminManager: AlterConfigs and IncrementalAlterConfigs (KIP-226, KIP-339).
// Source: ZkAdminManager.alterConfigs, incrementalAlterConfigs, ConfigAdminManager.scala @ 3.4.0.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "core/broker/admin_manager.h"
#include "core/broker/config_table.h"
#include "core/broker/zk/paths.h"

namespace kz::broker {

using kafka::ErrorCode;

namespace {

constexpr int8_t kTopicResource = 2;
constexpr int8_t kBrokerResource = 4;

std::string show(const ConfigAlteration& a) {
  return fmt::format("ConfigResource(type={}, name='{}')", a.resource_type == kTopicResource ? "TOPIC" : "BROKER",
                     a.resource_name);
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> out;
  for (size_t from = 0; from < text.size();) {
    const size_t comma = std::min(text.find(',', from), text.size());
    out.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return out;
}

}  // namespace

struct AdminManager::Alteration {
  std::vector<ConfigAlteration> all;
  std::vector<ApiError> results;
  bool validate_only = false;
  AlterDone done;
};

void AdminManager::alter_configs(std::vector<ConfigAlteration> alterations, bool validate_only, AlterDone done) {
  auto a = std::make_shared<Alteration>();
  a->all = std::move(alterations);
  a->validate_only = validate_only;
  a->done = std::move(done);
  post([this, a] { alter_next(a); });
}

ApiError AdminManager::check_alteration(const ConfigAlteration& alteration) const {
  std::set<std::string> names;
  std::vector<std::string> nulls;
  for (const ConfigAlteration::Entry& e : alteration.entries) {
    if (!names.insert(e.name).second) return {ErrorCode::kInvalidRequest, "Error due to duplicate config keys"};
    if (e.op != ConfigAlteration::Op::kDelete && !e.value) nulls.push_back(e.name);
    if (e.op < ConfigAlteration::Op::kSet || e.op > ConfigAlteration::Op::kSubtract) {
      return {ErrorCode::kInvalidRequest, fmt::format("Unknown operations type {}", static_cast<int>(e.op))};
    }
  }
  if (!nulls.empty()) {
    return {ErrorCode::kInvalidRequest, fmt::format("Null value not supported for : {}", fmt::join(nulls, ", "))};
  }
  if (alteration.resource_type == kTopicResource) {
    if (alteration.resource_name.empty()) {
      return {ErrorCode::kInvalidRequest, "Default topic resources are not allowed."};
    }
    if (!broker_.image()->topic(alteration.resource_name)) {
      return {ErrorCode::kUnknownTopicOrPartition,
              fmt::format("The topic '{}' does not exist.", alteration.resource_name)};
    }
    return {};
  }
  if (alteration.resource_type != kBrokerResource) {
    return {ErrorCode::kInvalidRequest,
            fmt::format("Unknown resource type {}", static_cast<int>(alteration.resource_type))};
  }
  if (alteration.resource_name.empty()) return {};
  const std::string& name = alteration.resource_name;
  BrokerId id = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size()) {
    return {ErrorCode::kInvalidRequest, fmt::format("Node id must be an integer, but it is: {}", name)};
  }
  if (id != broker_.id()) {
    return {ErrorCode::kInvalidRequest,
            fmt::format("Unexpected broker id, expected {}, but received {}", broker_.id(), name)};
  }
  return {};
}

std::expected<ConfigMap, ApiError> AdminManager::altered(const ConfigAlteration& alteration,
                                                         const ConfigMap& stored) const {
  const bool topic = alteration.resource_type == kTopicResource;
  ConfigMap out = alteration.replace_all ? ConfigMap{} : stored;
  for (const ConfigAlteration::Entry& e : alteration.entries) {
    using Op = ConfigAlteration::Op;
    if (e.op == Op::kDelete) {
      out.erase(e.name);
      continue;
    }
    if (e.op == Op::kSet) {
      out[e.name] = *e.value;
      continue;
    }
    const ConfigKey* key = topic ? find_topic_key(e.name) : find_broker_key(e.name);
    const char* what = e.op == Op::kAppend ? "append" : "subtract";
    if (!key) {
      return std::unexpected(ApiError{ErrorCode::kInvalidConfig, fmt::format("Unknown config name: {}", e.name)});
    }
    if (key->type != ConfigType::kList) {
      return std::unexpected(ApiError{ErrorCode::kInvalidConfig,
                                      fmt::format("Config value {} is not allowed for config key: {}", what, e.name)});
    }
    const auto old = out.find(e.name);
    std::vector<std::string> values = split_list(old != out.end()     ? old->second
                                                 : key->default_value ? key->default_value
                                                                      : "");
    for (std::string& item : split_list(*e.value)) {
      const auto at = std::ranges::find(values, item);
      if (e.op == Op::kSubtract && at != values.end()) values.erase(at);
      if (e.op == Op::kAppend && at == values.end()) values.push_back(std::move(item));
    }
    out[e.name] = fmt::format("{}", fmt::join(values, ","));
  }
  for (const auto& [name, value] : out) {
    const ConfigKey* key = topic ? nullptr : find_broker_key(name);
    if (!key || !key->sensitive()) continue;
    // Stored in ZooKeeper, a password would have to be encrypted; that comes with TLS and SASL.
    return std::unexpected(ApiError{
        ErrorCode::kInvalidConfig,
        fmt::format("Invalid config value for resource {}: Password encoder secret not configured", show(alteration))});
  }
  std::expected<void, std::string> valid =
      topic ? validate_topic_config(out) : BrokerConfigs::validate_dynamic(out, !alteration.resource_name.empty());
  if (valid && !topic) valid = broker_.configs().check_thread_counts(out);
  if (!valid) {
    // Java's ConfigException is wrapped with the resource's name, its InvalidConfigurationException is not.
    const bool plain = valid.error().starts_with("Unknown topic config name") || valid.error().starts_with("conflict");
    std::string text = plain ? std::move(valid.error())
                             : fmt::format("Invalid config value for resource {}: {}", show(alteration), valid.error());
    return std::unexpected(ApiError{ErrorCode::kInvalidConfig, std::move(text)});
  }
  return out;
}

void AdminManager::alter_next(std::shared_ptr<Alteration> a) {
  if (a->results.size() == a->all.size()) {
    a->done(std::move(a->results));
    return;
  }
  const ConfigAlteration& alteration = a->all[a->results.size()];
  size_t same = 0;
  for (const ConfigAlteration& other : a->all) {
    if (other.resource_type == alteration.resource_type && other.resource_name == alteration.resource_name) ++same;
  }
  ApiError problem = same > 1 ? ApiError{ErrorCode::kInvalidRequest, "Each resource must appear at most once."}
                              : check_alteration(alteration);
  if (!problem.ok()) {
    a->results.push_back(std::move(problem));
    alter_next(std::move(a));
    return;
  }
  const std::string type = alteration.resource_type == kTopicResource ? "topics" : "brokers";
  const std::string entity = alteration.resource_name.empty() ? zkpath::kDefaultEntity : alteration.resource_name;
  zk_.get(
      zkpath::config(type, entity), false, alive([this, a, type, entity](const ZkResult& r) mutable {
        auto stored = decode_config(r.data);
        auto config = altered(a->all[a->results.size()], stored ? *stored : ConfigMap{});
        if (!config || a->validate_only) {
          a->results.push_back(config ? ApiError{} : std::move(config.error()));
          alter_next(std::move(a));
          return;
        }
        log_.info("Updating {} {} with new configuration : {}", type == "topics" ? "topic" : "broker", entity, *config);
        write_config(type, entity, *config, alive([this, a, type, entity](ZkCode code) {
                       if (code != ZkCode::kOk) {
                         a->results.push_back({ErrorCode::kUnknownServerError, {}});
                         alter_next(a);
                         return;
                       }
                       note_change(type + "/" + entity, alive([this, a](ZkCode noted) {
                                     const bool ok = noted == ZkCode::kOk;
                                     a->results.push_back({ok ? ErrorCode::kNone : ErrorCode::kUnknownServerError, {}});
                                     alter_next(a);
                                   }));
                     }));
      }));
}

void AdminManager::write_config(std::string type, std::string entity, const ConfigMap& config,
                                std::move_only_function<void(ZkCode)> done) {
  const std::string path = zkpath::config(type, entity);
  const std::string json = encode_config(config);
  zk_.set(path, json, -1, alive([this, path, json, d = std::move(done)](const ZkResult& r) mutable {
            if (r.code != ZkCode::kNoNode) {
              d(r.code);
              return;
            }
            zk_.create(path, json, ZkMode::kPersistent, alive([e = std::move(d)](const ZkResult& made) mutable {
                         e(made.code == ZkCode::kNodeExists ? ZkCode::kOk : made.code);
                       }));
          }));
}

void AdminManager::note_change(std::string entity_path, std::move_only_function<void(ZkCode)> done) {
  zk_.create(zkpath::kConfigChangePrefix, encode_config_change(entity_path), ZkMode::kPersistentSequential,
             [d = std::move(done)](const ZkResult& r) mutable { d(r.code); });
}

}  // namespace kz::broker
