// The event loop and the election. Source: ControllerEventManager.scala, KafkaController.elect,
// KafkaZkClient.registerControllerAndIncrementControllerEpoch @ 3.4.0.
#include "core/broker/controller/controller.h"

#include "core/broker/zk/paths.h"

namespace kz::broker {

Controller::Controller(ControllerConfig config, ZkPort& zk, Executor& executor, Rng& rng, BrokerChannelFactory channels)
    : config_(config),
      zk_(zk),
      executor_(executor),
      rng_(rng),
      channel_factory_(std::move(channels)),
      log_("kafka.controller.KafkaController", fmt::format("Controller id={}", config.broker_id)),
      state_log_("state.change.logger", fmt::format("Controller id={}", config.broker_id)),
      batch_(context_, config.broker_id,
             [this](BrokerId broker, ControlRequest request) { send(broker, std::move(request)); }) {
  zk_.add_listener(this);
}

Controller::~Controller() { zk_.remove_listener(this); }

void Controller::startup() {
  enqueue("startup", [this] { watch_controller([this] { elect([this] { finish(); }); }); });
}

void Controller::shutdown() {
  stopped_ = true;
  queue_.clear();
  ++event_id_;
  if (active()) resign("shutting down");
}

void Controller::post(Next work) {
  executor_.post([alive = std::weak_ptr<int>(alive_), w = std::move(work)]() mutable {
    if (!alive.expired()) w();
  });
}

void Controller::enqueue(std::string key, Next run) {
  if (stopped_) return;
  if (!key.empty()) {
    for (const Event& event : queue_) {
      if (event.key == key) return;
    }
  }
  queue_.push_back({std::move(key), std::move(run)});
  run_queue();
}

void Controller::active_event(std::string key, Next run) {
  enqueue(std::move(key), [this, r = std::move(run)]() mutable {
    if (!active()) {
      finish();
    } else {
      r();
    }
  });
}

void Controller::run_queue() {
  if (draining_) return;
  draining_ = true;
  while (!running_ && !queue_.empty()) {
    Event event = std::move(queue_.front());
    queue_.pop_front();
    running_ = true;
    ++event_id_;
    event.run();
  }
  draining_ = false;
}

void Controller::finish() {
  ++event_id_;
  running_ = false;
  batch_.clear();
  // The caller may still be inside a continuation of the old event; the next one starts from the executor.
  if (!draining_) post([this] { run_queue(); });
}

void Controller::on_watch(ZkWatch what, const std::string& path) {
  const std::string_view p = path;
  const auto next = [this] { return Next([this] { finish(); }); };
  if (p == zkpath::kController) {
    if (what == ZkWatch::kDeleted) {
      enqueue("reelect", [this] { maybe_resign([this] { elect([this] { finish(); }); }); });
    } else {
      enqueue("controller-change", [this] { maybe_resign([this] { finish(); }); });
    }
    return;
  }
  if (!active()) return;
  if (p == zkpath::kBrokerIds) {
    active_event("brokers", [this, next] { process_broker_change(next()); });
  } else if (p.starts_with("/brokers/ids/")) {
    if (what != ZkWatch::kDataChanged) return;
    const auto id = zkpath::broker_id_of(p);
    if (!id) return;
    active_event("broker-" + std::to_string(*id), [this, id = *id, next] { process_broker_modified(id, next()); });
  } else if (p == zkpath::kTopics) {
    active_event("topics", [this, next] { process_topic_change(next()); });
  } else if (p.starts_with("/brokers/topics/")) {
    if (what != ZkWatch::kDataChanged) return;
    std::string topic(zkpath::base_name(p));
    std::string key = "partitions-" + topic;
    active_event(std::move(key), [this, topic = std::move(topic), next]() mutable {
      process_partition_change(std::move(topic), next());
    });
  } else if (p == zkpath::kDeleteTopics) {
    active_event("deletions", [this, next] { process_topic_deletion(next()); });
  } else if (p == zkpath::kPreferredElection) {
    active_event("preferred", [this, next] { process_preferred_election(next()); });
  } else if (p == zkpath::kLogDirNotifications) {
    active_event("log-dirs", [this, next] { process_log_dir_events(next()); });
  } else if (p == zkpath::kIsrNotifications) {
    active_event("isr-changes", [this, next] { process_isr_changes(next()); });
  }
}

void Controller::on_session_expired() {
  // Expire: whatever was under way belongs to a session that is no more.
  queue_.clear();
  if (running_) finish();
  active_controller_ = -1;
  if (active()) resign("the ZooKeeper session expired");
}

void Controller::on_session_ready() {
  enqueue("register", [this] {
    auto then = step([this](bool registered) {
      if (!registered) {
        finish();
        return;
      }
      watch_controller([this] { elect([this] { finish(); }); });
    });
    if (reregister) {
      reregister(std::move(then));
    } else {
      then(true);
    }
  });
}

bool Controller::lost_session(const Results& results) {
  for (const ZkResult& r : results) {
    if (r.code == ZkCode::kSessionExpired || r.code == ZkCode::kConnectionLoss || r.code == ZkCode::kAuthFailed) {
      log_.warn("ZooKeeper answered {}; the event under way is given up", zk_code_name(r.code));
      finish();
      return true;
    }
  }
  return false;
}

void Controller::watch_controller(Next next) {
  zk_.exists(zkpath::kController, true, step([this, n = std::move(next)](ZkResult r) mutable {
               Results all;
               all.push_back(std::move(r));
               if (!lost_session(all)) n();
             }));
}

void Controller::maybe_resign(Next next) {
  zk_.get(zkpath::kController, true, step([this, n = std::move(next)](ZkResult r) mutable {
            const bool was_active = active();
            if (r.code == ZkCode::kNoNode) {
              // A get leaves no watch on a missing node.
              active_controller_ = -1;
              if (was_active) resign("/controller is gone");
              watch_controller(std::move(n));
              return;
            }
            const auto node = r.ok() ? decode_controller(r.data) : fail(Errc::kInternal);
            active_controller_ = node ? node->broker : -1;
            if (was_active && active_controller_ != config_.broker_id) resign("another controller was elected");
            if (r.code == ZkCode::kSessionExpired) {
              finish();
              return;
            }
            n();
          }));
}

void Controller::elect(Next next) {
  std::vector<ZkRequest> reads;
  reads.push_back(ZkRequest::get(zkpath::kController));
  reads.push_back(ZkRequest::get(zkpath::kControllerEpoch));
  zk_all(zk_, std::move(reads), step([this, n = std::move(next)](Results r) mutable {
           if (lost_session(r)) return;
           if (r[0].ok()) {
             const auto node = decode_controller(r[0].data);
             active_controller_ = node ? node->broker : -1;
             log_.debug("Broker {} has been elected as the controller, so stopping the election process.",
                        active_controller());
             n();
             return;
           }
           if (r[1].ok()) {
             const auto epoch = decode_controller_epoch(r[1].data);
             if (!epoch) {
               log_.error("/controller_epoch is not a number; no election is possible");
               n();
               return;
             }
             try_become(*epoch, r[1].stat.version, std::move(n));
             return;
           }
           zk_.create(zkpath::kControllerEpoch, encode_controller_epoch(0), ZkMode::kPersistent,
                      step([this, m = std::move(n)](ZkResult created) mutable {
                        if (created.code == ZkCode::kNodeExists) {
                          elect(std::move(m));
                        } else if (created.ok()) {
                          try_become(0, 0, std::move(m));
                        } else {
                          m();
                        }
                      }));
         }));
}

void Controller::try_become(int32_t epoch, int32_t version, Next next) {
  ControllerNode node;
  node.broker = config_.broker_id;
  node.timestamp_ms = executor_.now().wall_ms;
  if (config_.writes_kraft_epoch) node.kraft_controller_epoch = -1;
  std::vector<ZkOp> ops;
  ops.push_back(ZkOp::create(zkpath::kController, encode_controller(node), ZkMode::kEphemeral));
  ops.push_back(ZkOp::set(zkpath::kControllerEpoch, encode_controller_epoch(epoch + 1), version));
  zk_.multi(std::move(ops), step([this, epoch, n = std::move(next)](ZkResult r) mutable {
              if (r.ok()) {
                won(epoch + 1, r.results[1].stat.version, std::move(n));
              } else if (r.code == ZkCode::kNodeExists || r.code == ZkCode::kBadVersion) {
                check_won(epoch + 1, std::move(n));
              } else {
                log_.warn("The election failed: ZooKeeper answered {}", zk_code_name(r.code));
                n();
              }
            }));
}

void Controller::check_won(int32_t new_epoch, Next next) {
  // The answer to a multi that succeeded may have been lost; then both nodes tell that it did.
  std::vector<ZkRequest> reads;
  reads.push_back(ZkRequest::get(zkpath::kController));
  reads.push_back(ZkRequest::get(zkpath::kControllerEpoch));
  zk_all(zk_, std::move(reads), step([this, new_epoch, n = std::move(next)](Results r) mutable {
           if (lost_session(r)) return;
           const auto node = r[0].ok() ? decode_controller(r[0].data) : fail(Errc::kNotFound);
           const auto epoch = r[1].ok() ? decode_controller_epoch(r[1].data) : fail(Errc::kNotFound);
           if (node && epoch && node->broker == config_.broker_id && *epoch == new_epoch &&
               r[0].stat.ephemeral_owner == zk_.session_id()) {
             won(new_epoch, r[1].stat.version, std::move(n));
             return;
           }
           maybe_resign(std::move(n));
         }));
}

void Controller::won(int32_t epoch, int32_t version, Next next) {
  context_.reset();
  context_.epoch = epoch;
  context_.epoch_zk_version = version;
  epoch_ = epoch;
  epoch_zk_version_ = version;
  active_controller_ = config_.broker_id;
  active_.store(true, std::memory_order_release);
  log_.info("{} successfully elected as the controller. Epoch incremented to {} and epoch zk version is now {}",
            config_.broker_id, epoch, version);
  failover(std::move(next));
}

void Controller::resign(const char* why) {
  log_.info("Resigned: {}", why);
  active_.store(false, std::memory_order_release);
  ready_.store(false, std::memory_order_release);
  executor_.cancel(rebalance_timer_);
  rebalance_timer_ = 0;
  channels_.clear();
  batch_.clear();
  context_.reset();
  if (on_active_changed) on_active_changed(false);
}

void Controller::moved() {
  // Another controller has raised the epoch: this one must write nothing more.
  resign("the controller moved to another broker");
  finish();
  enqueue("controller-change", [this] { maybe_resign([this] { finish(); }); });
}

void Controller::guarded(std::vector<ZkOp> ops, std::move_only_function<void(std::vector<ZkOpResult>)> done) {
  std::vector<ZkRequest> requests;
  requests.reserve(ops.size());
  for (ZkOp& op : ops) {
    requests.push_back(
        ZkRequest::multi({ZkOp::check(zkpath::kControllerEpoch, context_.epoch_zk_version), std::move(op)}));
  }
  zk_all(zk_, std::move(requests), step([this, d = std::move(done)](Results results) mutable {
           if (lost_session(results)) return;
           std::vector<ZkOpResult> out;
           out.reserve(results.size());
           for (ZkResult& r : results) {
             if (r.results.size() != 2) {
               out.push_back({r.code, {}, {}});
               continue;
             }
             if (r.results[0].code != ZkCode::kOk && r.results[0].code != ZkCode::kRuntimeInconsistency) {
               moved();
               return;
             }
             out.push_back(std::move(r.results[1]));
           }
           d(std::move(out));
         }));
}

}  // namespace kz::broker
