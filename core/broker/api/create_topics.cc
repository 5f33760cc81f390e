// CreateTopics. Source: KafkaApis.handleCreateTopicsRequest @ 3.4.0; KIP-464 (defaults by -1), KIP-525 (configs in the
// answer), KIP-516 (topic ids).
#include "core/kafka/message/create_topics.h"

#include <algorithm>

#include "core/broker/api/admin_handlers.h"

namespace kz::broker {

using kafka::CreateTopicsRequest;
using kafka::CreateTopicsResponse;
using kafka::ErrorCode;

namespace {

using TopicResult = CreateTopicsResponse::CreatableTopicResult;

std::optional<std::string> text_of(const ApiError& error) {
  if (error.message.empty()) return std::nullopt;
  return error.message;
}

NewTopic to_new_topic(CreateTopicsRequest::CreatableTopic&& topic) {
  NewTopic out;
  out.name = std::move(topic.name);
  out.partitions = topic.num_partitions;
  out.replication_factor = topic.replication_factor;
  for (auto& a : topic.assignments) out.assignments[a.partition_index] = std::move(a.broker_ids);
  for (auto& c : topic.configs) {
    if (c.value) {
      out.configs[c.name] = std::move(*c.value);
    } else {
      out.null_configs.push_back(c.name);
    }
  }
  return out;
}

// The effective configuration of the topic as the answer lists it; overrides as given, for validate_only too.
std::vector<CreateTopicsResponse::CreatableTopicConfigs> configs_of(Broker& broker, const NewTopic& topic) {
  std::vector<CreateTopicsResponse::CreatableTopicConfigs> out;
  for (ConfigEntry& entry : broker.configs().describe_topic(topic.name)) {
    CreateTopicsResponse::CreatableTopicConfigs c;
    c.name = entry.name;
    c.value = entry.sensitive ? std::nullopt : entry.value;
    c.read_only = entry.read_only;
    c.config_source = static_cast<int8_t>(entry.source);
    c.is_sensitive = entry.sensitive;
    if (const auto given = topic.configs.find(entry.name); given != topic.configs.end()) {
      c.value = given->second;
      c.config_source = static_cast<int8_t>(ConfigSource::kTopicConfig);
    }
    out.push_back(std::move(c));
  }
  return out;
}

}  // namespace

void handle_create_topics(Broker& broker, AdminManager& admin, RequestContext& context, CreateTopicsRequest&& request) {
  CreateTopicsResponse response;
  std::vector<NewTopic> wanted;
  for (auto& topic : request.topics) {
    const auto same = std::ranges::count(request.topics, topic.name, &CreateTopicsRequest::CreatableTopic::name);
    const auto known = std::ranges::find(response.topics, topic.name, &TopicResult::name);
    if (known != response.topics.end()) continue;
    TopicResult& result = response.topics.emplace_back();
    result.name = topic.name;
    result.error_message.reset();
    if (!admin.active()) {
      result.error_code = ErrorCode::kNotController;
    } else if (same > 1) {
      result.error_code = ErrorCode::kInvalidRequest;
      result.error_message = "Found multiple entries for this topic.";
    } else if (topic.name == "__cluster_metadata") {
      result.error_code = ErrorCode::kTopicAuthorizationFailed;
      result.error_message = "Authorization failed.";
    }
  }
  for (auto& topic : request.topics) {
    const auto result = std::ranges::find(response.topics, topic.name, &TopicResult::name);
    if (result->error_code == ErrorCode::kNone) wanted.push_back(to_new_topic(std::move(topic)));
  }
  if (wanted.empty()) {
    context.respond(response);
    return;
  }
  auto later = std::make_shared<RequestContext>(context.respond_later());
  const bool validate_only = request.validate_only;
  admin.create_topics(
      wanted, validate_only, request.timeout_ms,
      [&broker, later, response = std::move(response), wanted](std::vector<CreatedTopic> created) mutable {
        for (size_t i = 0; i < created.size(); ++i) {
          const CreatedTopic& one = created[i];
          TopicResult& result = *std::ranges::find(response.topics, one.name, &TopicResult::name);
          result.error_code = one.error.code;
          result.error_message = text_of(one.error);
          if (!one.error.ok()) continue;
          result.topic_id = one.id;
          result.num_partitions = one.partitions;
          result.replication_factor = one.replication_factor;
          if (later->version() >= 5) result.configs = configs_of(broker, wanted[i]);
        }
        later->respond(response);
      });
}

}  // namespace kz::broker
