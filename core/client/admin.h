// Admin: topics and configurations through the API, with the retries and the error texts of Java's KafkaAdminClient.
// Source: KafkaAdminClient.java @ 3.4.0; falls back where a 2.7 broker has less.
// Owner: one executor; callbacks never run inside the call. Not thread-safe.
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/client/cluster.h"
#include "core/client/kafka_client.h"
#include "core/kafka/message/describe_configs.h"

namespace kz::client {

// What Java throws: the full class name and the message.
struct AdminError {
  kafka::ErrorCode code = kafka::ErrorCode::kUnknownServerError;
  std::string exception;
  std::string message;
  static AdminError of(kafka::ErrorCode code, std::optional<std::string> message = std::nullopt);
};
template <class T>
using AdminResult = std::expected<T, AdminError>;
template <class T>
using AdminDone = std::move_only_function<void(AdminResult<T>)>;

struct NewTopic {
  std::string name;
  int32_t partitions = -1;                               // -1 = the broker's default (needs CreateTopics v4)
  int16_t replication_factor = -1;                       // likewise
  std::map<int32_t, std::vector<int32_t>> assignment{};  // replaces both
  std::vector<std::pair<std::string, std::string>> configs{};
};
struct NewPartitions {
  std::string topic;
  int32_t total = 0;
  std::optional<std::vector<std::vector<int32_t>>> assignment;
};
struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;
  bool is_default = false;
  bool read_only = false;
  bool sensitive = false;
  int8_t source = 0;
};
struct Reassignment {
  std::vector<int32_t> replicas, adding, removing;
};
struct ClusterDescription {
  std::string id;
  BrokerId controller = -1;
  std::vector<ClusterNode> nodes;
};

class Admin {
 public:
  // api_timeout_ms: default.api.timeout.ms, over all tries of one call.
  Admin(KafkaClient& client, int32_t api_timeout_ms = 60000);
  ~Admin();

  // Nobody can answer: calls under way and later ones end as if their time were over.
  void give_up();

  void list_topics(AdminDone<std::map<std::string, TopicInfo>> done);
  // Fails as a whole with the first topic's error, as allTopicNames() does.
  void describe_topics(std::vector<std::string> names, AdminDone<std::map<std::string, TopicInfo>> done);
  void create_topic(NewTopic topic, AdminDone<void> done);
  void delete_topics(std::vector<std::string> names, AdminDone<void> done);
  void create_partitions(std::vector<NewPartitions> topics, AdminDone<void> done);
  void describe_topic_configs(std::vector<std::string> topics,
                              AdminDone<std::map<std::string, std::vector<ConfigEntry>>> done);
  void describe_cluster(AdminDone<ClusterDescription> done);
  // A broker without the API, or one that forbids it, is as if nothing were moving.
  void list_reassignments(std::vector<TopicPartition> partitions,
                          AdminDone<std::map<TopicPartition, Reassignment>> done);

 private:
  enum class Target : uint8_t { kAny, kController };
  struct Call;
  // What a handler makes of an answer: done, or try again (another controller, later).
  enum class Verdict : uint8_t { kDone, kRetry };
  template <class Req, class Resp>
  void start(const char* name, Target target, std::function<Req(int16_t)> make, int16_t min_version,
             std::function<Verdict(Resp&, int16_t)> handle, std::function<void(AdminError)> fail);
  void attempt(std::shared_ptr<Call> call);
  void retry(const std::shared_ptr<Call>& call);
  void find_controller(std::shared_ptr<Call> call);
  Verdict forget_controller();
  TimePoint now() const;

  KafkaClient& client_;
  int32_t api_timeout_ms_;
  bool given_up_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kz::client
