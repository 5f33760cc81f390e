// Taking over and giving up partitions of __consumer_offsets. Source: GroupMetadataManager.doLoadGroupsAndOffsets,
// removeGroupsAndOffsets @ 3.4.0. Records of versions to come are skipped and logged; the original stops there.
#include "core/broker/group/coordinator.h"
#include "core/broker/topic_rules.h"
#include "core/bytes/writer.h"
#include "core/kafka/record/compress.h"
#include "core/kafka/record/control.h"

namespace kz::broker {

namespace {

// For stores that keep their logs in memory.
Result<Slice> in_memory(const Chain& chain) {
  Buffer out;
  for (const Chain::Piece& piece : chain.pieces()) {
    const auto* slice = std::get_if<Slice>(&piece);
    if (!slice) return fail(Errc::kIo, "log segments cannot be read into memory here");
    out.raw(slice->bytes());
  }
  return out.to_slice();
}

}  // namespace

struct GroupCoordinator::Loaded {
  std::map<std::string, kafka::GroupMetadataValue> groups;
  std::map<std::string, OffsetMap> offsets;                     // by group
  std::map<int64_t, std::map<std::string, OffsetMap>> pending;  // by producer, then group
  size_t skipped = 0;
  kafka::Decompressor decompressor;
};

void GroupCoordinator::on_leadership_change(const ReplicaManager::LeadershipChange& change) {
  for (const TopicPartition& tp : change.resigned) {
    if (tp.topic == kOffsetsTopic) unload(tp.partition);
  }
  std::vector<std::shared_ptr<Partition>> mine;
  for (const auto& partition : change.leaders) {
    if (partition->topic_partition().topic != kOffsetsTopic) continue;
    const LeaderEpoch epoch = partition->state().leader_epoch;
    const bool fresh = partitions_.with([&](auto& all) {
      OwnedPartition& p = all[partition->topic_partition().partition];
      if (epoch < p.epoch || p.ownership != Ownership::kNone) return false;
      p.epoch = epoch;
      p.ownership = Ownership::kLoading;
      return true;
    });
    if (fresh) mine.push_back(partition);
  }
  for (const auto& partition : mine) load(*partition);
}

void GroupCoordinator::load(Partition& partition) {
  // This thread has no clock; states keep the times of their records, and sessions begin on the executor.
  const Now now{};
  const int32_t index = partition.topic_partition().partition;
  Loaded loaded;
  if (!read_log(partition.log(), loaded)) {
    log_.error("Error loading offsets from {}-{}; what was read is served", kOffsetsTopic, index);
  }
  if (loaded.skipped > 0) {
    log_.warn("{} records of {}-{} have a version that this broker does not know; they were skipped", loaded.skipped,
              kOffsetsTopic, index);
  }
  // Tombstones may have emptied a group's offsets.
  std::erase_if(loaded.offsets, [](const auto& g) { return g.second.empty(); });
  std::map<std::string, std::map<int64_t, OffsetMap>> pending;
  for (auto& [producer, by_group] : loaded.pending) {
    for (auto& [group, offsets] : by_group) {
      if (!offsets.empty()) pending[group][producer] = std::move(offsets);
    }
  }
  std::map<std::string, Group> groups;
  for (auto& [id, value] : loaded.groups) groups.emplace(id, Group::from_record(id, config_.group, value, now));
  // Groups that only store offsets have no record of their own.
  for (auto& [id, offsets] : loaded.offsets) groups.try_emplace(id, id, config_.group, now);
  for (auto& [id, producers] : pending) groups.try_emplace(id, id, config_.group, now);
  for (auto& [id, group] : groups) {
    group.initialize_offsets(std::move(loaded.offsets[id]), std::move(pending[id]));
    auto slot = std::make_shared<Guarded<Slot>>(std::move(group));
    const bool added =
        groups_[std::hash<std::string>{}(id) % kShards].with([&](Groups& g) { return g.emplace(id, slot).second; });
    if (!added) continue;
    // Timers and a rebalance of a group above its limit belong to the executor.
    executor_.post([this, slot, w = std::weak_ptr<int>(alive_)] {
      if (w.expired()) return;
      const Now at = executor_.now();
      GroupEffects out;
      TimePoint due;
      slot->with([&](Slot& s) {
        s.group.loaded(at, out);
        due = s.armed = s.group.deadline();
      });
      for (auto& call : out.calls) call();
      if (due < TimePoint::max()) arm(slot, due);
    });
  }
  if (!groups.empty()) {
    log_.info("Finished loading offsets and group metadata from {}-{}: {} groups", kOffsetsTopic, index, groups.size());
  }
  partitions_.with([&](auto& all) {
    if (all[index].ownership == Ownership::kLoading) all[index].ownership = Ownership::kOwned;
  });
}

bool GroupCoordinator::read_log(PartitionLog& log, Loaded& into) const {
  Offset at = log.log_start_offset();
  const Offset end = log.log_end_offset();
  while (at < end) {
    auto read = log.read(at, config_.load_buffer_bytes, end, true);
    if (!read || read->records.empty()) return read.has_value();
    const Result<Slice> bytes = read_chain ? read_chain(read->records) : in_memory(read->records);
    if (!bytes) return false;
    const Offset before = at;
    size_t position = 0;
    while (const auto size = kafka::batch_size_at(bytes->bytes().subspan(position))) {
      if (static_cast<size_t>(*size) > bytes->size() - position) break;
      const Slice batch = bytes->sub(position, static_cast<size_t>(*size));
      position += static_cast<size_t>(*size);
      if (kafka::magic_at(batch.bytes()) != 2) {
        ++into.skipped;
        continue;
      }
      at = kafka::BatchView(batch.bytes()).last_offset() + 1;
      apply_batch(batch, into);
      if (position == bytes->size()) break;
    }
    if (at == before) return false;
  }
  return true;
}

void GroupCoordinator::apply_batch(const Slice& batch, Loaded& into) const {
  const kafka::BatchView view(batch.bytes());
  auto body = kafka::uncompressed_body(batch, into.decompressor, static_cast<size_t>(INT32_MAX));
  if (!body) {
    ++into.skipped;
    return;
  }
  kafka::RecordIterator records(view, body->bytes());
  kafka::RecordView record;
  Offset base = -1;
  while (records.next(record)) {
    if (view.control()) {
      const auto pending = into.pending.find(view.producer_id());
      if (pending == into.pending.end()) continue;
      const auto type = kafka::control_type(record);
      if (type && *type == kafka::ControlType::kCommit) {
        for (auto& [group, offsets] : pending->second) {
          for (auto& [tp, value] : offsets) {
            CommittedOffset& stored = into.offsets[group][tp];
            if (stored.batch < value.batch) stored = std::move(value);
          }
        }
      }
      into.pending.erase(pending);
      continue;
    }
    if (base < 0) base = record.offset;
    const auto key = record.has_key ? kafka::decode_group_key(Slice::copy_of(record.key)) : fail(Errc::kMalformed);
    if (!key) {
      ++into.skipped;
      continue;
    }
    const Slice value = record.has_value ? Slice::copy_of(record.value) : Slice{};
    if (const auto* group = std::get_if<kafka::GroupMetadataKey>(&*key)) {
      if (!record.has_value) {
        into.groups.erase(group->group);
        continue;
      }
      auto decoded = kafka::decode_versioned<kafka::GroupMetadataValue>(value);
      if (decoded) {
        into.groups[group->group] = std::move(*decoded);
      } else {
        ++into.skipped;
      }
      continue;
    }
    const auto& offset_key = std::get<kafka::OffsetCommitKey>(*key);
    OffsetMap& target =
        view.transactional() ? into.pending[view.producer_id()][offset_key.group] : into.offsets[offset_key.group];
    const TopicPartition tp{offset_key.topic, offset_key.partition};
    if (!record.has_value) {
      target.erase(tp);
      continue;
    }
    const auto decoded = kafka::decode_versioned<kafka::OffsetCommitValue>(value);
    if (!decoded) {
      ++into.skipped;
      continue;
    }
    CommittedOffset& stored = target[tp];
    stored.offset = decoded->offset;
    stored.leader_epoch = decoded->leader_epoch;
    stored.metadata = decoded->metadata;
    stored.commit_ms = decoded->commit_timestamp;
    stored.expire_ms = decoded->expire_timestamp;
    stored.batch = base;
  }
}

void GroupCoordinator::unload(int32_t partition) {
  partitions_.with([&](auto& all) { all[partition].ownership = Ownership::kNone; });
  std::vector<SlotPtr> gone;
  for (auto& shard : groups_) {
    shard.with([&](Groups& g) {
      for (auto it = g.begin(); it != g.end();) {
        if (partition_of(it->first) == partition) {
          gone.push_back(std::move(it->second));
          it = g.erase(it);
        } else {
          ++it;
        }
      }
    });
  }
  for (const SlotPtr& slot : gone) {
    GroupEffects out;
    slot->with([&](Slot& s) { s.group.unload(out); });
    for (auto& call : out.calls) call();
  }
  log_.info("Finished unloading {}-{}. Removed {} cached groups.", kOffsetsTopic, partition, gone.size());
}

}  // namespace kz::broker
