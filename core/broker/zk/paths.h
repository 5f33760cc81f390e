// The znodes of a Kafka cluster by name. Source: kafka/zk/ZkData.scala @ 3.4.0. All relative to the chroot.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/ports_log.h"

namespace kz::broker::zkpath {

inline constexpr const char* kController = "/controller";
inline constexpr const char* kControllerEpoch = "/controller_epoch";
inline constexpr const char* kClusterId = "/cluster/id";
inline constexpr const char* kBrokerIds = "/brokers/ids";
inline constexpr const char* kBrokerSeqId = "/brokers/seqid";
inline constexpr const char* kTopics = "/brokers/topics";
inline constexpr const char* kConfigChanges = "/config/changes";
inline constexpr const char* kConfigChangePrefix = "/config/changes/config_change_";
inline constexpr const char* kDeleteTopics = "/admin/delete_topics";
inline constexpr const char* kReassign = "/admin/reassign_partitions";
inline constexpr const char* kPreferredElection = "/admin/preferred_replica_election";
inline constexpr const char* kIsrNotifications = "/isr_change_notification";
inline constexpr const char* kLogDirNotifications = "/log_dir_event_notification";
inline constexpr const char* kLogDirEventPrefix = "/log_dir_event_notification/log_dir_event_";
inline constexpr const char* kProducerIdBlock = "/latest_producer_id_block";
inline constexpr const char* kFeature = "/feature";
inline constexpr const char* kDefaultEntity = "<default>";

// Created by every broker at start, with null data.
const std::vector<std::string>& persistent();

std::string broker(BrokerId id);
std::string topic(std::string_view name);
std::string partitions(std::string_view topic);
std::string partition(std::string_view topic, int32_t partition);
std::string state(const TopicPartition& tp);
// type: "topics", "clients", "users", "brokers", "ips".
std::string config(std::string_view type, std::string_view entity);
std::string delete_topic(std::string_view name);

// The last component; what follows `prefix` if path starts with it.
std::string_view base_name(std::string_view path);
// The id that a /brokers/ids/<id> path or name ends with; empty when it is no number.
std::optional<BrokerId> broker_id_of(std::string_view path);
// The sequence number at the end of a PERSISTENT_SEQUENTIAL node's name; empty when there is none.
std::optional<int64_t> sequence_of(std::string_view name);

}  // namespace kz::broker::zkpath
