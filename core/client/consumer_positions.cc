// Where a consumer starts: committed offsets, else an end of the log by auto.offset.reset. Source: OffsetFetcher.java
// @ 3.4.0.
#include <algorithm>

#include "core/client/consumer.h"
#include "core/kafka/message/list_offsets.h"

namespace kz::client {

using kafka::ErrorCode;

namespace {
constexpr int64_t kLatest = -1;
constexpr int64_t kEarliest = -2;
}  // namespace

void Consumer::reset(const TopicPartition& tp, Partition& p) {
  if (config_.reset == OffsetReset::kNone) {
    return fail("org.apache.kafka.clients.consumer.NoOffsetForPartitionException",
                "Undefined offset with no reset policy for partitions: [" + tp.text() + "]");
  }
  p.stage = Stage::kNeedReset;
  p.reset_to = config_.reset == OffsetReset::kEarliest ? kEarliest : kLatest;
  p.asking = false;
  schedule_pump(now());
}

void Consumer::ask_committed() {
  std::vector<TopicPartition> wanted;
  std::map<TopicPartition, uint64_t> lives;
  for (auto& [tp, p] : partitions_) {
    if (p.stage != Stage::kNeedCommitted || p.asking || p.not_before > now()) continue;
    p.asking = true;
    wanted.push_back(tp);
    lives[tp] = p.generation;
  }
  if (wanted.empty()) return;
  group_->fetch_committed(wanted, [this, lives](std::optional<GroupMember::Offsets> offsets) {
    for (const auto& [tp, life] : lives) {
      auto it = partitions_.find(tp);
      if (it == partitions_.end() || it->second.generation != life) continue;
      Partition& p = it->second;
      p.asking = false;
      if (!offsets) {
        p.not_before = now() + ms(config_.retry_backoff_ms);
        schedule_pump(p.not_before);
        continue;
      }
      const auto found = offsets->find(tp);
      if (found != offsets->end() && found->second >= 0) {
        p.stage = Stage::kFetching;
        p.position = p.committed = found->second;
        log_.info("Setting offset for partition {} to the committed offset {}", tp.text(), p.position);
      } else {
        reset(tp, p);
      }
    }
    pump();
  });
}

void Consumer::ask_resets() {
  const TimePoint at = now();
  std::map<BrokerId, std::vector<TopicPartition>> by_node;
  bool stale = false;
  for (auto& [tp, p] : partitions_) {
    if (p.stage != Stage::kNeedReset || p.asking) continue;
    if (p.not_before > at) {
      schedule_pump(p.not_before);
      continue;
    }
    const BrokerId leader = client_.cluster().leader(tp);
    if (leader < 0) {
      stale = true;
      continue;
    }
    p.asking = true;
    by_node[leader].push_back(tp);
  }
  if (stale) client_.request_metadata();
  for (auto& [node, list] : by_node) {
    kafka::ListOffsetsRequest request;
    request.replica_id = -1;
    request.isolation_level = config_.read_committed ? 1 : 0;
    std::map<TopicPartition, uint64_t> lives;
    std::map<std::string, size_t> index;
    for (const auto& tp : list) {
      auto [it, fresh] = index.emplace(tp.topic, request.topics.size());
      if (fresh) request.topics.emplace_back().name = tp.topic;
      const PartitionInfo* info = client_.cluster().find(tp);
      auto& part = request.topics[it->second].partitions.emplace_back();
      part.partition_index = tp.partition;
      part.current_leader_epoch = info == nullptr ? -1 : info->leader_epoch;
      part.timestamp = partitions_.at(tp).reset_to;
      lives[tp] = partitions_.at(tp).generation;
    }
    SendOptions options;
    options.min_version = config_.read_committed ? 2 : 1;
    client_.send<kafka::ListOffsetsRequest, kafka::ListOffsetsResponse>(
        node, std::move(request), options,
        [this, alive = alive_, lives](Result<kafka::ListOffsetsResponse> response, int16_t) {
          if (!*alive) return;
          std::map<TopicPartition, std::pair<ErrorCode, Offset>> answers;
          if (response) {
            for (const auto& t : response->topics) {
              for (const auto& p : t.partitions) answers[{t.name, p.partition_index}] = {p.error_code, p.offset};
            }
          }
          for (const auto& [tp, life] : lives) {
            auto it = partitions_.find(tp);
            if (it == partitions_.end() || it->second.generation != life) continue;
            Partition& p = it->second;
            p.asking = false;
            const auto answer = answers.find(tp);
            if (answer != answers.end() && answer->second.first == ErrorCode::kNone && answer->second.second >= 0) {
              p.stage = Stage::kFetching;
              p.position = answer->second.second;
              log_.info("Resetting offset for partition {} to position {}", tp.text(), p.position);
              continue;
            }
            if (answer != answers.end() && answer->second.first == ErrorCode::kTopicAuthorizationFailed) {
              return fail("org.apache.kafka.common.errors.TopicAuthorizationException",
                          "Not authorized to access topics: [" + tp.topic + "]");
            }
            p.not_before = now() + ms(config_.retry_backoff_ms);
            client_.request_metadata();
          }
          pump();
        });
  }
}

}  // namespace kz::client
