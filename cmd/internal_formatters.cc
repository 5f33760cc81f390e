#include "cmd/internal_formatters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/kafka/storage_format/group_records.h"
#include "core/kafka/storage_format/transaction_records.h"

namespace kz::cmd {
namespace {

using Written = std::expected<void, Uncaught>;

// java.lang.String.hashCode, of text in the basic plane's ASCII part; other characters count by their bytes, which
// only changes the order in which equals are listed.
uint32_t java_hash(std::string_view text) {
  uint32_t h = 0;
  for (const char c : text) h = 31 * h + static_cast<uint8_t>(c);
  return h;
}

// The order of scala.collection.mutable.HashMap and HashSet @ 2.13: buckets of a table that starts at 16 and doubles at
// three quarters, within a bucket by hash.
template <class T, class Hash>
void scala_order(std::vector<T>& items, Hash hash) {
  uint32_t buckets = 16;
  while (items.size() >= buckets / 4 * 3) buckets *= 2;
  const auto key = [&](const T& item) {
    const uint32_t h = hash(item);
    const uint32_t improved = h ^ (h >> 16);
    return std::pair(improved & (buckets - 1), static_cast<int32_t>(improved));
  };
  std::ranges::stable_sort(items, {}, key);
}

std::string option(const std::optional<std::string>& value) { return value ? "Some(" + *value + ")" : "None"; }

std::unexpected<Uncaught> cannot_read(const std::string& message) {
  return std::unexpected(Uncaught{"java.lang.IllegalStateException", message, {}, {}});
}
int16_t version_of(Bytes bytes) {
  if (bytes.size() < 2) return -1;
  return static_cast<int16_t>(static_cast<uint16_t>(bytes[0]) << 8 | static_cast<uint16_t>(bytes[1]));
}

class OffsetsFormatter final : public MessageFormatter {
 public:
  Written write(const std::string&, int32_t, const client::ConsumedRecord& record, std::string& out) override {
    if (!record.has_key) return {};
    const auto key = kafka::decode_group_key(Slice::copy_of(record.key));
    const auto* offset = key ? std::get_if<kafka::OffsetCommitKey>(&*key) : nullptr;
    if (offset == nullptr) return {};
    std::string value = "NULL";
    if (record.has_value) {
      const auto v = kafka::decode_versioned<kafka::OffsetCommitValue>(Slice::copy_of(record.value));
      if (!v) return cannot_read(fmt::format("Unknown offset message version: {}", version_of(record.value)));
      value = fmt::format(
          "OffsetAndMetadata(offset={}, leaderEpoch={}, metadata={}, commitTimestamp={}, expireTimestamp={})",
          v->offset, v->leader_epoch < 0 ? "Optional.empty" : fmt::format("Optional[{}]", v->leader_epoch), v->metadata,
          v->commit_timestamp, v->expire_timestamp == -1 ? "None" : fmt::format("Some({})", v->expire_timestamp));
    }
    out += fmt::format("[{},{},{}]::{}\n", offset->group, offset->topic, offset->partition, value);
    return {};
  }
};

class GroupMetadataFormatter final : public MessageFormatter {
 public:
  Written write(const std::string&, int32_t, const client::ConsumedRecord& record, std::string& out) override {
    if (!record.has_key) return {};
    const auto key = kafka::decode_group_key(Slice::copy_of(record.key));
    const auto* group = key ? std::get_if<kafka::GroupMetadataKey>(&*key) : nullptr;
    if (group == nullptr) return {};
    std::string value = "NULL";
    if (record.has_value) {
      auto v = kafka::decode_versioned<kafka::GroupMetadataValue>(Slice::copy_of(record.value));
      const int16_t version = version_of(record.value);
      if (!v) return cannot_read(fmt::format("Unknown group metadata message version: {}", version));
      scala_order(v->members, [](const auto& m) { return java_hash(m.member_id); });
      std::string members;
      for (const auto& m : v->members) {
        members += fmt::format(
            "{}{} -> MemberMetadata(memberId={}, groupInstanceId={}, clientId={}, clientHost={}, sessionTimeoutMs={}, "
            "rebalanceTimeoutMs={}, supportedProtocols=List({}))",
            members.empty() ? "" : ", ", m.member_id, m.member_id, option(m.group_instance_id), m.client_id,
            m.client_host, m.session_timeout, version == 0 ? m.session_timeout : m.rebalance_timeout,
            v->protocol.value_or("null"));
      }
      value =
          fmt::format("GroupMetadata(groupId={}, generation={}, protocolType={}, currentState={}, members=HashMap({}))",
                      group->group, v->generation, v->protocol_type.empty() ? "None" : "Some(" + v->protocol_type + ")",
                      v->members.empty() ? "Empty" : "Stable", members);
    }
    out += group->group + "::" + value + "\n";
    return {};
  }
};

class TransactionLogFormatter final : public MessageFormatter {
 public:
  Written write(const std::string&, int32_t, const client::ConsumedRecord& record, std::string& out) override {
    static constexpr const char* kStates[] = {"Empty",          "Ongoing",       "PrepareCommit", "PrepareAbort",
                                              "CompleteCommit", "CompleteAbort", "Dead",          "PrepareEpochFence"};
    if (!record.has_key) return {};
    const auto key = kafka::decode_versioned<kafka::TransactionLogKey>(Slice::copy_of(record.key));
    if (!key) {
      return cannot_read(fmt::format("Unknown version {} from the transaction log message", version_of(record.key)));
    }
    std::string value = "NULL";
    if (record.has_value) {
      const auto v = kafka::decode_versioned<kafka::TransactionLogValue>(Slice::copy_of(record.value));
      if (!v) {
        return cannot_read(
            fmt::format("Unknown version {} from the transaction log message value", version_of(record.value)));
      }
      const auto state = static_cast<size_t>(v->transaction_status);
      if (v->transaction_status < 0 || state >= std::size(kStates)) {
        return cannot_read(
            fmt::format("Unknown transaction state id {} from the transaction status message", v->transaction_status));
      }
      value = fmt::format(
          "TransactionMetadata(transactionalId={}, producerId={}, producerEpoch={}, txnTimeoutMs={}, state={}, "
          "pendingState=None, topicPartitions={}, txnStartTimestamp={}, txnLastUpdateTimestamp={})",
          key->transactional_id, v->producer_id, v->producer_epoch, v->transaction_timeout_ms, kStates[state],
          partitions(*v), v->transaction_start_timestamp_ms, v->transaction_last_update_timestamp_ms);
    }
    out += key->transactional_id + "::" + value + "\n";
    return {};
  }

