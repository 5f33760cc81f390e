#include "core/broker/group/coordinator.h"

#include <algorithm>

#include "core/broker/group/coordinator_step.h"
#include "core/broker/topic_rules.h"
#include "core/kafka/record/builder.h"

namespace kz::broker {

using kafka::ErrorCode;

namespace {

// What an append error means for a commit, and for the group's own record.
ErrorCode commit_error(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kNotEnoughReplicas:
    case ErrorCode::kNotEnoughReplicasAfterAppend:
      return ErrorCode::kCoordinatorNotAvailable;
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kKafkaStorageError:
      return ErrorCode::kNotCoordinator;
    case ErrorCode::kMessageTooLarge:
    case ErrorCode::kRecordListTooLarge:
    case ErrorCode::kInvalidFetchSize:
      return ErrorCode::kInvalidCommitOffsetSize;
    default:
      return code;
  }
}

ErrorCode store_error(ErrorCode code) {
  if (code == ErrorCode::kRequestTimedOut) return ErrorCode::kRebalanceInProgress;
  const ErrorCode mapped = commit_error(code);
  return mapped == ErrorCode::kInvalidCommitOffsetSize ? ErrorCode::kUnknownServerError : mapped;
}

}  // namespace

int32_t coordinator_partition(std::string_view key, int32_t partitions) {
  // Java hashes UTF-16 units.
  uint32_t hash = 0;
  const auto unit = [&hash](uint32_t u) { hash = hash * 31 + u; };
  for (size_t i = 0; i < key.size();) {
    const auto lead = static_cast<unsigned char>(key[i]);
    const size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? lead : lead & (0xffu >> (n + 1));
    for (size_t k = 1; k < n && i + k < key.size(); ++k) {
      c = (c << 6) | (static_cast<unsigned char>(key[i + k]) & 0x3fu);
    }
    i += n;
    if (c >= 0x10000) {
      c -= 0x10000;
      unit(0xd800 + (c >> 10));
      unit(0xdc00 + (c & 0x3ff));
    } else {
      unit(c);
    }
  }
  const auto value = static_cast<int32_t>(hash);
  if (value == INT32_MIN) return 0;
  return (value < 0 ? -value : value) % partitions;
}

GroupCoordinator::GroupCoordinator(CoordinatorConfig config, ReplicaManager& replicas, Executor& executor,
                                   uint64_t seed)
    : config_(config),
      replicas_(replicas),
      executor_(executor),
      rng_(seed),
      log_("kafka.coordinator.group.GroupCoordinator", fmt::format("GroupCoordinator {}", replicas.self())) {}

GroupCoordinator::~GroupCoordinator() { executor_.cancel(expiry_timer_); }

void GroupCoordinator::startup() {
  active_ = true;
  schedule_expiry();
  log_.info("Startup complete.");
}

void GroupCoordinator::shutdown() {
  active_ = false;
  executor_.cancel(expiry_timer_);
  expiry_timer_ = 0;
}

void GroupCoordinator::schedule_expiry() {
  expiry_timer_ = executor_.after(ms(config_.retention_check_interval_ms), [this, w = std::weak_ptr<int>(alive_)] {
    if (w.expired() || !active_) return;
    expire_offsets({executor_.now(), &executor_});
    schedule_expiry();
  });
}

// ---- who is responsible ----

int32_t GroupCoordinator::partition_of(const std::string& group) const {
  const MetadataImagePtr image = replicas_.image();
  const TopicInfo* topic = image->topic(kOffsetsTopic);
  const bool known = topic && !topic->partitions.empty();
  return coordinator_partition(group, known ? static_cast<int32_t>(topic->partitions.size()) : config_.partitions);
}

ErrorCode GroupCoordinator::check(const std::string& group, EmptyId empty) const {
  if (group.empty() && empty == EmptyId::kRefused) return ErrorCode::kInvalidGroupId;
  if (!active_) return ErrorCode::kCoordinatorNotAvailable;
  const int32_t partition = partition_of(group);
  const Ownership ownership = partitions_.with([&](const auto& all) {
    const auto it = all.find(partition);
    return it == all.end() ? Ownership::kNone : it->second.ownership;
  });
  if (ownership == Ownership::kLoading) return ErrorCode::kCoordinatorLoadInProgress;
  return ownership == Ownership::kOwned ? ErrorCode::kNone : ErrorCode::kNotCoordinator;
}

