// One broker's life in a ZooKeeper-mode cluster: configuration from znodes, registration, controller, group
// coordinator, answers to admin requests. The composition calls its steps in the order of reference "Broker start/stop
// order". Thread rule: the executor of the ZooKeeper session, but for what says otherwise in the parts.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/broker/admin_manager.h"
#include "core/broker/controller/controller.h"
#include "core/broker/group/coordinator.h"
#include "core/broker/service.h"
#include "core/broker/zk/config_changes.h"
#include "core/broker/zk/registration.h"

namespace kz::broker {

class ClusterMember {
 public:
  // All outlive the member. Installs itself as broker.topic_admin. others: channels to brokers of other processes;
  // empty: they are not reachable from here.
  ClusterMember(Broker& broker, ZkPort& zk, Executor& executor, Rng& rng, BrokerChannelFactory channels = {});
  ~ClusterMember();

  using Done = std::move_only_function<void(Outcome<void>)>;
  // Topic overrides and dynamic broker configuration, before the logs are loaded.
  void load_configs(Done done);
  // Registers, then follows /config/changes, then stands for controller. endpoints: as advertised, with the ports that
  // are really bound. done: registered; the election goes on by itself.
  void join(std::vector<Endpoint> endpoints, Done done);
  // Asks the controller to move leaders away; done when it has, or cannot.
  void controlled_shutdown(std::move_only_function<void()> done);
  // Stops being controller. The session's end removes the rest.
  void stop();

  Controller& controller() { return controller_; }
  AdminManager& admin() { return admin_; }
  // Its read_chain is the composition's to set, before join().
  GroupCoordinator& groups() { return groups_; }
  // The broker epoch of the current registration; -1 before.
  int64_t broker_epoch() const { return broker_epoch_; }

  // More than one owner may want to know; called after a change was applied to the broker.
  std::function<void(const std::string& topic)> on_topic_config;

 private:
  // One loud line for default replication factors that this cluster cannot give.
  void warn_of_replication();
  // The controller asks about each replica then, and those on failed directories are offline for the cluster.
  void tell_of_failed_directory();
  void register_now(std::move_only_function<void(Outcome<void>)> done);

  Broker& broker_;
  ZkPort& zk_;
  Executor& executor_;
  log::Logger log_;
  ConfigChanges changes_;
  Registration registration_;
  GroupCoordinator groups_;
  Controller controller_;
  AdminManager admin_;
  BrokerNode node_;
  int64_t broker_epoch_ = -1;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

ControllerConfig controller_config(const KafkaConfig& config, BrokerId id);
CoordinatorConfig coordinator_config(const KafkaConfig& config);

}  // namespace kz::broker
