// The controller of a ZooKeeper-mode cluster: elected by the ZooKeeper multi, fenced by /controller_epoch, it turns
// znodes into leadership and tells the brokers. Source: KafkaController.scala, ZkPartitionStateMachine,
// ZkReplicaStateMachine, TopicDeletionManager.scala @ 3.4.0.
// Thread rule: everything on the executor of its ZooKeeper session, but for what says "any thread". One event is
// processed at a time; an event whose controller epoch has passed is cut off between two of its steps.
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/broker/controller/context.h"
#include "core/broker/controller/control_requests.h"
#include "core/broker/controller/elections.h"
#include "core/broker/controller/request_batch.h"
#include "core/broker/zk/zk_batch.h"
#include "core/broker/zk/zk_port.h"
#include "core/kafka/error.h"

namespace kz::broker {

// Plain values; the composition fills them from server.properties and inter.broker.protocol.version.
struct ControllerConfig {
  BrokerId broker_id = 0;
  bool delete_topic_enable = true;
  bool unclean_leader_election_enable = false;
  bool auto_leader_rebalance_enable = true;
  int32_t leader_imbalance_per_broker_percentage = 10;
  int64_t leader_imbalance_check_interval_ms = 300'000;
  bool uses_topic_ids = true;       // 2.8-IV0 and later
  bool uses_features = true;        // 2.7-IV0 and later: /feature is enabled
  bool feature_min_levels = false;  // before 3.3: /feature version 1
  bool supports_recovery = true;    // 3.2-IV0 and later (KIP-704)
  bool writes_kraft_epoch = true;   // 3.4: /controller version 2
};

class Controller final : private ZkPort::Listener {
 public:
  // All outlive the controller.
  Controller(ControllerConfig config, ZkPort& zk, Executor& executor, Rng& rng, BrokerChannelFactory channels);
  ~Controller() override;
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Registers this broker again after its session expired; called as an event, before the new election. false: another
  // broker has its id now, so it must not stand for election.
  std::function<void(std::move_only_function<void(bool)> done)> reregister;
  // After the controller has become able to serve or has resigned.
  std::function<void(bool active)> on_active_changed;
  // An UpdateMetadata request was answered by the own broker: what waits for metadata may look again.
  std::function<void()> on_own_metadata;
  // A topic's last znode is gone, or its deletion cannot go on for now.
  std::function<void()> on_deletion;

  void startup();
  // Resigns in memory (the session's end removes /controller).
  void shutdown();

  // Any thread.
  bool active() const { return active_.load(std::memory_order_acquire); }
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  BrokerId active_controller() const { return active_controller_.load(std::memory_order_acquire); }
  int32_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  int32_t epoch_zk_version() const { return epoch_zk_version_.load(std::memory_order_acquire); }
  // Moves leaders away from a broker; the partitions that it still leads (KIP-143 drain).
  using ShutdownDone = std::move_only_function<void(kafka::ErrorCode, std::vector<TopicPartition>)>;
  void controlled_shutdown(BrokerId id, int64_t broker_epoch, ShutdownDone done);
  using ElectDone = std::move_only_function<void(std::map<TopicPartition, kafka::ErrorCode>)>;
  // ElectLeaders (KIP-460). unclean: only partitions without a leader. Without partitions: all.
  void elect_leaders(bool unclean, std::vector<TopicPartition> partitions, bool all, ElectDone done);
  // unclean.leader.election.enable became true for a topic (empty: by default).
  void unclean_election_enabled(std::string topic);

  // Executor thread: whether a topic is waiting to be deleted; the state for tests and admin calls.
  const ControllerContext& context() const { return context_; }

 private:
  using Next = std::move_only_function<void()>;
  using Results = std::vector<ZkResult>;

  // -- event loop (controller.cc)
  struct Event {
    std::string key;  // a queued event with the same non-empty key makes a second one needless
    Next run;
  };
  void enqueue(std::string key, Next run);
  void run_queue();
  void finish();
  // A continuation of the running event: dropped when that event was cut off.
  template <class F>
  auto step(F f) {
    return [this, alive = std::weak_ptr<int>(alive_), id = event_id_, f = std::move(f)](auto... args) mutable {
      if (alive.expired() || id != event_id_) return;
      f(std::move(args)...);
    };
  }
  // Event bodies that only an active controller runs.
  void active_event(std::string key, Next run);
  void post(Next work);
  void on_watch(ZkWatch what, const std::string& path) override;
  void on_session_expired() override;
  void on_session_ready() override;

