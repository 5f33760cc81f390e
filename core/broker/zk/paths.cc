#include "core/broker/zk/paths.h"

#include <charconv>

namespace kz::broker::zkpath {

const std::vector<std::string>& persistent() {
  static const std::vector<std::string> paths = {
      "/consumers",      kBrokerIds,        kTopics,           kConfigChanges,       kDeleteTopics,
      kBrokerSeqId,      kIsrNotifications, kProducerIdBlock,  kLogDirNotifications, "/config/topics",
      "/config/clients", "/config/users",   "/config/brokers", "/config/ips"};
  return paths;
}

std::string broker(BrokerId id) { return std::string(kBrokerIds) + "/" + std::to_string(id); }
std::string topic(std::string_view name) { return std::string(kTopics) + "/" + std::string(name); }
std::string partitions(std::string_view name) { return topic(name) + "/partitions"; }
std::string partition(std::string_view name, int32_t index) { return partitions(name) + "/" + std::to_string(index); }
std::string state(const TopicPartition& tp) { return partition(tp.topic, tp.partition) + "/state"; }
std::string config(std::string_view type, std::string_view entity) {
  return "/config/" + std::string(type) + "/" + std::string(entity);
}
std::string delete_topic(std::string_view name) { return std::string(kDeleteTopics) + "/" + std::string(name); }

std::string_view base_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::optional<BrokerId> broker_id_of(std::string_view path) {
  const std::string_view digits = base_name(path);
  BrokerId id = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc{} || end != digits.data() + digits.size() || id < 0) return std::nullopt;
  return id;
}

std::optional<int64_t> sequence_of(std::string_view name) {
  if (name.size() < 10) return std::nullopt;
  const std::string_view digits = name.substr(name.size() - 10);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace kz::broker::zkpath