GroupCoordinator::SlotPtr GroupCoordinator::find(const std::string& group) const {
  return groups_[std::hash<std::string>{}(group) % kShards].with([&](const Groups& g) -> SlotPtr {
    const auto it = g.find(group);
    return it == g.end() ? nullptr : it->second;
  });
}

GroupCoordinator::SlotPtr GroupCoordinator::find_or_create(const std::string& group, Now now) {
  return groups_[std::hash<std::string>{}(group) % kShards].with([&](Groups& g) {
    SlotPtr& slot = g[group];
    if (!slot) slot = std::make_shared<Guarded<Slot>>(Group(group, config_.group, now));
    return slot;
  });
}

size_t GroupCoordinator::size() const {
  size_t out = 0;
  for (const auto& shard : groups_) out += shard.with([](const Groups& g) { return g.size(); });
  return out;
}

// ---- steps, appends, timers ----

void GroupCoordinator::arm(const SlotPtr& slot, TimePoint when) {
  executor_.post([this, weak = std::weak_ptr(slot), when, w = std::weak_ptr<int>(alive_)] {
    if (w.expired()) return;
    executor_.at(when, [this, weak, when, w] {
      const SlotPtr live = weak.lock();
      if (w.expired() || !live) return;
      const Now now = executor_.now();
      // An earlier alarm may have been set meanwhile; only the one that stands fires.
      const bool mine = live->with([&](Slot& s) {
        if (s.armed != when) return false;
        s.armed = TimePoint::max();
        return true;
      });
      if (mine) {
        step(live, {now, &executor_}, [&](Group& group, GroupEffects& out) { group.on_tick(now, out); });
      }
    });
  });
}

void GroupCoordinator::drain(const SlotPtr& slot, Caller from) {
  // One appender at a time: the group's records stand in the log in the order of its states.
  for (;;) {
    std::string id;
    std::optional<GroupAppend> item = slot->with([&](Slot& s) -> std::optional<GroupAppend> {
      if (s.group.outbox().empty()) {
        s.draining = false;
        return std::nullopt;
      }
      id = s.group.id();
      GroupAppend front = std::move(s.group.outbox().front());
      s.group.outbox().pop_front();
      return front;
    });
    if (!item) return;
    append(slot, std::move(id), std::move(*item), from);
  }
}

Slice GroupCoordinator::encode(const std::string& group, const GroupAppend& item, int64_t timestamp) const {
  kafka::BatchOptions options;
  options.codec = config_.codec;
  kafka::BatchBuilder builder(options);
  if (item.group) {
    const Slice key = kafka::encode_versioned(kafka::GroupMetadataKey{group}, 2);
    const Slice value = kafka::encode_versioned(*item.group, config_.group_value_version);
    builder.append(timestamp, key.bytes(), value.bytes());
  }
  for (const auto& [tp, offset] : item.offsets) {
    const Slice key = kafka::encode_versioned(kafka::OffsetCommitKey{group, tp.topic, tp.partition}, 1);
    kafka::OffsetCommitValue v;
    v.offset = offset.offset;
    v.leader_epoch = offset.leader_epoch;
    v.metadata = offset.metadata;
    v.commit_timestamp = offset.commit_ms;
    v.expire_timestamp = offset.expire_ms;
    // An explicit retention is known to version 1 alone.
    const int16_t version = offset.expire_ms >= 0 ? int16_t{1} : config_.offset_value_version;
    const Slice value = kafka::encode_versioned(v, version);
    builder.append(timestamp, key.bytes(), value.bytes());
  }
  return builder.finish();
}

