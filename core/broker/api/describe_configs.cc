// DescribeConfigs: where each value comes from. Source: KafkaApis.handleDescribeConfigsRequest, ConfigHelper.scala
// @ 3.4.0; KIP-133, KIP-226, KIP-569.
#include "core/kafka/message/describe_configs.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/broker/api/handlers.h"
#include "core/broker/topic_name.h"

namespace kz::broker {

using kafka::DescribeConfigsRequest;
using kafka::DescribeConfigsResponse;
using kafka::ErrorCode;
using ResourceResult = DescribeConfigsResponse::DescribeConfigsResult;

namespace {

// ConfigResource.Type.
constexpr int8_t kTopic = 2, kBroker = 4, kBrokerLogger = 8;

struct Refusal {
  ErrorCode code;
  std::string message;
};

std::expected<std::vector<ConfigEntry>, Refusal> entries_of(Broker& broker, int8_t type, const std::string& name) {
  if (type == kTopic) {
    if (auto problem = topic_name_problem(name)) {
      return std::unexpected(Refusal{ErrorCode::kInvalidTopicException, std::move(*problem)});
    }
    if (!broker.image()->topic(name)) return std::unexpected(Refusal{ErrorCode::kUnknownTopicOrPartition, ""});
    return broker.configs().describe_topic(name);
  }
  if (type == kBroker) {
    if (name.empty()) return broker.configs().describe_cluster_default();
    BrokerId id = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc{} || end != name.data() + name.size()) {
      return std::unexpected(Refusal{ErrorCode::kInvalidRequest, "Broker id must be an integer, but it is: " + name});
    }
    if (id != broker.id()) {
      return std::unexpected(Refusal{
          ErrorCode::kInvalidRequest,
          "Unexpected broker id, expected " + std::to_string(broker.id()) + " or empty string, but received " + name});
    }
    return broker.configs().describe_broker();
  }
  if (type == kBrokerLogger) {
    return std::unexpected(Refusal{ErrorCode::kInvalidRequest, "This broker has no loggers to describe"});
  }
  return std::unexpected(Refusal{ErrorCode::kInvalidRequest, "Unsupported resource type: " + std::to_string(type)});
}

// A config source by request version: 0 has none, but says whether the value is the default.
void fill(ResourceResult& result, std::vector<ConfigEntry> entries, const DescribeConfigsRequest& request,
          const std::optional<std::vector<std::string>>& keys) {
  for (ConfigEntry& entry : entries) {
    // An empty list asks for all, as null does (KAFKA-9839).
    if (keys && !keys->empty() && std::ranges::find(*keys, entry.name) == keys->end()) continue;
    auto& out = result.configs.emplace_back();
    out.name = std::move(entry.name);
    out.value = std::move(entry.value);
    out.read_only = entry.read_only;
    out.is_default = entry.source == ConfigSource::kDefaultConfig;
    out.config_source = static_cast<int8_t>(entry.source);
    out.is_sensitive = entry.sensitive;
    out.config_type = entry.type;
    out.documentation =
        request.include_documentation ? std::optional(std::move(entry.documentation)) : std::optional<std::string>();
    if (!request.include_synonyms) continue;
    for (ConfigSynonym& synonym : entry.synonyms) {
      out.synonyms.push_back({std::move(synonym.name), std::move(synonym.value), static_cast<int8_t>(synonym.source)});
    }
  }
}

}  // namespace

void handle_describe_configs(Broker& broker, RequestContext& context, DescribeConfigsRequest&& request) {
  DescribeConfigsResponse response;
  for (const auto& resource : request.resources) {
    ResourceResult& result = response.results.emplace_back();
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
    result.error_message.reset();
    auto entries = entries_of(broker, resource.resource_type, resource.resource_name);
    if (!entries) {
      result.error_code = entries.error().code;
      if (!entries.error().message.empty()) result.error_message = std::move(entries.error().message);
      continue;
    }
    fill(result, std::move(*entries), request, resource.configuration_keys);
  }
  context.respond(response);
}

}  // namespace kz::broker
