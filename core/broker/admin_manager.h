// Creating, growing, deleting and configuring topics by request: checks, znodes, and the wait until the controller has
// acted. Source: ZkAdminManager.scala, AdminZkClient.scala, AutoTopicCreationManager.scala, ConfigAdminManager.scala
// @ 3.4.0.
// Thread rule: calls from any thread; the work is done on the executor of the ZooKeeper session, callbacks come there.
#pragma once
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/broker/controller/controller.h"
#include "core/broker/service.h"
#include "core/broker/topic_admin.h"
#include "core/broker/topic_rules.h"
#include "core/broker/zk/zk_port.h"

namespace kz::broker {

struct NewTopic {
  std::string name;
  int32_t partitions = -1;          // -1: num.partitions
  int32_t replication_factor = -1;  // -1: default.replication.factor
  Assignments assignments;          // instead of both
  ConfigMap configs;
  std::vector<std::string> null_configs;  // refused
};

struct CreatedTopic {
  std::string name;
  ApiError error;
  kafka::Uuid id;
  int32_t partitions = -1;
  int16_t replication_factor = -1;
};

struct NewPartitions {
  std::string topic;
  int32_t count = 0;
  std::optional<std::vector<std::vector<BrokerId>>> assignments;
};

// One resource of either AlterConfigs request.
struct ConfigAlteration {
  enum class Op : int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };
  struct Entry {
    std::string name;
    Op op = Op::kSet;
    std::optional<std::string> value;
  };
  int8_t resource_type = 0;  // 2 topic, 4 broker
  std::string resource_name;
  bool replace_all = false;  // AlterConfigs: the entries are the whole configuration
  std::vector<Entry> entries;
};

class AdminManager final : public TopicAdmin {
 public:
  // All outlive the manager.
  AdminManager(Broker& broker, Controller& controller, ZkPort& zk, Executor& executor, Rng& rng);
  ~AdminManager() override;

  using CreateDone = std::move_only_function<void(std::vector<CreatedTopic>)>;
  // Answers in the order asked, when all partitions have a leader in this broker's metadata or after timeout_ms.
  void create_topics(std::vector<NewTopic> topics, bool validate_only, int32_t timeout_ms, CreateDone done);
  using TopicErrors = std::map<std::string, ApiError>;
  using TopicErrorsDone = std::move_only_function<void(TopicErrors)>;
  void delete_topics(std::vector<std::string> topics, int32_t timeout_ms, TopicErrorsDone done);
  void create_partitions(std::vector<NewPartitions> topics, bool validate_only, int32_t timeout_ms,
                         TopicErrorsDone done);
  using AlterDone = std::move_only_function<void(std::vector<ApiError>)>;
  void alter_configs(std::vector<ConfigAlteration> alterations, bool validate_only, AlterDone done);
  void auto_create(std::vector<std::string> topics, Done done) override;

  // Executor thread: metadata of this broker changed; waiting answers look again.
  void on_metadata();
  // Whether this broker is the controller: else requests are answered NOT_CONTROLLER.
  bool active() const { return controller_.ready(); }

 private:
  // Answers that wait for metadata: of leaders for partitions, or of a topic's absence.
  struct Waiter {
    std::vector<std::pair<std::string, int32_t>> with_leader;  // topic, partition
    std::vector<std::string> gone;
    TimerId timer = 0;
    std::move_only_function<void(const std::set<std::string>& late)> done;
  };
  using Late = std::move_only_function<void(const std::set<std::string>& late)>;
  struct Creation;
  struct Growth;
  struct Alteration;

  void post(std::move_only_function<void()> work);
  void wait_for(std::vector<std::pair<std::string, int32_t>> with_leader, std::vector<std::string> gone,
                int32_t timeout_ms, Late done);
  std::set<std::string> late(const Waiter& waiter) const;
  void on_timeout(std::list<Waiter>::iterator waiter);

  void create_next(std::shared_ptr<Creation> creation);
  std::expected<Assignments, ApiError> plan(const NewTopic& topic);
  void check_znodes(std::shared_ptr<Creation> creation, Assignments assignments);
  void write_topic(std::shared_ptr<Creation> creation, Assignments assignments);
  void finish_creation(std::shared_ptr<Creation> creation);

  void grow_next(std::shared_ptr<Growth> growth);
  void grow(std::shared_ptr<Growth> growth, const ZkResult& node);
  void finish_growth(std::shared_ptr<Growth> growth);

  void alter_next(std::shared_ptr<Alteration> alteration);
  ApiError check_alteration(const ConfigAlteration& alteration) const;
  std::expected<ConfigMap, ApiError> altered(const ConfigAlteration& alteration, const ConfigMap& stored) const;
  void write_config(std::string type, std::string entity, const ConfigMap& config,
                    std::move_only_function<void(ZkCode)> done);
  void note_change(std::string entity_path, std::move_only_function<void(ZkCode)> done);

  NewTopic auto_topic(const std::string& name) const;
  template <class F>
  auto alive(F f) {
    return [w = std::weak_ptr<int>(alive_), f = std::move(f)](auto... args) mutable {
      if (!w.expired()) f(std::move(args)...);
    };
  }

  Broker& broker_;
  Controller& controller_;
  ZkPort& zk_;
  Executor& executor_;
  Rng& rng_;
  log::Logger log_;
  std::list<Waiter> waiters_;
  std::set<std::string> auto_creating_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace kz::broker
