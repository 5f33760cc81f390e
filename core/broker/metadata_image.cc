#include "core/broker/metadata_image.h"

#include <algorithm>

namespace kz::broker {

const Endpoint* BrokerInfo::endpoint(std::string_view listener) const {
  const auto it = std::ranges::find(endpoints, listener, &Endpoint::listener);
  return it == endpoints.end() ? nullptr : &*it;
}

const PartitionInfo* TopicInfo::partition(int32_t number) const {
  if (number < 0 || static_cast<size_t>(number) >= partitions.size()) return nullptr;
  const PartitionInfo& info = partitions[static_cast<size_t>(number)];
  return info.replicas.empty() ? nullptr : &info;
}

const BrokerInfo* MetadataImage::broker(BrokerId id) const {
  const auto it = brokers_.find(id);
  return it == brokers_.end() ? nullptr : &it->second;
}

const TopicInfo* MetadataImage::topic(std::string_view name) const {
  const auto it = topics_.find(name);
  return it == topics_.end() ? nullptr : it->second.get();
}

const TopicInfo* MetadataImage::topic(kafka::Uuid id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second.get();
}

const PartitionInfo* MetadataImage::partition(std::string_view topic_name, int32_t number) const {
  const TopicInfo* info = topic(topic_name);
  return info ? info->partition(number) : nullptr;
}

std::shared_ptr<const MetadataImage> MetadataImage::apply(const MetadataUpdate& update) const {
  auto next = std::make_shared<MetadataImage>(*this);
  next->controller_id_ = update.controller_id;
  next->brokers_.clear();
  for (const BrokerInfo& b : update.live_brokers) next->brokers_[b.id] = b;

  for (const MetadataUpdate::Topic& change : update.topics) {
    const auto old = next->topics_.find(change.name);
    auto info = old == next->topics_.end() ? std::make_shared<TopicInfo>() : std::make_shared<TopicInfo>(*old->second);
    // A topic created again under the same name has a new id; its old partitions must not shine through.
    if (!info->id.is_zero() && !change.id.is_zero() && info->id != change.id) {
      next->by_id_.erase(info->id);
      info->partitions.clear();
    }
    info->name = change.name;
    if (!change.id.is_zero()) info->id = change.id;
    for (const auto& [number, state] : change.partitions) {
      if (number < 0) continue;
      const auto index = static_cast<size_t>(number);
      if (state.leader == kLeaderDuringDelete) {
        if (index < info->partitions.size()) info->partitions[index] = PartitionInfo{};
        continue;
      }
      if (index >= info->partitions.size()) info->partitions.resize(index + 1);
      info->partitions[index] = state;
    }
    while (!info->partitions.empty() && info->partitions.back().replicas.empty()) info->partitions.pop_back();
    if (info->partitions.empty()) {
      next->by_id_.erase(info->id);
      next->topics_.erase(change.name);
      continue;
    }
    if (!info->id.is_zero()) next->by_id_[info->id] = info;
    next->topics_[change.name] = std::move(info);
  }
  return next;
}

}  // namespace kz::broker
