#include "core/client/admin.h"

#include <algorithm>

#include "core/kafka/message/create_partitions.h"
#include "core/kafka/message/create_topics.h"
#include "core/kafka/message/delete_topics.h"
#include "core/kafka/message/describe_configs.h"
#include "core/kafka/message/list_partition_reassignments.h"
#include "core/kafka/message/metadata.h"

namespace kz::client {
namespace {

using kafka::ErrorCode;

constexpr int8_t kTopicResource = 2;
// DescribeConfigsResponse: DEFAULT_CONFIG; before v1 a flag said so.
constexpr int8_t kSourceDefault = 5;

template <class T>
std::shared_ptr<AdminDone<T>> shared(AdminDone<T> done) {
  return std::make_shared<AdminDone<T>>(std::move(done));
}

}  // namespace

AdminError AdminError::of(ErrorCode code, std::optional<std::string> message) {
  std::string text = message && !message->empty() ? *message : std::string(kafka::error_message(code));
  return {code, std::string(kafka::error_exception(code)), std::move(text)};
}

// One call over all its tries.
struct Admin::Call {
  std::string name;
  Target target = Target::kAny;
  TimePoint deadline;
  int64_t deadline_wall_ms = 0;
  int tries = 0;
  bool assigned = false;  // a connected node took it at least once
  std::function<void(BrokerId, int32_t timeout_ms)> send;
  std::function<void(AdminError)> fail;
};

Admin::Admin(KafkaClient& client, int32_t api_timeout_ms) : client_(client), api_timeout_ms_(api_timeout_ms) {}
Admin::~Admin() { *alive_ = false; }

TimePoint Admin::now() const { return client_.executor().now().mono; }

template <class Req, class Resp>
void Admin::start(const char* name, Target target, std::function<Req(int16_t)> make, int16_t min_version,
                  std::function<Verdict(Resp&, int16_t)> handle, std::function<void(AdminError)> fail) {
  auto call = std::make_shared<Call>();
  call->name = name;
  call->target = target;
  call->deadline = now() + ms(api_timeout_ms_);
  call->deadline_wall_ms = client_.executor().now().wall_ms + api_timeout_ms_;
  call->fail = std::move(fail);
  std::weak_ptr<Call> weak = call;
  call->send = [this, alive = alive_, weak, make = std::move(make), handle = std::move(handle), min_version](
                   BrokerId node, int32_t timeout_ms) {
    auto self = weak.lock();
    client_.send_made<Req, Resp>(
        node, [make](int16_t version) { return make(version); },
        SendOptions{.min_version = min_version, .timeout_ms = timeout_ms},
        [this, alive, self, handle](Result<Resp> response, int16_t version) {
          if (!*alive) return;
          if (!response) {
            if (response.error().code == Errc::kUnsupportedVersion) {
              return self->fail({ErrorCode::kUnsupportedVersion,
                                 "org.apache.kafka.common.errors.UnsupportedVersionException",
                                 "The broker does not support " + std::string(Req::kName)});
            }
            return retry(self);
          }
          self->assigned = true;
          if (handle(*response, version) == Verdict::kRetry) retry(self);
        });
  };
  client_.executor().post([this, alive = alive_, call] {
    if (*alive) attempt(call);
  });
}

void Admin::retry(const std::shared_ptr<Call>& call) {
  const TimePoint when = std::min(now() + ms(client_.config().retry_backoff_ms), call->deadline);
  client_.executor().at(when, [this, alive = alive_, call] {
    if (*alive) attempt(call);
  });
}

void Admin::attempt(std::shared_ptr<Call> call) {
  const int64_t left_ms = (call->deadline - now()).count() / 1'000'000;
  if (left_ms <= 0 || given_up_) {
    if (!call->assigned && !client_.any_ready()) {
      return call->fail({ErrorCode::kRequestTimedOut, "org.apache.kafka.common.errors.TimeoutException",
                         "Timed out waiting for a node assignment. Call: " + call->name});
    }
    return call->fail({ErrorCode::kRequestTimedOut, "org.apache.kafka.common.errors.TimeoutException",
                       "Call(callName=" + call->name + ", deadlineMs=" + std::to_string(call->deadline_wall_ms) +
                           ", tries=" + std::to_string(call->tries) + ", nextAllowedTryMs=0) timed out at " +
                           std::to_string(client_.executor().now().wall_ms) + " after " + std::to_string(call->tries) +
                           " attempt(s)"});
  }
  BrokerId node = kLeastLoaded;
  if (call->target == Target::kController) {
    node = client_.cluster().controller;
    if (!client_.cluster().nodes.contains(node)) return find_controller(std::move(call));
  } else {
    node = client_.pick_node();
    if (node == kLeastLoaded) return retry(call);
  }
  ++call->tries;
  call->send(node, static_cast<int32_t>(std::min<int64_t>(left_ms, client_.config().request_timeout_ms)));
}

void Admin::give_up() {
  given_up_ = true;
  for (size_t i = 0; i < client_.config().bootstrap.size(); ++i) client_.disconnect(-1 - static_cast<BrokerId>(i));
}

void Admin::find_controller(std::shared_ptr<Call> call) {
  const BrokerId node = client_.pick_node();
  if (node == kLeastLoaded) return retry(call);
  const int64_t left_ms = (call->deadline - now()).count() / 1'000'000;
  client_.send<kafka::MetadataRequest, kafka::MetadataResponse>(
      node, kafka::MetadataRequest{},
      SendOptions{
          .min_version = 1,
          .timeout_ms = static_cast<int32_t>(std::clamp<int64_t>(left_ms, 1, client_.config().request_timeout_ms))},
      [this, alive = alive_, call](Result<kafka::MetadataResponse> response, int16_t) {
        if (!*alive) return;
        if (response) client_.adopt(*response);
        if (!response || !client_.cluster().nodes.contains(client_.cluster().controller)) return retry(call);
        attempt(call);
      });
}

// The controller moved: ask who it is before the next try.
Admin::Verdict Admin::forget_controller() {
  client_.forget_controller();
  return Verdict::kRetry;
}

void Admin::list_topics(AdminDone<std::map<std::string, TopicInfo>> user) {
  auto done = shared(std::move(user));
  start<kafka::MetadataRequest, kafka::MetadataResponse>(
      "listTopics", Target::kAny,
      [](int16_t) {
        kafka::MetadataRequest request;
        request.topics.reset();
        return request;
      },
      1,
      [this, done](kafka::MetadataResponse& response, int16_t) {
        client_.adopt(response);
        std::map<std::string, TopicInfo> topics;
        for (const auto& t : response.topics) {
          if (t.name) topics[*t.name] = topic_info(t);
        }
        (*done)(std::move(topics));
        return Verdict::kDone;
      },
      [done](AdminError e) { (*done)(std::unexpected(std::move(e))); });
}

void Admin::describe_topics(std::vector<std::string> names, AdminDone<std::map<std::string, TopicInfo>> user) {
  auto done = shared(std::move(user));
  start<kafka::MetadataRequest, kafka::MetadataResponse>(
      "describeTopics", Target::kAny,
      [names](int16_t) {
        kafka::MetadataRequest request;
        request.allow_auto_topic_creation = false;
        for (const auto& name : names) request.topics->emplace_back().name = name;
        return request;
      },
      4,
      [this, done](kafka::MetadataResponse& response, int16_t) {
        client_.adopt(response);
        std::map<std::string, TopicInfo> topics;
        for (const auto& t : response.topics) {
          if (t.error_code != ErrorCode::kNone) {
            (*done)(std::unexpected(AdminError::of(t.error_code)));
            return Verdict::kDone;
          }
          if (t.name) topics[*t.name] = topic_info(t);
        }
        (*done)(std::move(topics));
        return Verdict::kDone;
      },
      [done](AdminError e) { (*done)(std::unexpected(std::move(e))); });
}

void Admin::create_topic(NewTopic topic, AdminDone<void> user) {
  auto done = shared(std::move(user));
  const bool defaults = topic.assignment.empty() && (topic.partitions < 0 || topic.replication_factor < 0);
  start<kafka::CreateTopicsRequest, kafka::CreateTopicsResponse>(
      "createTopics", Target::kController,
      [topic, timeout = client_.config().request_timeout_ms](int16_t) {
        kafka::CreateTopicsRequest request;
        request.timeout_ms = timeout;
        auto& t = request.topics.emplace_back();
        t.name = topic.name;
        t.num_partitions = topic.assignment.empty() ? topic.partitions : -1;
        t.replication_factor = topic.assignment.empty() ? topic.replication_factor : int16_t{-1};
        for (const auto& [index, brokers] : topic.assignment) t.assignments.push_back({index, brokers});
        for (const auto& [name, value] : topic.configs) t.configs.push_back({name, value});
        return request;
      },
      defaults ? 4 : 0,
      [this, done](kafka::CreateTopicsResponse& response, int16_t) {
        for (const auto& r : response.topics) {
          if (r.error_code == ErrorCode::kNotController) return forget_controller();
          if (r.error_code != ErrorCode::kNone) {
            (*done)(std::unexpected(AdminError::of(r.error_code, r.error_message)));
            return Verdict::kDone;
          }
        }
        (*done)({});
        return Verdict::kDone;
      },
      [done](AdminError e) { (*done)(std::unexpected(std::move(e))); });
}

void Admin::delete_topics(std::vector<std::string> names, AdminDone<void> user) {
  auto done = shared(std::move(user));
  start<kafka::DeleteTopicsRequest, kafka::DeleteTopicsResponse>(
      "deleteTopics", Target::kController,
      [names, timeout = client_.config().request_timeout_ms](int16_t version) {
        kafka::DeleteTopicsRequest request;
        request.timeout_ms = timeout;
        if (version >= 6) {
          for (const auto& name : names) request.topics.emplace_back().name = name;
        } else {
          request.topic_names = names;
        }
        return request;
      },
      1,
      [this, done](kafka::DeleteTopicsResponse& response, int16_t) {
        for (const auto& r : response.responses) {
          if (r.error_code == ErrorCode::kNotController) return forget_controller();
        }
        for (const auto& r : response.responses) {
          if (r.error_code != ErrorCode::kNone) {
            (*done)(std::unexpected(AdminError::of(r.error_code, r.error_message)));
            return Verdict::kDone;
          }
        }
        (*done)({});
        return Verdict::kDone;
      },
      [done](AdminError e) { (*done)(std::unexpected(std::move(e))); });
}

void Admin::create_partitions(std::vector<NewPartitions> topics, AdminDone<void> user) {
  auto done = shared(std::move(user));
  start<kafka::CreatePartitionsRequest, kafka::CreatePartitionsResponse>(
      "createPartitions", Target::kController,
      [topics, timeout = client_.config().request_timeout_ms](int16_t) {
        kafka::CreatePartitionsRequest request;
        request.timeout_ms = timeout;
        for (const auto& topic : topics) {
          auto& t = request.topics.emplace_back();
          t.name = topic.topic;
          t.count = topic.total;
          if (topic.assignment) {
            for (const auto& brokers : *topic.assignment) t.assignments->push_back({brokers});
          } else {
            t.assignments.reset();
          }
        }
        return request;
      },
      0,
      [this, done](kafka::CreatePartitionsResponse& response, int16_t) {
        for (const auto& r : response.results) {
          if (r.error_code == ErrorCode::kNotController) return forget_controller();
        }
        for (const auto& r : response.results) {
          if (r.error_code != ErrorCode::kNone) {
            (*done)(std::unexpected(AdminError::of(r.error_code, r.error_message)));
            return Verdict::kDone;
          }
        }
        (*done)({});
        return Verdict::kDone;
      },
      [done](AdminError e) { (*done)(std::unexpected(std::move(e))); });
}

void Admin::describe_topic_configs(std::vector<std::string> topics,
                                   AdminDone<std::map<std::string, std::vector<ConfigEntry>>> user) {
  auto done = shared(std::move(user));
  start<kafka::DescribeConfigsRequest, kafka::DescribeConfigsResponse>(
      "describeConfigs", Target::kAny,
      [topics](int16_t) {
        kafka::DescribeConfigsRequest request;
        for (const auto& topic : topics) {
          auto& r = request.resources.emplace_back();
          r.resource_type = kTopicResource;
          r.resource_name = topic;
          r.configuration_keys.reset();
        }
        return request;
      },
      0,
      [done](kafka::DescribeConfigsResponse& response, int16_t version) {
        std::map<std::string, std::vector<ConfigEntry>> out;
        for (auto& r : response.results) {
          if (r.error_code != ErrorCode::kNone) {
            (*done)(std::unexpected(AdminError::of(r.error_code, r.error_message)));
            return Verdict::kDone;
          }
          auto& entries = out[r.resource_name];
          for (auto& c : r.configs) {
            const bool is_default = version == 0 ? c.is_default : c.config_source == kSourceDefault;
            entries.push_back({c.name, c.value, is_default, c.read_only, c.is_sensitive, c.config_source});
          }
        }
        (*done)(std::move(out));
        return Verdict::kDone;
      },
      [done](AdminError e) { (*done)(std::unexpected(std::move(e))); });
}

void Admin::describe_cluster(AdminDone<ClusterDescription> user) {
  auto done = shared(std::move(user));
  // DescribeCluster is younger than 2.7; Metadata says the same everywhere.
  start<kafka::MetadataRequest, kafka::MetadataResponse>(
      "listNodes", Target::kAny, [](int16_t) { return kafka::MetadataRequest{}; }, 1,
      [this, done](kafka::MetadataResponse& response, int16_t) {
        client_.adopt(response);
        ClusterDescription out{response.cluster_id.value_or(""), response.controller_id, {}};
        for (const auto& b : response.brokers) {
          out.nodes.push_back({b.node_id, b.host, static_cast<uint16_t>(b.port), b.rack});
        }
        (*done)(std::move(out));
        return Verdict::kDone;
      },
      [done](AdminError e) { (*done)(std::unexpected(std::move(e))); });
}

void Admin::list_reassignments(std::vector<TopicPartition> partitions,
                               AdminDone<std::map<TopicPartition, Reassignment>> user) {
  auto done = shared(std::move(user));
  start<kafka::ListPartitionReassignmentsRequest, kafka::ListPartitionReassignmentsResponse>(
      "listPartitionReassignments", Target::kController,
      [partitions, timeout = client_.config().request_timeout_ms](int16_t) {
        kafka::ListPartitionReassignmentsRequest request;
        request.timeout_ms = timeout;
        std::map<std::string, std::vector<int32_t>> by_topic;
        for (const auto& tp : partitions) by_topic[tp.topic].push_back(tp.partition);
        auto& topics = request.topics.emplace();
        for (auto& [name, indexes] : by_topic) topics.push_back({name, std::move(indexes)});
        return request;
      },
      0,
      [this, done](kafka::ListPartitionReassignmentsResponse& response, int16_t) {
        if (response.error_code == ErrorCode::kNotController) return forget_controller();
        if (response.error_code == ErrorCode::kClusterAuthorizationFailed) {
          (*done)(std::map<TopicPartition, Reassignment>{});
          return Verdict::kDone;
        }
        if (response.error_code != ErrorCode::kNone) {
          (*done)(std::unexpected(AdminError::of(response.error_code, response.error_message)));
          return Verdict::kDone;
        }
        std::map<TopicPartition, Reassignment> out;
        for (const auto& t : response.topics) {
          for (const auto& p : t.partitions) {
            out[{t.name, p.partition_index}] = {p.replicas, p.adding_replicas, p.removing_replicas};
          }
        }
        (*done)(std::move(out));
        return Verdict::kDone;
      },
      [done](AdminError e) {
        if (e.code == ErrorCode::kUnsupportedVersion) return (*done)(std::map<TopicPartition, Reassignment>{});
        (*done)(std::unexpected(std::move(e)));
      });
}

}  // namespace kz::client
