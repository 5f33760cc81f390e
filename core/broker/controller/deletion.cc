// Deleting topics: replicas are stopped, then deleted, then the znodes go. Source: TopicDeletionManager.scala @ 3.4.0.
#include <algorithm>

#include "core/broker/controller/controller.h"
#include "core/broker/zk/paths.h"

namespace kz::broker {

void Controller::process_topic_deletion(Next next) {
  zk_.children(zkpath::kDeleteTopics, true, step([this, n = std::move(next)](ZkResult list) mutable {
                 std::vector<std::string> unknown;
                 std::vector<std::string> wanted;
                 for (std::string& name : list.children) {
                   (context_.topics.contains(name) ? wanted : unknown).push_back(std::move(name));
                 }
                 if (!unknown.empty()) {
                   log_.warn("Ignoring request to delete non-existing topics {}", fmt::join(unknown, ","));
                 }
                 if (!config_.delete_topic_enable && !wanted.empty()) {
                   log_.info("Removing {} since delete topic is disabled", fmt::join(wanted, ","));
                   std::ranges::move(wanted, std::back_inserter(unknown));
                   wanted.clear();
                 }
                 delete_children(zkpath::kDeleteTopics, std::move(unknown),
                                 [this, wanted = std::move(wanted), m = std::move(n)]() mutable {
                                   if (wanted.empty()) {
                                     m();
                                     return;
                                   }
                                   log_.info("Starting topic deletion for topics {}", fmt::join(wanted, ","));
                                   enqueue_deletions(std::move(wanted), std::move(m));
                                 });
               }));
}

void Controller::enqueue_deletions(std::vector<std::string> topics, Next next) {
  for (std::string& topic : topics) {
    for (const auto& [index, p] : context_.topics[topic].partitions) {
      if (p.assignment.being_reassigned()) context_.deletion_ineligible.insert(topic);
    }
    context_.to_delete.insert(std::move(topic));
  }
  resume_deletions(std::move(next));
}

void Controller::halt_deletion(const std::vector<std::string>& topics, const char* why) {
  for (const std::string& topic : topics) {
    if (!context_.queued_for_deletion(topic)) continue;
    if (context_.deletion_ineligible.insert(topic).second)
      log_.info("Halted deletion of topics {} due to {}", topic, why);
  }
  if (!topics.empty() && on_deletion) on_deletion();
}

void Controller::resume_deletion_of(const std::vector<std::string>& topics, Next next) {
  if (topics.empty()) {
    next();
    return;
  }
  for (const std::string& topic : topics) context_.deletion_ineligible.erase(topic);
  resume_deletions(std::move(next));
}

void Controller::resume_deletions(Next next) {
  // Each pass finishes one topic or, when none is left to finish, retries and starts what may be.
  for (const std::string& topic : context_.to_delete) {
    if (context_.all_replicas_in_state(topic, ReplicaState::kDeletionSuccessful)) {
      complete_deletion(topic, [this, n = std::move(next)]() mutable { resume_deletions(std::move(n)); });
      return;
    }
  }
  std::vector<PartitionReplica> retry;
  std::vector<std::string> start;
  for (const std::string& topic : context_.to_delete) {
    const bool started = context_.any_replica_in_state(topic, ReplicaState::kDeletionStarted);
    if (started || context_.deletion_ineligible.contains(topic)) continue;
    if (context_.any_replica_in_state(topic, ReplicaState::kDeletionIneligible)) {
      std::ranges::move(context_.replicas_in_state(topic, ReplicaState::kDeletionIneligible),
                        std::back_inserter(retry));
    }
    start.push_back(topic);
  }
  replicas_offline(std::move(retry), [this, start = std::move(start), n = std::move(next)]() mutable {
    start_deletion(std::move(start), std::move(n));
  });
}

void Controller::start_deletion(std::vector<std::string> topics, Next next) {
  if (topics.empty()) {
    next();
    return;
  }
  std::vector<TopicPartition> partitions;
  std::vector<PartitionReplica> alive;
  for (const std::string& topic : topics) {
    log_.info("Deletion of topic {} (re)started", topic);
    if (context_.deletion_started.insert(topic).second) {
      for (auto& [index, p] : context_.topics[topic].partitions) p.state = PartitionState::kNonExistent;
    }
    std::ranges::move(context_.partitions_of(topic), std::back_inserter(partitions));
    for (const PartitionReplica& r : context_.replicas_of(topic)) {
      if (context_.replica_state(r) == ReplicaState::kDeletionSuccessful) continue;
      if (context_.replica_online(r.second, r.first)) {
        alive.push_back(r);
      } else {
        context_.set_replica_state(r, ReplicaState::kDeletionIneligible);
        halt_deletion({topic}, "offline replicas");
      }
    }
  }
  // Leader -2 in everyone's metadata first, so that clients hear that the topic is gone.
  batch_.add_update_metadata(context_.live_brokers(), partitions);
  batch_.flush();
  replicas_offline(alive, [this, alive, n = std::move(next)]() mutable {
    for (const PartitionReplica& r : alive) {
      context_.set_replica_state(r, ReplicaState::kDeletionStarted);
      batch_.add_stop_replica(r.second, r.first, true);
    }
    batch_.flush();
    n();
  });
}

void Controller::on_stop_replica_response(BrokerId broker, LeadershipResult result, std::vector<TopicPartition> asked,
                                          Next next) {
  std::vector<std::string> failed;
  for (const TopicPartition& tp : asked) {
    if (!context_.queued_for_deletion(tp.topic)) continue;
    kafka::ErrorCode code = result.code;
    if (code == kafka::ErrorCode::kNone) {
      for (const PartitionError& p : result.partitions) {
        if (p.tp == tp) code = p.code;
      }
    }
    const bool deleted = code == kafka::ErrorCode::kNone;
    context_.set_replica_state({tp, broker},
                               deleted ? ReplicaState::kDeletionSuccessful : ReplicaState::kDeletionIneligible);
    if (!deleted) failed.push_back(tp.topic);
  }
  halt_deletion(failed, "replica deletion failure");
  resume_deletions(std::move(next));
}

void Controller::complete_deletion(std::string topic, Next next) {
  // From here on a change of the topic's znode means nothing to this controller.
  zk_list_recursive(zk_, zkpath::topic(topic),
                    step([this, topic, n = std::move(next)](ZkCode code, std::vector<std::string> paths) mutable {
                      if (code != ZkCode::kOk) {
                        log_.warn("Deletion of topic {} failed: ZooKeeper answered {}", topic, zk_code_name(code));
                        context_.deletion_ineligible.insert(topic);
                        finish();
                        return;
                      }
                      std::vector<ZkOp> ops;
                      for (auto it = paths.rbegin(); it != paths.rend(); ++it) ops.push_back(ZkOp::remove(*it));
                      ops.push_back(ZkOp::remove(zkpath::config("topics", topic)));
                      ops.push_back(ZkOp::remove(zkpath::delete_topic(topic)));
                      guarded(std::move(ops), [this, topic, m = std::move(n)](std::vector<ZkOpResult>) mutable {
                        context_.remove_topic(topic);
                        log_.info("Deletion of topic {} successfully completed", topic);
                        if (on_deletion) on_deletion();
                        m();
                      });
                    }));
}

}  // namespace kz::broker