void GroupCoordinator::append(const SlotPtr& slot, std::string group, GroupAppend item, Caller from) {
  Slice records = encode(group, item, from.now.wall_ms);
  const bool own_record = item.group.has_value();
  AppendOptions options;
  options.acks = config_.commit_required_acks;
  options.timeout = ms(config_.commit_timeout_ms);
  options.origin = AppendOrigin::kCoordinator;
  options.internal_topics_allowed = true;
  std::vector<AppendEntry> entries;
  entries.push_back({kOffsetsTopic, partition_of(group), std::move(records)});
  // While append has not returned, the time of the request is the present; later it is the executor's.
  static thread_local char here;
  const char* const caller_thread = &here;
  const auto at_once = std::make_shared<std::atomic<bool>>(true);
  auto finish = [this, slot, own_record, done = std::move(item.done)](const AppendOutcome& outcome, Caller at) mutable {
    const ErrorCode error = own_record ? store_error(outcome.code) : commit_error(outcome.code);
    step(slot, at, [&](Group& g, GroupEffects& out) { done(&g, error, outcome.base_offset, at.now, out); });
  };
  replicas_.append(
      *from.executor, options, std::move(entries), from.now,
      [this, at_once, caller_thread, from, finish = std::move(finish),
       w = std::weak_ptr<int>(alive_)](std::vector<AppendOutcome> outcomes) mutable {
        if (w.expired()) return;
        if (at_once->load() && caller_thread == &here) {
          finish(outcomes.at(0), from);
          return;
        }
        executor_.post([this, w, outcome = std::move(outcomes.at(0)), finish = std::move(finish)]() mutable {
          if (!w.expired()) finish(outcome, {executor_.now(), &executor_});
        });
      });
  at_once->store(false);
}

void GroupCoordinator::tombstones(const SlotPtr& slot, const std::vector<TopicPartition>& removed, Caller from) {
  std::string id;
  bool dead = false;
  int32_t generation = 0;
  slot->with([&](Slot& s) {
    id = s.group.id();
    if (s.group.is(GroupState::kEmpty) && !s.group.has_offsets()) s.group.die(from.now);
    dead = s.group.is(GroupState::kDead);
    generation = s.group.generation();
  });
  kafka::BatchBuilder builder;
  for (const TopicPartition& tp : removed) {
    const Slice key = kafka::encode_versioned(kafka::OffsetCommitKey{id, tp.topic, tp.partition}, 1);
    builder.append(from.now.wall_ms, key.bytes(), std::nullopt);
  }
  if (dead) {
    // Groups of generation 0 only stored offsets and have no record of their own.
    if (generation > 0) {
      const Slice key = kafka::encode_versioned(kafka::GroupMetadataKey{id}, 2);
      builder.append(from.now.wall_ms, key.bytes(), std::nullopt);
    }
    log_.info("Group {} transitioned to Dead in generation {}", id, generation);
  }
  if (!builder.empty()) {
    AppendOptions options;
    options.acks = 0;  // lost ones are written again by the next sweep
    options.origin = AppendOrigin::kCoordinator;
    options.internal_topics_allowed = true;
    std::vector<AppendEntry> entries;
    entries.push_back({kOffsetsTopic, partition_of(id), builder.finish()});
    replicas_.append(*from.executor, options, std::move(entries), from.now, [](const std::vector<AppendOutcome>&) {});
  }
  if (!dead) return;
  // Last: a new group of this name must write behind the tombstones, not before them.
  groups_[std::hash<std::string>{}(id) % kShards].with([&](Groups& g) {
    if (const auto it = g.find(id); it != g.end() && it->second == slot) g.erase(it);
  });
}

void GroupCoordinator::expire_offsets(Caller from) {
  std::vector<SlotPtr> all;
  for (auto& shard : groups_) {
    shard.with([&](Groups& g) {
      for (auto& [id, slot] : g) all.push_back(slot);
    });
  }
  size_t count = 0;
  for (const SlotPtr& slot : all) {
    bool empty = false;
    const auto removed = slot->with([&](Slot& s) {
      auto expired = s.group.remove_expired(from.now.wall_ms, config_.offsets_retention_ms);
      empty = s.group.is(GroupState::kEmpty) && !s.group.has_offsets();
      return expired;
    });
    count += removed.size();
    if (!removed.empty() || empty) tombstones(slot, removed, from);
  }
  if (count > 0) log_.info("Removed {} expired offsets", count);
}

void GroupCoordinator::on_topics_deleted(const std::vector<std::string>& topics) {
  const Caller from{executor_.now(), &executor_};
  std::vector<SlotPtr> all;
  for (auto& shard : groups_) {
    shard.with([&](Groups& g) {
      for (auto& [id, slot] : g) all.push_back(slot);
    });
  }
  for (const SlotPtr& slot : all) {
    const auto removed = slot->with([&](Slot& s) {
      std::vector<TopicPartition> gone;
      for (const auto& [tp, value] : s.group.offsets()) {
        if (std::ranges::find(topics, tp.topic) != topics.end()) gone.push_back(tp);
      }
      return s.group.remove_offsets(gone);
    });
    if (!removed.empty()) tombstones(slot, removed, from);
  }
}

}  // namespace kz::broker