  // -- election (controller.cc)
  void watch_controller(Next next);
  void maybe_resign(Next next);
  void elect(Next next);
  void try_become(int32_t epoch, int32_t version, Next next);
  void check_won(int32_t new_epoch, Next next);
  void won(int32_t epoch, int32_t version, Next next);
  void resign(const char* why);
  void moved();
  bool lost_session(const Results& results);
  // Each op in a multi with the epoch check. Codes per op; a failed check resigns and never returns.
  void guarded(std::vector<ZkOp> ops, std::move_only_function<void(std::vector<ZkOpResult>)> done);

  // -- failover (failover.cc)
  void failover(Next next);
  void setup_feature(Next next);
  void load(Next next);
  void load_topics(Next next);
  void load_states(Next next);
  void start_machines(Next next);
  void delete_children(const char* parent, std::vector<std::string> names, Next next);
  void schedule_rebalance(Duration delay);
  void auto_rebalance(Next next);

  // -- brokers (brokers.cc)
  void process_broker_change(Next next);
  void process_broker_modified(BrokerId id, Next next);
  void on_broker_startup(std::vector<BrokerId> brokers, Next next);
  void on_broker_failure(std::vector<BrokerId> brokers, Next next);
  void on_replicas_offline(std::vector<PartitionReplica> replicas, Next next);
  void process_log_dir_events(Next next);
  void process_isr_changes(Next next);
  void add_channel(const BrokerNode& node);
  void send(BrokerId broker, ControlRequest request);
  void on_leader_and_isr_response(BrokerId broker, LeadershipResult result, Next next);
  void do_controlled_shutdown(BrokerId id, int64_t broker_epoch, ShutdownDone done, Next next);

  // -- partition and replica states (states.cc)
  void initialize_partitions(std::vector<TopicPartition> partitions, Next next);
  void elect_partitions(std::vector<TopicPartition> partitions, ElectionKind kind, bool allow_unclean, ElectDone done);
  // Leadership that is in ZooKeeper already is taken over as it stands.
  void adopt_states(std::vector<TopicPartition> partitions, Next next);
  void elect_offline_of(std::vector<TopicPartition> partitions, Next next);
  void trigger_online(Next next);
  void trigger_online_of(std::vector<TopicPartition> candidates, Next next);
  void replicas_online(const std::vector<PartitionReplica>& replicas);
  void replicas_offline(std::vector<PartitionReplica> replicas, Next next);
  void remove_from_isr(BrokerId broker, std::vector<TopicPartition> partitions, Next next);

  // -- topics (topics.cc, deletion.cc)
  void process_topic_change(Next next);
  void process_partition_change(std::string topic, Next next);
  void new_partitions(std::vector<TopicPartition> partitions, Next next);
  void ensure_topic_ids(std::map<std::string, TopicNode> topics, Next next);
  void process_topic_deletion(Next next);
  void process_preferred_election(Next next);
  void enqueue_deletions(std::vector<std::string> topics, Next next);
  void resume_deletions(Next next);
  void resume_deletion_of(const std::vector<std::string>& topics, Next next);
  void start_deletion(std::vector<std::string> topics, Next next);
  void complete_deletion(std::string topic, Next next);
  void halt_deletion(const std::vector<std::string>& topics, const char* why);
  void on_stop_replica_response(BrokerId broker, LeadershipResult result, std::vector<TopicPartition> asked, Next next);

  const ControllerConfig config_;
  ZkPort& zk_;
  Executor& executor_;
  Rng& rng_;
  const BrokerChannelFactory channel_factory_;
  log::Logger log_;
  log::Logger state_log_;
  ControllerContext context_;
  RequestBatch batch_;
  std::map<BrokerId, std::unique_ptr<BrokerChannel>> channels_;
  std::deque<Event> queue_;
  bool running_ = false;
  bool draining_ = false;
  bool stopped_ = false;
  uint64_t event_id_ = 0;
  TimerId rebalance_timer_ = 0;
  std::atomic<bool> active_{false};
  std::atomic<bool> ready_{false};
  std::atomic<BrokerId> active_controller_{-1};
  std::atomic<int32_t> epoch_{0};
  std::atomic<int32_t> epoch_zk_version_{-1};
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace kz::broker
