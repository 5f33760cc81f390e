// DeleteTopics. Source: KafkaApis.handleDeleteTopicsRequest @ 3.4.0; KIP-516 (by id, v6).
#include "core/kafka/message/delete_topics.h"

#include <algorithm>

#include "core/broker/api/admin_handlers.h"

namespace kz::broker {

using kafka::DeleteTopicsRequest;
using kafka::DeleteTopicsResponse;
using kafka::ErrorCode;

void handle_delete_topics(Broker& broker, AdminManager& admin, RequestContext& context, DeleteTopicsRequest&& request) {
  if (context.version() < 6) {
    for (std::string& name : request.topic_names) request.topics.push_back({std::move(name), {}});
  }
  DeleteTopicsResponse response;
  std::vector<std::string> doomed;
  const MetadataImagePtr image = broker.image();
  for (DeleteTopicsRequest::DeleteTopicState& topic : request.topics) {
    DeleteTopicsResponse::DeletableTopicResult& result = response.responses.emplace_back();
    result.name = topic.name;
    result.topic_id = topic.topic_id;
    if (!admin.active()) {
      result.error_code = ErrorCode::kNotController;
      continue;
    }
    if (!broker.config().delete_topic_enable) {
      result.error_code = context.version() < 3 ? ErrorCode::kInvalidRequest : ErrorCode::kTopicDeletionDisabled;
      continue;
    }
    if (topic.name && !topic.topic_id.is_zero()) {
      result.error_code = ErrorCode::kInvalidRequest;
      result.error_message = "Topic name and topic ID can not both be specified.";
      continue;
    }
    if (!topic.topic_id.is_zero()) {
      const TopicInfo* known = image->topic(topic.topic_id);
      if (!known) {
        result.error_code = ErrorCode::kUnknownTopicId;
        continue;
      }
      result.name = known->name;
    }
    const TopicInfo* known = result.name ? image->topic(*result.name) : nullptr;
    if (!known) {
      result.error_code = ErrorCode::kUnknownTopicOrPartition;
      continue;
    }
    doomed.push_back(*result.name);
  }
  if (doomed.empty()) {
    context.respond(response);
    return;
  }
  auto later = std::make_shared<RequestContext>(context.respond_later());
  admin.delete_topics(std::move(doomed), request.timeout_ms,
                      [later, response = std::move(response)](const AdminManager::TopicErrors& errors) mutable {
                        for (auto& result : response.responses) {
                          if (result.error_code != ErrorCode::kNone || !result.name) continue;
                          if (const auto it = errors.find(*result.name); it != errors.end()) {
                            result.error_code = it->second.code;
                          }
                        }
                        later->respond(response);
                      });
}

}  // namespace kz::broker
