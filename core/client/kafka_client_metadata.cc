// The metadata side of KafkaClient. Follows NetworkClient.DefaultMetadataUpdater and Metadata.java @ 3.4.0.
#include <algorithm>

#include "core/client/kafka_client.h"

namespace kz::client {
namespace {

// Java's InvalidMetadataException family: what a later request may cure.
bool stale(kafka::ErrorCode code) {
  using kafka::ErrorCode;
  switch (code) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kLeaderNotAvailable:
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kReplicaNotAvailable:
    case ErrorCode::kListenerNotFound:
    case ErrorCode::kUnknownTopicId:
      return true;
    default:
      return false;
  }
}

}  // namespace

void KafkaClient::add_topic(const std::string& topic) {
  if (!topics_.insert(topic).second) return;
  if (cluster_.topics.contains(topic) && !all_topics_) return;
  metadata_changed_ = true;
  metadata_not_before_ = {};
  metadata_wanted_ = true;
  pump_metadata();
}

void KafkaClient::set_topics(std::set<std::string> topics) {
  if (topics == topics_ && !all_topics_) return;
  topics_ = std::move(topics);
  all_topics_ = false;
  const bool known =
      std::all_of(topics_.begin(), topics_.end(), [&](const auto& t) { return cluster_.topics.contains(t); });
  if (known) return;
  metadata_changed_ = true;
  metadata_not_before_ = {};
  metadata_wanted_ = true;
  pump_metadata();
}

void KafkaClient::want_all_topics(bool all) {
  if (all_topics_ == all) return;
  all_topics_ = all;
  metadata_changed_ = true;
  metadata_not_before_ = {};
  metadata_wanted_ = true;
  pump_metadata();
}

void KafkaClient::request_metadata() {
  metadata_wanted_ = true;
  pump_metadata();
}

void KafkaClient::pump_metadata() {
  if (closed_ || metadata_running_) return;
  const TimePoint at = now();
  executor_.cancel(std::exchange(metadata_timer_, 0));
  auto later = [&](TimePoint when) {
    metadata_timer_ = executor_.at(when, [this] {
      metadata_timer_ = 0;
      pump_metadata();
    });
  };
  const TimePoint stale_at = metadata_at_ + ms(config_.metadata_max_age_ms);
  if (!metadata_wanted_ && (updates_ == 0 || at < stale_at)) {
    if (updates_ > 0) later(stale_at);
    return;
  }
  if (at < metadata_not_before_) return later(metadata_not_before_);
  const BrokerId id = pick_node();
  if (id == kLeastLoaded) return later(at + ms(config_.reconnect_backoff_ms));
  metadata_running_ = true;
  metadata_wanted_ = false;
  metadata_changed_ = false;
  auto make = [this](int16_t version) {
    kafka::MetadataRequest request;
    metadata_correlation_ = next_correlation_;
    request.allow_auto_topic_creation = version < 4 || config_.allow_auto_topic_creation;
    if (all_topics_) {
      request.topics.reset();
    } else {
      for (const std::string& name : topics_) {
        kafka::MetadataRequest::MetadataRequestTopic topic;
        topic.name = name;
        request.topics->push_back(std::move(topic));
      }
    }
    return request;
  };
  send_made<kafka::MetadataRequest, kafka::MetadataResponse>(
      id, std::move(make), SendOptions{.min_version = 1},
      [this](Result<kafka::MetadataResponse> response, int16_t) { on_metadata(std::move(response)); });
}

void KafkaClient::adopt(const kafka::MetadataResponse& response) {
  if (response.brokers.empty()) return;
  Cluster fresh = cluster_from(response);
  cluster_.id = fresh.id;
  cluster_.controller = fresh.controller;
  cluster_.nodes = std::move(fresh.nodes);
  for (auto& [name, topic] : fresh.topics) cluster_.topics[name] = std::move(topic);
  has_metadata_ = true;
  update_nodes();
}

void KafkaClient::on_metadata(Result<kafka::MetadataResponse> response) {
  metadata_running_ = false;
  const TimePoint at = now();
  if (!metadata_changed_) metadata_not_before_ = at + ms(config_.retry_backoff_ms);
  bool ok = false;
  if (!response) {
    metadata_wanted_ = true;
  } else {
    std::string errors;
    for (const auto& topic : response->topics) {
      if (topic.error_code == kafka::ErrorCode::kNone) {
        for (const auto& p : topic.partitions) metadata_wanted_ |= stale(p.error_code);
        continue;
      }
      metadata_wanted_ |= stale(topic.error_code);
      if (!errors.empty()) errors += ", ";
      errors += topic.name.value_or("null") + "=" + std::string(kafka::error_name(topic.error_code));
    }
    if (!errors.empty()) {
      log_.warn("Error while fetching metadata with correlation id {} : {{{}}}", metadata_correlation_, errors);
    }
    // A broker that is still starting answers without brokers: not an answer yet.
    if (response->brokers.empty()) {
      metadata_wanted_ = true;
    } else {
      Cluster fresh = cluster_from(*response);
      // Leader epochs only grow: an answer of a broker that lags must not take us back (KIP-320).
      for (auto& [name, topic] : fresh.topics) {
        auto old = cluster_.topics.find(name);
        if (old == cluster_.topics.end() || !(old->second.id == topic.id)) continue;
        for (auto& [index, partition] : topic.partitions) {
          auto before = old->second.partitions.find(index);
          if (before == old->second.partitions.end() || partition.leader_epoch < 0) continue;
          if (before->second.leader_epoch > partition.leader_epoch) partition = before->second;
        }
      }
      cluster_ = std::move(fresh);
      has_metadata_ = true;
      metadata_at_ = at;
      ++updates_;
      update_nodes();
      ok = true;
    }
  }
  auto alive = alive_;
  if (metadata_listener_) metadata_listener_(ok);
  if (!*alive) return;
  pump_metadata();
}

}  // namespace kz::client
