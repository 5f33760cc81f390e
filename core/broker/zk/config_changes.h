// Configuration in ZooKeeper as every broker follows it: all of it at start, then /config/changes.
// Source: ZkConfigManager.scala, ZkNodeChangeNotificationListener.scala @ 3.4.0.
// Thread rule: the executor of the ZooKeeper session.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/broker/zk/payloads.h"
#include "core/broker/zk/zk_batch.h"
#include "core/broker/zk/zk_port.h"

namespace kz::broker {

class ConfigChanges final : private ZkPort::Listener {
 public:
  // entity_type: "topics", "brokers", "clients", "users", "ips". Both outlive the object.
  using Apply = std::function<void(const std::string& entity_type, const std::string& entity, const ConfigMap&)>;
  ConfigChanges(ZkPort& zk, Executor& executor, Apply apply);
  ~ConfigChanges() override;

  // Applies every stored configuration of topics and of these brokers' entities ("0", "<default>"): before logs load.
  void load_all(std::vector<std::string> broker_entities, std::move_only_function<void(ZkCode)> done);
  // Watches from now on; notifications that are there already are applied once more, as their order demands.
  void start();
  // One entity, e.g. a topic whose log is about to be created.
  void reload(std::string entity_type, std::string entity, std::move_only_function<void()> done);

 private:
  static constexpr int64_t kExpirationMs = 15 * 60 * 1000;
  void on_watch(ZkWatch what, const std::string& path) override;
  void on_session_ready() override;
  void scan();
  void on_names(std::vector<std::string> names);
  void purge(const std::vector<std::pair<std::string, int64_t>>& ctimes);
  template <class F>
  auto alive(F f) {
    return [w = std::weak_ptr<int>(alive_), f = std::move(f)](auto... args) mutable {
      if (!w.expired()) f(std::move(args)...);
    };
  }

  ZkPort& zk_;
  Executor& executor_;
  Apply apply_;
  log::Logger log_;
  bool started_ = false;
  bool scanning_ = false;
  bool again_ = false;
  int64_t last_ = -1;  // sequence number of the last notification applied
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace kz::broker
