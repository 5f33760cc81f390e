// Metadata: brokers, controller, topics and their leaders; makes missing topics where that is allowed.
// Source: KafkaApis.handleTopicMetadataRequest, ZkMetadataCache.getPartitionMetadata, AutoTopicCreationManager @ 3.4.0.
#include "core/kafka/message/metadata.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <utility>

#include "core/broker/api/handlers.h"
#include "core/broker/authorized_operations.h"
#include "core/broker/topic_name.h"

namespace kz::broker {

using kafka::ErrorCode;
using kafka::MetadataRequest;
using kafka::MetadataResponse;
using ResponseTopic = MetadataResponse::MetadataResponseTopic;
using ResponsePartition = MetadataResponse::MetadataResponsePartition;

namespace {

// What the answer depends on beside the image.
struct View {
  const MetadataImage& image;
  const std::string& listener;
  int16_t version;

  bool reachable(BrokerId id) const {
    const BrokerInfo* broker = image.broker(id);
    return broker && broker->endpoint(listener);
  }
  // Version 0 leaves out replicas that are not alive (and says REPLICA_NOT_AVAILABLE); later ones list all.
  std::vector<BrokerId> listed(const std::vector<BrokerId>& ids) const {
    if (version > 0) return ids;
    std::vector<BrokerId> out;
    std::ranges::copy_if(ids, std::back_inserter(out), [&](BrokerId id) { return reachable(id); });
    return out;
  }
};

ResponsePartition describe(const View& view, int32_t number, const PartitionInfo& info) {
  ResponsePartition out;
  out.partition_index = number;
  out.leader_epoch = info.leader_epoch;
  out.replica_nodes = view.listed(info.replicas);
  out.isr_nodes = view.listed(info.isr);
  out.offline_replicas = info.offline;
  for (const BrokerId id : info.replicas) {
    if (!view.image.alive(id) && std::ranges::find(info.offline, id) == info.offline.end()) {
      out.offline_replicas.push_back(id);
    }
  }
  if (view.reachable(info.leader)) {
    out.leader_id = info.leader;
    if (out.replica_nodes.size() < info.replicas.size() || out.isr_nodes.size() < info.isr.size()) {
      out.error_code = ErrorCode::kReplicaNotAvailable;
    }
    return out;
  }
  out.leader_id = kNoLeader;
  const bool no_listener = view.image.alive(info.leader);
  // From version 6 on the two cases are told apart, to show mistakes in the listeners' configuration.
  out.error_code = no_listener && view.version >= 6 ? ErrorCode::kListenerNotFound : ErrorCode::kLeaderNotAvailable;
  return out;
}

ResponseTopic describe(const View& view, const TopicInfo& info) {
  ResponseTopic out;
  out.name = info.name;
  out.topic_id = info.id;
  out.is_internal = is_internal_topic(info.name);
  out.partitions.reserve(info.partitions.size());
  for (size_t i = 0; i < info.partitions.size(); ++i) {
    if (info.partitions[i].replicas.empty()) continue;
    out.partitions.push_back(describe(view, static_cast<int32_t>(i), info.partitions[i]));
  }
  return out;
}

ResponseTopic topic_error(ErrorCode code, std::optional<std::string> name, kafka::Uuid id = {}) {
  ResponseTopic out;
  out.error_code = code;
  out.is_internal = name && is_internal_topic(*name);
  out.name = std::move(name);
  out.topic_id = id;
  return out;
}

void answer(Broker& broker, RequestContext& context, const MetadataRequest& request, const MetadataImage& image,
            std::vector<ResponseTopic> topics) {
  MetadataResponse response;
  const std::string& listener = context.connection().listener;
  for (const auto& [id, info] : image.brokers()) {
    const Endpoint* endpoint = info.endpoint(listener);
    if (endpoint) response.brokers.push_back({id, endpoint->host, endpoint->port, info.rack});
  }
  response.cluster_id = broker.cluster_id();
  response.controller_id = image.controller_id();
  response.topics = std::move(topics);
  if (request.include_topic_authorized_operations) {
    for (ResponseTopic& topic : response.topics) topic.topic_authorized_operations = kTopicOperations;
  }
  if (request.include_cluster_authorized_operations) response.cluster_authorized_operations = kClusterOperations;
  context.respond(response);
}

// A controller that cannot reach ZooKeeper must not keep a client waiting for its metadata.
constexpr Duration kAutoCreatePatience = ms(5000);

struct AutoCreation {
  AutoCreation(RequestContext c, MetadataRequest r, std::vector<ResponseTopic> t, std::vector<std::string> m)
      : context(std::move(c)), request(std::move(r)), topics(std::move(t)), missing(std::move(m)) {}
  RequestContext context;
  MetadataRequest request;
  std::vector<ResponseTopic> topics;
  std::vector<std::string> missing;
  std::atomic<bool> answered{false};  // the controller's thread and the timer's meet here
};

// A topic whose leader is known by now is answered in full; else LEADER_NOT_AVAILABLE makes the client ask again.
void finish(Broker& broker, AutoCreation& wait, const std::vector<ErrorCode>& codes) {
  if (wait.answered.exchange(true)) return;
  const MetadataImagePtr image = broker.image();
  const View view{*image, wait.context.connection().listener, wait.context.version()};
  for (size_t i = 0; i < wait.missing.size(); ++i) {
    const std::string& name = wait.missing[i];
    ErrorCode code = codes[i];
    if (const TopicInfo* info = image->topic(name)) {
      wait.topics.push_back(describe(view, *info));
      continue;
    }
    if (code == ErrorCode::kNone || code == ErrorCode::kTopicAlreadyExists || code == ErrorCode::kRequestTimedOut) {
      code = ErrorCode::kLeaderNotAvailable;
    }
    wait.topics.push_back(topic_error(code, name));
  }
  answer(broker, wait.context, wait.request, *image, std::move(wait.topics));
}

void auto_create(Broker& broker, RequestContext context, MetadataRequest request, std::vector<ResponseTopic> topics,
                 std::vector<std::string> missing) {
  Executor& reactor = context.reactor();
  auto wait = std::make_shared<AutoCreation>(std::move(context), std::move(request), std::move(topics), missing);
  const size_t count = missing.size();
  broker.topic_admin->auto_create(std::move(missing),
                                  [&broker, wait](std::vector<ErrorCode> codes) { finish(broker, *wait, codes); });
  if (wait->answered) return;
  reactor.after(kAutoCreatePatience, [&broker, wait, count] {
    finish(broker, *wait, std::vector<ErrorCode>(count, ErrorCode::kLeaderNotAvailable));
  });
}

}  // namespace

void handle_metadata(Broker& broker, RequestContext& context, MetadataRequest&& request) {
  const int16_t version = context.version();
  const MetadataImagePtr image = broker.image();
  const View view{*image, context.connection().listener, version};
  std::vector<ResponseTopic> topics;

  // All topics: null, or an empty list in version 0, which had no null.
  if (!request.topics || (version == 0 && request.topics->empty())) {
    topics.reserve(image->topics().size());
    for (const auto& [name, info] : image->topics()) topics.push_back(describe(view, *info));
    answer(broker, context, request, *image, std::move(topics));
    return;
  }

  // Versions 10 and 11 carry ids that no broker ever answered; 12 made them work.
  const bool invalid =
      version < 12 &&
      std::ranges::any_of(*request.topics, [](const auto& topic) { return !topic.name || !topic.topic_id.is_zero(); });
  if (invalid) {
    for (const auto& topic : *request.topics) {
      topics.push_back(topic_error(ErrorCode::kInvalidRequest, topic.name.value_or(""), topic.topic_id));
    }
    answer(broker, context, request, *image, std::move(topics));
    return;
  }

  const bool by_id = std::ranges::any_of(*request.topics, [](const auto& t) { return !t.topic_id.is_zero(); });
  const bool may_create = request.allow_auto_topic_creation && broker.config().auto_create_topics_enable && !by_id &&
                          broker.topic_admin != nullptr;
  std::vector<std::string> missing;
  std::set<std::string> seen;
  for (auto& topic : *request.topics) {
    if (by_id) {
      if (topic.topic_id.is_zero()) continue;
      const TopicInfo* info = image->topic(topic.topic_id);
      topics.push_back(info ? describe(view, *info)
                            : topic_error(ErrorCode::kUnknownTopicId, std::nullopt, topic.topic_id));
      continue;
    }
    const std::string name = topic.name.value_or("");
    if (!seen.insert(name).second) continue;
    if (const TopicInfo* info = image->topic(name)) {
      topics.push_back(describe(view, *info));
    } else if (!valid_topic_name(name)) {
      topics.push_back(topic_error(ErrorCode::kInvalidTopicException, name));
    } else if (may_create) {
      missing.push_back(name);
    } else {
      topics.push_back(topic_error(ErrorCode::kUnknownTopicOrPartition, name));
    }
  }
  if (missing.empty()) {
    answer(broker, context, request, *image, std::move(topics));
    return;
  }
  auto_create(broker, context.respond_later(), std::move(request), std::move(topics), std::move(missing));
}

}  // namespace kz::broker
