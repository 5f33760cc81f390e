#include "core/broker/replica_manager.h"

#include <algorithm>
#include <utility>

#include "core/broker/append_operation.h"

namespace kz::broker {

using kafka::ErrorCode;

bool is_internal_topic(std::string_view topic) {
  return topic == "__consumer_offsets" || topic == "__transaction_state";
}

ReplicaManager::ReplicaManager(BrokerId self, LogStore& store)
    : self_(self),
      store_(store),
      image_(std::make_shared<const MetadataImage>()),
      controller_epoch_(-1),
      log_("kafka.server.ReplicaManager", "ReplicaManager broker=" + std::to_string(self)) {}

ReplicaManager::~ReplicaManager() {
  for (const auto& partition : all()) partition->release_waiters();
}

std::shared_ptr<Partition> ReplicaManager::find(std::string_view topic, int32_t partition) const {
  return shard(topic).hosted.with([&](const Hosted& hosted) -> std::shared_ptr<Partition> {
    const auto it = hosted.find(topic);
    if (it == hosted.end() || partition < 0 || static_cast<size_t>(partition) >= it->second.size()) return nullptr;
    return it->second[static_cast<size_t>(partition)];
  });
}

KafkaResult<std::shared_ptr<Partition>> ReplicaManager::find_or_error(std::string_view topic, int32_t partition) const {
  if (auto found = find(topic, partition)) {
    if (found->log().offline()) return std::unexpected(ErrorCode::kKafkaStorageError);
    return found;
  }
  // Known to the cluster but not here: the client's metadata is old.
  return std::unexpected(image()->partition(topic, partition) ? ErrorCode::kNotLeaderOrFollower
                                                              : ErrorCode::kUnknownTopicOrPartition);
}

std::vector<std::shared_ptr<Partition>> ReplicaManager::all() const {
  std::vector<std::shared_ptr<Partition>> out;
  for (const Shard& s : shards_) {
    s.hosted.with([&](const Hosted& hosted) {
      for (const auto& [topic, partitions] : hosted) {
        for (const auto& p : partitions) {
          if (p) out.push_back(p);
        }
      }
    });
  }
  std::ranges::sort(out, {}, [](const auto& p) -> const TopicPartition& { return p->topic_partition(); });
  return out;
}

void ReplicaManager::host(std::shared_ptr<Partition> partition) {
  const TopicPartition& tp = partition->topic_partition();
  const auto index = static_cast<size_t>(tp.partition);
  shard(tp.topic).hosted.with([&](Hosted& hosted) {
    auto& partitions = hosted[tp.topic];
    if (partitions.size() <= index) partitions.resize(index + 1);
    partitions[index] = std::move(partition);
  });
}

bool ReplicaManager::stale_controller(int32_t controller_epoch) {
  return controller_epoch_.with([&](int32_t& known) {
    if (controller_epoch < known) return true;
    known = controller_epoch;
    return false;
  });
}

LeadershipResult ReplicaManager::become_leader_or_follower(const LeaderAndIsrUpdate& update) {
  LeadershipResult result;
  if (stale_controller(update.controller_epoch)) {
    log_.warn("Ignoring leadership orders from controller {} with old epoch {}", update.controller_id,
              update.controller_epoch);
    result.code = ErrorCode::kStaleControllerEpoch;
    return result;
  }
  LeadershipChange change;
  result.partitions.reserve(update.partitions.size());
  for (const LeaderAndIsrPartition& order : update.partitions) {
    const ErrorCode code = apply_one(order, change);
    if (code != ErrorCode::kNone) {
      log_.warn("Leadership order refused topic={} partition={} leader={} leader_epoch={} error={}", order.tp.topic,
                order.tp.partition, order.leader, order.leader_epoch, kafka::error_name(code));
    }
    result.partitions.push_back({order.tp, code});
  }
  if (on_leadership_change && !(change.leaders.empty() && change.resigned.empty())) on_leadership_change(change);
  return result;
}

ErrorCode ReplicaManager::apply_one(const LeaderAndIsrPartition& order, LeadershipChange& change) {
  if (std::ranges::find(order.replicas, self_) == order.replicas.end()) return ErrorCode::kUnknownTopicOrPartition;
  std::shared_ptr<Partition> partition = find(order.tp.topic, order.tp.partition);
  if (partition) {
    if (partition->log().offline()) return ErrorCode::kKafkaStorageError;
    if (order.leader_epoch <= partition->state().leader_epoch) return ErrorCode::kStaleControllerEpoch;
  } else {
    const LogConfig config = store_.config_of ? store_.config_of(order.tp.topic) : LogConfig{};
    auto log = store_.get_or_create(order.tp, config, order.topic_id, order.is_new);
    if (!log) {
      log_.error("Cannot open the log of {}-{}: {} {}", order.tp.topic, order.tp.partition, log.error().what,
                 errc_text(log.error().code));
      return ErrorCode::kKafkaStorageError;
    }
    partition = std::make_shared<Partition>(self_, order.tp, std::move(*log));
  }
  const kafka::Uuid known_id = partition->topic_id();
  if (!known_id.is_zero() && !order.topic_id.is_zero() && known_id != order.topic_id) {
    return ErrorCode::kInconsistentTopicId;
  }
  if (order.leader == self_) {
    const auto newly = partition->make_leader(order);
    if (!newly) return newly.error();
    change.leaders.push_back(partition);
  } else {
    const auto newly = partition->make_follower(order);
    if (!newly) return newly.error();
    change.resigned.push_back(order.tp);
  }
  host(std::move(partition));
  return ErrorCode::kNone;
}

LeadershipResult ReplicaManager::stop_replicas(const StopReplicaUpdate& update) {
  LeadershipResult result;
  if (stale_controller(update.controller_epoch)) {
    result.code = ErrorCode::kStaleControllerEpoch;
    return result;
  }
  LeadershipChange change;
  for (const StopReplicaPartition& order : update.partitions) {
    const auto& [topic, number] = order.tp;
    const std::shared_ptr<Partition> partition = find(topic, number);
    // -2 (deletion) and -1 (an old controller) are always accepted.
    if (partition && order.leader_epoch >= 0 && order.leader_epoch < partition->state().leader_epoch) {
      result.partitions.push_back({order.tp, ErrorCode::kFencedLeaderEpoch});
      continue;
    }
    if (partition && partition->log().offline()) {
      // Stays known as lost: clients are told KAFKA_STORAGE_ERROR, and the next order finds it so.
      result.partitions.push_back({order.tp, ErrorCode::kKafkaStorageError});
      continue;
    }
    if (partition) {
      shard(topic).hosted.with([&](Hosted& hosted) {
        const auto it = hosted.find(topic);
        if (it == hosted.end()) return;
        it->second[static_cast<size_t>(number)].reset();
        if (std::ranges::none_of(it->second, [](const auto& p) { return p != nullptr; })) hosted.erase(it);
      });
      partition->stop();
      change.resigned.push_back(order.tp);
    }
    ErrorCode code = ErrorCode::kNone;
    if (order.delete_partition && store_.find(order.tp) && !store_.remove(order.tp)) {
      code = ErrorCode::kKafkaStorageError;
    }
    result.partitions.push_back({order.tp, code});
  }
  if (on_leadership_change && !change.resigned.empty()) on_leadership_change(change);
  return result;
}

void ReplicaManager::append(Executor& executor, const AppendOptions& options, std::vector<AppendEntry> entries, Now now,
                            AppendDone done) {
  const auto operation = std::make_shared<AppendOperation>(executor, options, entries.size(), std::move(done));
  for (size_t i = 0; i < entries.size(); ++i) {
    AppendEntry& entry = entries[i];
    if (!options.internal_topics_allowed && is_internal_topic(entry.topic)) {
      operation->refuse(i, ErrorCode::kInvalidTopicException);
      continue;
    }
    auto partition = find_or_error(entry.topic, entry.partition);
    if (!partition) {
      operation->refuse(i, partition.error());
      continue;
    }
    const auto epoch = (*partition)->check_append(options.acks);
    if (!epoch) {
      operation->refuse(i, epoch.error());
      continue;
    }
    operation->append(i, std::move(*partition), *epoch, std::move(entry.records), now);
  }
  operation->seal();
}

void ReplicaManager::apply_metadata(const MetadataUpdate& update) {
  image_.with([&](MetadataImagePtr& image) { image = image->apply(update); });
}

void ReplicaManager::wake_offline() {
  for (const auto& partition : all()) {
    if (partition->log().offline()) partition->wake_all();
  }
}

void ReplicaManager::set_topic_config(std::string_view topic, const LogConfig& config) {
  std::vector<std::shared_ptr<Partition>> affected;
  shard(topic).hosted.with([&](const Hosted& hosted) {
    if (const auto it = hosted.find(topic); it != hosted.end()) affected = it->second;
  });
  for (const auto& partition : affected) {
    if (!partition) continue;
    partition->log().set_config(config);
    partition->set_min_insync_replicas(config.min_insync_replicas);
    partition->wake_all();
  }
}

}  // namespace kz::broker