 private:
  static std::string partitions(const kafka::TransactionLogValue& value) {
    std::vector<std::pair<std::string, int32_t>> all;
    if (value.transaction_status != 0 && value.transaction_partitions) {
      for (const auto& topic : *value.transaction_partitions) {
        for (const int32_t p : topic.partition_ids) all.emplace_back(topic.topic, p);
      }
    }
    // TopicPartition.hashCode.
    scala_order(all, [](const auto& tp) { return 31 * (31 + static_cast<uint32_t>(tp.second)) + java_hash(tp.first); });
    std::string out = "HashSet(";
    for (const auto& [topic, p] : all) out += fmt::format("{}{}-{}", out.ends_with('(') ? "" : ", ", topic, p);
    return out + ")";
  }
};

}  // namespace

std::unique_ptr<MessageFormatter> make_internal_formatter(const std::string& class_name) {
  if (class_name == "kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter") {
    return std::make_unique<OffsetsFormatter>();
  }
  if (class_name == "kafka.coordinator.group.GroupMetadataManager$GroupMetadataMessageFormatter") {
    return std::make_unique<GroupMetadataFormatter>();
  }
  if (class_name == "kafka.coordinator.transaction.TransactionLog$TransactionLogMessageFormatter") {
    return std::make_unique<TransactionLogFormatter>();
  }
  return nullptr;
}

}  // namespace kz::cmd
