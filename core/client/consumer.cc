#include "core/client/consumer.h"

#include <algorithm>

namespace kz::client {

using kafka::ErrorCode;

Consumer::Consumer(KafkaClient& client, ConsumerConfig config)
    : client_(client),
      config_(std::move(config)),
      log_("org.apache.kafka.clients.consumer.KafkaConsumer", client.config().log_prefix) {
  client_.set_metadata_listener([this](bool ok) {
    if (ok && matches_) update_topics();
    if (ok && group_) group_->on_metadata();
    pump();
  });
  client_.set_ready_listener([this](BrokerId) { pump(); });
  if (!config_.group.group_id.empty()) {
    GroupMember::Callbacks callbacks;
    callbacks.before_rebalance = [this](std::function<void()> then) {
      if (config_.auto_commit) return commit(std::move(then));
      then();
    };
    callbacks.assigned = [this](const std::vector<TopicPartition>& list) { take_assignment(list); };
    callbacks.failed = [this](std::string exception, std::string message) {
      fail(std::move(exception), std::move(message));
    };
    group_ = std::make_unique<GroupMember>(client_, config_.group, std::move(callbacks));
    arm_auto_commit();
  }
}

Consumer::~Consumer() {
  *alive_ = false;
  client_.executor().cancel(timer_);
  client_.executor().cancel(commit_timer_);
  client_.set_metadata_listener(nullptr);
  client_.set_ready_listener(nullptr);
}

void Consumer::fail(std::string exception, std::string message) {
  if (std::exchange(failed_, true)) return;
  client_.executor().post([this, alive = alive_, f = ConsumerFailure{std::move(exception), std::move(message)}] {
    if (*alive && on_failure_) on_failure_(f);
  });
}

// ---- what is read ----

void Consumer::subscribe(std::set<std::string> topics) {
  subscribed_ = true;
  client_.set_topics(topics);
  client_.request_metadata();
  group_->subscribe(std::move(topics));
}

void Consumer::subscribe_matching(std::function<bool(const std::string&)> matches) {
  subscribed_ = true;
  matches_ = std::move(matches);
  client_.want_all_topics(true);
}

// The topics that match today; they come and go with the metadata.
void Consumer::update_topics() {
  std::set<std::string> topics;
  for (const auto& [name, info] : client_.cluster().topics) {
    if (info.error == ErrorCode::kNone && matches_(name)) topics.insert(name);
  }
  group_->subscribe(std::move(topics));
}

void Consumer::assign(std::map<TopicPartition, std::optional<Offset>> partitions) {
  std::set<std::string> topics;
  std::vector<TopicPartition> list;
  for (const auto& [tp, offset] : partitions) {
    topics.insert(tp.topic);
    list.push_back(tp);
  }
  client_.set_topics(std::move(topics));
  take_assignment(list);
  for (const auto& [tp, offset] : partitions) {
    Partition& p = partitions_[tp];
    if (offset && *offset >= 0) {
      p.stage = Stage::kFetching;
      p.position = *offset;
    } else if (offset) {
      p.stage = Stage::kNeedReset;
      p.reset_to = *offset;
    } else if (!group_) {
      reset(tp, p);
    }
  }
  pump();
}

void Consumer::take_assignment(const std::vector<TopicPartition>& list) {
  std::erase_if(partitions_,
                [&](const auto& entry) { return std::find(list.begin(), list.end(), entry.first) == list.end(); });
  for (const auto& tp : list) {
    auto [it, fresh] = partitions_.try_emplace(tp);
    if (fresh) it->second.generation = next_generation_++;
  }
  if (on_assignment_) on_assignment_(list);
  schedule_pump(now());
}

std::vector<TopicPartition> Consumer::assignment() const {
  std::vector<TopicPartition> out;
  for (const auto& [tp, p] : partitions_) out.push_back(tp);
  return out;
}

std::optional<Offset> Consumer::position(const TopicPartition& tp) const {
  const auto it = partitions_.find(tp);
  if (it == partitions_.end() || it->second.stage != Stage::kFetching) return std::nullopt;
  return it->second.position;
}

// ---- the loop ----

void Consumer::schedule_pump(TimePoint when) {
  if (timer_ != 0 && timer_at_ <= when) return;
  client_.executor().cancel(timer_);
  timer_at_ = when;
  timer_ = client_.executor().at(when, [this] {
    timer_ = 0;
    pump();
  });
}

void Consumer::pump() {
  if (closing_ || failed_ || !client_.has_metadata()) return;
  ask_committed();
  ask_resets();
  if (buffered_ >= config_.buffer_bytes_max) return;
  const TimePoint at = now();
  TimePoint next = TimePoint::max();
  std::map<BrokerId, std::vector<TopicPartition>> by_node;
  bool stale = false;
  for (auto& [tp, p] : partitions_) {
    if (p.stage != Stage::kFetching) continue;
    if (p.not_before > at) {
      next = std::min(next, p.not_before);
      continue;
    }
    BrokerId node = client_.cluster().leader(tp);
    if (p.preferred >= 0 && p.preferred_until > at && client_.cluster().nodes.contains(p.preferred)) node = p.preferred;
    if (node < 0) {
      stale = true;
      continue;
    }
    if (!fetching_[node]) by_node[node].push_back(tp);
  }
  if (stale) client_.request_metadata();
  for (auto& [node, list] : by_node) {
    if (client_.ready(node)) {
      fetch(node, list);
    } else {
      client_.connect(node);
      next = std::min(next, at + ms(client_.config().reconnect_backoff_ms));
    }
  }
  if (next != TimePoint::max()) schedule_pump(next);
}

void Consumer::fetch(BrokerId node, const std::vector<TopicPartition>& list) {
  kafka::FetchRequest request;
  request.replica_id = -1;
  request.max_wait_ms = config_.fetch_max_wait_ms;
  request.min_bytes = config_.fetch_min_bytes;
  request.max_bytes = config_.fetch_max_bytes;
  request.isolation_level = config_.read_committed ? 1 : 0;
  request.rack_id = config_.rack;
  std::map<TopicPartition, std::pair<uint64_t, Offset>> asked;
  std::map<std::string, size_t> index;
  // Whoever stands first gets its bytes first: all take turns.
  const size_t first = rotate_++ % list.size();
  for (size_t i = 0; i < list.size(); ++i) {
    const TopicPartition& tp = list[(i + first) % list.size()];
    const Partition& p = partitions_.at(tp);
    auto [it, fresh] = index.emplace(tp.topic, request.topics.size());
    if (fresh) request.topics.emplace_back().topic = tp.topic;
    auto& part = request.topics[it->second].partitions.emplace_back();
    part.partition = tp.partition;
    const PartitionInfo* info = client_.cluster().find(tp);
    part.current_leader_epoch = info == nullptr ? -1 : info->leader_epoch;
    part.fetch_offset = p.position;
    part.partition_max_bytes = config_.max_partition_fetch_bytes;
    asked[tp] = {p.generation, p.position};
  }
  fetching_[node] = true;
  SendOptions options;
  options.min_version = 4;
  options.max_version = 12;  // 13 names topics by id, which a topic made anew under its old name would trip over
  client_.send<kafka::FetchRequest, kafka::FetchResponse>(
      node, std::move(request), options,
      [this, alive = alive_, node, asked = std::move(asked)](Result<kafka::FetchResponse> response, int16_t) mutable {
        if (!*alive) return;
        fetching_[node] = false;
        on_fetch(std::move(asked), node, std::move(response));
      });
}

void Consumer::on_fetch(std::map<TopicPartition, std::pair<uint64_t, Offset>> asked, BrokerId node,
                        Result<kafka::FetchResponse> response) {
  if (!response) {
    if (response.error().code == Errc::kUnsupportedVersion) {
      return fail("org.apache.kafka.common.errors.UnsupportedVersionException",
                  "The broker does not support Fetch of version 4 or later");
    }
    return schedule_pump(now() + ms(config_.retry_backoff_ms));
  }
  auto alive = alive_;
  for (auto& t : response->responses) {
    for (auto& data : t.partitions) {
      const TopicPartition tp{t.topic, data.partition_index};
      const auto was = asked.find(tp);
      auto it = partitions_.find(tp);
      // Revoked, assigned anew or moved meanwhile: not this answer's business.
      if (was == asked.end() || it == partitions_.end() || it->second.generation != was->second.first ||
          it->second.stage != Stage::kFetching || it->second.position != was->second.second) {
        continue;
      }
      on_fetched(tp, it->second, node, data);
      if (!*alive || failed_) return;
    }
  }
  pump();
}

void Consumer::on_fetched(const TopicPartition& tp, Partition& p, BrokerId node,
                          kafka::FetchResponse::PartitionData& data) {
  const auto retry = [&] {
    p.not_before = now() + ms(config_.retry_backoff_ms);
    client_.request_metadata();
  };
  switch (data.error_code) {
    case ErrorCode::kNone:
      break;
    case ErrorCode::kOffsetOutOfRange:
      if (node == p.preferred) {
        p.preferred = -1;  // the follower may be behind; the leader decides
        return;
      }
      if (config_.reset == OffsetReset::kNone) {
        return fail("org.apache.kafka.clients.consumer.OffsetOutOfRangeException",
                    "Fetch position FetchPosition{offset=" + std::to_string(p.position) +
                        "} is out of range for partition " + tp.text());
      }
      log_.info("Fetch position {} is out of range for partition {}, resetting offset", p.position, tp.text());
      return reset(tp, p);
    case ErrorCode::kTopicAuthorizationFailed:
      return fail("org.apache.kafka.common.errors.TopicAuthorizationException",
                  "Not authorized to access topics: [" + tp.topic + "]");
    default:
      if (kafka::error_retriable(data.error_code) || data.error_code == ErrorCode::kFencedLeaderEpoch ||
          data.error_code == ErrorCode::kUnknownServerError) {
        return retry();
      }
      return fail("java.lang.IllegalStateException", "Unexpected error code " +
                                                         std::to_string(static_cast<int>(data.error_code)) +
                                                         " while fetching from partition " + tp.text());
  }
  if (data.preferred_read_replica >= 0 && data.preferred_read_replica != node) {
    p.preferred = data.preferred_read_replica;
    p.preferred_until = now() + ms(client_.config().metadata_max_age_ms);
  }
  const Slice& records = data.records.slice();
  if (records.empty()) return;
  FetchedChunk chunk;
  chunk.tp = tp;
  chunk.records = records;
  chunk.from = p.position;
  chunk.next = end_of_records(records.bytes(), p.position);
  if (chunk.next == p.position) {
    // Not one whole batch: brokers send the first batch whole whatever its size, so this one is broken.
    return fail("org.apache.kafka.common.errors.RecordTooLargeException",
                "There are some messages at [Partition=Offset]: " + tp.text() + "=" + std::to_string(p.position) +
                    " whose size is larger than the fetch size " + std::to_string(config_.max_partition_fetch_bytes) +
                    " and hence cannot be returned.");
  }
  chunk.read_committed = config_.read_committed;
  if (config_.read_committed && data.aborted_transactions) {
    for (const auto& a : *data.aborted_transactions) chunk.aborted.emplace_back(a.producer_id, a.first_offset);
    std::sort(chunk.aborted.begin(), chunk.aborted.end(),
              [](const auto& a, const auto& b) { return a.second < b.second; });
  }
  p.position = chunk.next;
  buffered_ += records.size();
  if (on_chunk_) on_chunk_(std::move(chunk));
}

void Consumer::release(const TopicPartition& tp, size_t bytes, Offset next) {
  const bool was_full = buffered_ >= config_.buffer_bytes_max;
  buffered_ -= std::min(buffered_, bytes);
  if (auto it = partitions_.find(tp); it != partitions_.end())
    it->second.consumed = std::max(it->second.consumed, next);
  if (was_full) schedule_pump(now());
}

void Consumer::close(std::function<void()> done) {
  auto leave = [this, done = std::move(done)] {
    closing_ = true;
    if (group_) return group_->leave(done);
    client_.executor().post(done);
  };
  closing_ = true;
  if (group_ && config_.auto_commit && !failed_) return commit(std::move(leave));
  leave();
}

void Consumer::commit(std::function<void()> then) {
  GroupMember::Offsets offsets;
  for (const auto& [tp, p] : partitions_) {
    if (p.consumed > p.committed && p.consumed >= 0) offsets[tp] = p.consumed;
  }
  if (!group_ || offsets.empty()) return then();
  // A coordinator that does not answer must hold up neither the rebalance nor the exit for long.
  auto once = std::make_shared<std::function<void()>>(std::move(then));
  const auto finish = [once] {
    if (auto fn = std::exchange(*once, nullptr)) fn();
  };
  client_.executor().after(ms(5000), [alive = alive_, finish] {
    if (*alive) finish();
  });
  group_->commit(offsets, [this, offsets, finish](bool ok) {
    if (ok) {
      for (const auto& [tp, offset] : offsets) {
        if (auto it = partitions_.find(tp); it != partitions_.end()) it->second.committed = offset;
      }
    }
    finish();
  });
}

void Consumer::arm_auto_commit() {
  if (!config_.auto_commit || !group_) return;
  commit_timer_ = client_.executor().after(ms(config_.auto_commit_interval_ms), [this] {
    commit_timer_ = 0;
    if (closing_) return;
    if (!subscribed_ || group_->stable()) commit([] {});
    arm_auto_commit();
  });
}

}  // namespace kz::client
