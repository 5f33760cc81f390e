// FindCoordinator: which broker leads the partition that a group belongs to. Source: KafkaApis.getCoordinator @ 3.4.0;
// KIP-699 (several keys, v4).
#include "core/kafka/message/find_coordinator.h"

#include "core/broker/api/group_handlers.h"
#include "core/broker/topic_rules.h"

namespace kz::broker {

using kafka::ErrorCode;
using kafka::FindCoordinatorRequest;
using kafka::FindCoordinatorResponse;
using Coordinator = FindCoordinatorResponse::Coordinator;

namespace {

constexpr int8_t kGroupKey = 0;
constexpr int8_t kTransactionKey = 1;

Coordinator find(const MetadataImage& image, const std::string& listener, std::string key, int8_t type) {
  Coordinator out;
  out.node_id = -1;
  out.port = -1;
  out.error_code = ErrorCode::kCoordinatorNotAvailable;
  const TopicInfo* topic = image.topic(type == kGroupKey ? kOffsetsTopic : kTransactionsTopic);
  if (topic && !topic->partitions.empty()) {
    const int32_t index = coordinator_partition(key, static_cast<int32_t>(topic->partitions.size()));
    const PartitionInfo* partition = topic->partition(index);
    const BrokerInfo* leader = partition ? image.broker(partition->leader) : nullptr;
    if (const Endpoint* endpoint = leader ? leader->endpoint(listener) : nullptr) {
      out.node_id = leader->id;
      out.host = endpoint->host;
      out.port = endpoint->port;
      out.error_code = ErrorCode::kNone;
    }
  }
  out.key = std::move(key);
  return out;
}

std::string message_of(ErrorCode code, int16_t version) {
  if (version >= 4) return {};
  // Errors.NONE.message() is its name.
  return code == ErrorCode::kNone ? "NONE" : std::string(kafka::error_message(code));
}

void fill(FindCoordinatorResponse& response, std::vector<Coordinator> all, int16_t version) {
  for (Coordinator& one : all) one.error_message = message_of(one.error_code, version);
  if (version >= 4) {
    response.coordinators = std::move(all);
    return;
  }
  Coordinator& one = all.at(0);
  response.error_code = one.error_code;
  response.error_message = std::move(one.error_message);
  response.node_id = one.node_id;
  response.host = std::move(one.host);
  response.port = one.port;
}

}  // namespace

void handle_find_coordinator(Broker& broker, RequestContext& context, FindCoordinatorRequest&& request) {
  const int16_t version = context.version();
  const int8_t type = version >= 1 ? request.key_type : kGroupKey;
  std::vector<std::string> keys = std::move(request.coordinator_keys);
  if (version < 4) keys = {std::move(request.key)};
  FindCoordinatorResponse response;
  const auto answer_all = [&](ErrorCode code) {
    std::vector<Coordinator> all;
    for (std::string& key : keys) {
      Coordinator& one = all.emplace_back();
      one.key = std::move(key);
      one.node_id = one.port = -1;
      one.error_code = code;
    }
    fill(response, std::move(all), version);
    context.respond(response);
  };
  if (keys.empty() || (type != kGroupKey && type != kTransactionKey)) {
    if (keys.empty()) keys.emplace_back();
    return answer_all(ErrorCode::kInvalidRequest);
  }
  // Transactions are not served yet: an answer that is final for every client and names the id.
  if (type == kTransactionKey) return answer_all(ErrorCode::kTransactionalIdAuthorizationFailed);

  const MetadataImagePtr image = broker.image();
  if (!image->topic(kOffsetsTopic) && broker.topic_admin) {
    // The client asks again until the topic is there.
    broker.topic_admin->auto_create({std::string(kOffsetsTopic)}, [](const std::vector<ErrorCode>&) {});
  }
  std::vector<Coordinator> all;
  for (std::string& key : keys) all.push_back(find(*image, context.connection().listener, std::move(key), type));
  fill(response, std::move(all), version);
  context.respond(response);
}

}  // namespace kz::broker
