// The half of AdminManager that adds partitions. Source: ZkAdminManager.createPartitions,
// AdminZkClient.createNewPartitionsAssignment @ 3.4.0; KIP-195.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/broker/admin_manager.h"
#include "core/broker/zk/paths.h"

namespace kz::broker {

using kafka::ErrorCode;

struct AdminManager::Growth {
  std::vector<NewPartitions> topics;
  TopicErrors results;
  std::vector<std::pair<std::string, int32_t>> added;
  size_t next = 0;
  bool validate_only = false;
  int32_t timeout_ms = 0;
  TopicErrorsDone done;
};

void AdminManager::create_partitions(std::vector<NewPartitions> topics, bool validate_only, int32_t timeout_ms,
                                     TopicErrorsDone done) {
  auto growth = std::make_shared<Growth>();
  growth->topics = std::move(topics);
  growth->validate_only = validate_only;
  growth->timeout_ms = timeout_ms;
  growth->done = std::move(done);
  post([this, growth] { grow_next(growth); });
}

void AdminManager::grow_next(std::shared_ptr<Growth> growth) {
  if (growth->next == growth->topics.size()) {
    finish_growth(std::move(growth));
    return;
  }
  std::string path = zkpath::topic(growth->topics[growth->next].topic);
  zk_.get(std::move(path), false, alive([this, growth](const ZkResult& node) { grow(growth, node); }));
}

void AdminManager::grow(std::shared_ptr<Growth> growth, const ZkResult& node) {
  const NewPartitions& wanted = growth->topics[growth->next++];
  const std::string& name = wanted.topic;
  const auto refuse = [&](ErrorCode code, std::string text) {
    growth->results[name] = {code, std::move(text)};
    grow_next(growth);
  };
  if (controller_.context().queued_for_deletion(name)) {
    return refuse(ErrorCode::kInvalidTopicException, "The topic is queued for deletion.");
  }
  auto topic = node.ok() ? decode_topic(node.data) : fail(Errc::kNotFound);
  if (!topic || topic->partitions.empty()) {
    return refuse(ErrorCode::kUnknownTopicOrPartition, fmt::format("The topic '{}' does not exist.", name));
  }
  for (const auto& [index, p] : topic->partitions) {
    if (p.being_reassigned()) {
      return refuse(ErrorCode::kReassignmentInProgress,
                    fmt::format("A partition reassignment is in progress for the topic '{}'.", name));
    }
  }
  const auto existing = static_cast<int32_t>(topic->partitions.size());
  if (wanted.count < existing) {
    return refuse(ErrorCode::kInvalidPartitions,
                  fmt::format("Topic currently has {} partitions, which is higher than the requested {}.", existing,
                              wanted.count));
  }
  if (wanted.count == existing) {
    return refuse(ErrorCode::kInvalidPartitions, fmt::format("Topic already has {} partitions.", existing));
  }
  std::vector<AssignmentBroker> brokers;
  std::vector<BrokerId> ids;
  for (const auto& [id, live] : controller_.context().live) {
    brokers.push_back({id, live.rack});
    ids.push_back(id);
  }
  const std::vector<BrokerId> first = topic->partitions.begin()->second.replicas;
  Assignments added;
  if (wanted.assignments) {
    std::vector<BrokerId> unknown;
    for (const auto& replicas : *wanted.assignments) {
      for (const BrokerId id : replicas) {
        if (std::ranges::find(ids, id) == ids.end()) unknown.push_back(id);
      }
    }
    if (!unknown.empty()) {
      return refuse(ErrorCode::kInvalidReplicaAssignment,
                    fmt::format("Unknown broker(s) in replica assignment: {}.", fmt::join(unknown, ", ")));
    }
    const int32_t increment = wanted.count - existing;
    if (wanted.assignments->size() != static_cast<size_t>(increment)) {
      return refuse(ErrorCode::kInvalidReplicaAssignment,
                    fmt::format("Increasing the number of partitions by {} but {} assignments provided.", increment,
                                wanted.assignments->size()));
    }
    for (size_t i = 0; i < wanted.assignments->size(); ++i) {
      added[existing + static_cast<int32_t>(i)] = (*wanted.assignments)[i];
    }
    if (ApiError bad = check_added_assignment(added, first.size(), ids); !bad.ok()) {
      return refuse(bad.code, std::move(bad.message));
    }
  } else {
    const auto at = std::ranges::find_if(ids, [&](BrokerId id) { return !first.empty() && id >= first[0]; });
    const auto start = at == ids.end() ? 0 : static_cast<int32_t>(at - ids.begin());
    auto planned =
        assign_replicas(brokers, wanted.count - existing, static_cast<int32_t>(first.size()), rng_, start, existing);
    if (!planned) return refuse(planned.error().code, planned.error().message);
    added = std::move(*planned);
  }
  growth->results[name] = {};
  for (int32_t i = 0; i < wanted.count; ++i) growth->added.emplace_back(name, i);
  if (growth->validate_only) return grow_next(growth);
  log_.info("Creating {} partitions for '{}' with the following replica assignment: {}.", added.size(), name, added);
  for (auto& [index, replicas] : added) topic->partitions[index].replicas = std::move(replicas);
  zk_.set(zkpath::topic(name), encode_topic(*topic), node.stat.version, alive([this, growth, name](const ZkResult& r) {
            if (!r.ok()) {
              log_.warn("Adding partitions to topic {} failed: ZooKeeper answered {}", name, zk_code_name(r.code));
              growth->results[name] = {ErrorCode::kUnknownServerError, {}};
            }
            grow_next(growth);
          }));
}

void AdminManager::finish_growth(std::shared_ptr<Growth> growth) {
  std::erase_if(growth->added, [&](const auto& p) { return !growth->results[p.first].ok(); });
  if (growth->validate_only || growth->added.empty()) {
    growth->done(std::move(growth->results));
    return;
  }
  const bool no_wait = growth->timeout_ms <= 0;
  wait_for(growth->added, {}, growth->timeout_ms, [growth, no_wait](const std::set<std::string>& missing) {
    for (auto& [topic, error] : growth->results) {
      if (error.ok() && (no_wait || missing.contains(topic))) error = {ErrorCode::kRequestTimedOut, {}};
    }
    growth->done(std::move(growth->results));
  });
}

}  // namespace kz::broker
