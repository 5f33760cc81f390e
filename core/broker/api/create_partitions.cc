// CreatePartitions. Source: KafkaApis.handleCreatePartitionsRequest @ 3.4.0; KIP-195.
#include "core/kafka/message/create_partitions.h"

#include <algorithm>

#include "core/broker/api/admin_handlers.h"

namespace kz::broker {

using kafka::CreatePartitionsRequest;
using kafka::CreatePartitionsResponse;
using kafka::ErrorCode;

void handle_create_partitions(AdminManager& admin, RequestContext& context, CreatePartitionsRequest&& request) {
  AdminManager::TopicErrors errors;
  std::vector<NewPartitions> wanted;
  for (const auto& topic : request.topics) {
    const auto same =
        std::ranges::count(request.topics, topic.name, &CreatePartitionsRequest::CreatePartitionsTopic::name);
    if (!admin.active()) {
      errors[topic.name] = {ErrorCode::kNotController, {}};
    } else if (same > 1) {
      errors[topic.name] = {ErrorCode::kInvalidRequest, "Duplicate topic in request."};
    } else {
      NewPartitions& p = wanted.emplace_back();
      p.topic = topic.name;
      p.count = topic.count;
      if (topic.assignments) {
        p.assignments.emplace();
        for (const auto& a : *topic.assignments) p.assignments->push_back(a.broker_ids);
      }
    }
  }
  auto later = std::make_shared<RequestContext>(context.respond_later());
  auto answer = [later, errors = std::move(errors)](AdminManager::TopicErrors more) mutable {
    errors.merge(more);
    CreatePartitionsResponse response;
    for (auto& [name, error] : errors) {
      auto& result = response.results.emplace_back();
      result.name = name;
      result.error_code = error.code;
      if (!error.message.empty()) result.error_message = std::move(error.message);
    }
    later->respond(response);
  };
  if (wanted.empty()) {
    answer({});
  } else {
    admin.create_partitions(std::move(wanted), request.validate_only, request.timeout_ms, std::move(answer));
  }
}

}  // namespace kz::broker
