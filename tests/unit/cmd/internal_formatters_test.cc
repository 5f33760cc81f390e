// Formatters of internal topics and the dialect of --include, against what Apache Kafka 3.4.0 (Scala 2.13) printed for
// the same records and what java.util.regex says.
#include "cmd/internal_formatters.h"

#include <doctest/doctest.h>

#include "cmd/java_regex.h"
#include "core/kafka/storage_format/group_records.h"
#include "core/kafka/storage_format/transaction_records.h"

namespace kz::cmd {
namespace {

constexpr const char* kOffsets = "kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter";
constexpr const char* kGroups = "kafka.coordinator.group.GroupMetadataManager$GroupMetadataMessageFormatter";
constexpr const char* kTransactions = "kafka.coordinator.transaction.TransactionLog$TransactionLogMessageFormatter";

std::string print(const char* name, const Slice& key, const std::optional<Slice>& value) {
  client::ConsumedRecord record;
  record.has_key = true;
  record.key = key.bytes();
  record.has_value = value.has_value();
  if (value) record.value = value->bytes();
  std::string out;
  const auto formatter = make_internal_formatter(name);
  REQUIRE(formatter);
  const auto ok = formatter->write("__consumer_offsets", 3, record, out);
  return ok ? out : ok.error().exception + ": " + ok.error().message;
}

TEST_CASE("committed offsets") {
  const Slice key = kafka::encode_versioned(kafka::OffsetCommitKey{"g", "t", 2}, 1);
  kafka::OffsetCommitValue value;
  value.offset = 7;
  value.metadata = "m";
  value.commit_timestamp = 1700000000000;
  CHECK(print(kOffsets, key, kafka::encode_versioned(value, 3)) ==
        "[g,t,2]::OffsetAndMetadata(offset=7, leaderEpoch=Optional.empty, metadata=m, commitTimestamp=1700000000000, "
        "expireTimestamp=None)\n");
  value.leader_epoch = 4;
  CHECK(print(kOffsets, key, kafka::encode_versioned(value, 3)).find("leaderEpoch=Optional[4],") != std::string::npos);
  value.leader_epoch = -1;
  value.expire_timestamp = 1800000000000;
  CHECK(print(kOffsets, key, kafka::encode_versioned(value, 1)).ends_with("expireTimestamp=Some(1800000000000))\n"));
  CHECK(print(kOffsets, key, std::nullopt) == "[g,t,2]::NULL\n");
  CHECK(print(kGroups, key, std::nullopt).empty());
  CHECK(print(kOffsets, key, Slice::copy_of(std::string_view("\0\x09", 2))) ==
        "java.lang.IllegalStateException: Unknown offset message version: 9");
}

TEST_CASE("groups: members in the order of Scala's hash map") {
  const Slice key = kafka::encode_versioned(kafka::GroupMetadataKey{"g"}, 2);
  kafka::GroupMetadataValue value;
  value.protocol_type = "consumer";
  value.generation = 3;
  value.protocol = "range";
  value.leader = "b";
  for (const char* id : {"b", "a"}) {
    auto& m = value.members.emplace_back();
    m.member_id = id;
    m.client_id = "c";
    m.client_host = "/127.0.0.1";
    m.session_timeout = 10000;
    m.rebalance_timeout = 60000;
  }
  value.members[1].group_instance_id = "i";
  CHECK(print(kGroups, key, kafka::encode_versioned(value, 3)) ==
        "g::GroupMetadata(groupId=g, generation=3, protocolType=Some(consumer), currentState=Stable, members=HashMap("
        "a -> MemberMetadata(memberId=a, groupInstanceId=Some(i), clientId=c, clientHost=/127.0.0.1, "
        "sessionTimeoutMs=10000, rebalanceTimeoutMs=60000, supportedProtocols=List(range)), "
        "b -> MemberMetadata(memberId=b, groupInstanceId=None, clientId=c, clientHost=/127.0.0.1, "
        "sessionTimeoutMs=10000, rebalanceTimeoutMs=60000, supportedProtocols=List(range))))\n");
  // Enough members for the table to grow; the order is what Scala's own map printed.
  value.members.assign(13, value.members[0]);
  for (size_t i = 0; i < 13; ++i) value.members[i].member_id = "consumer-" + std::to_string(i * 7919) + "-x";
  const std::string many = print(kGroups, key, kafka::encode_versioned(value, 3));
  size_t at = 0;
  for (const char* n : {"87109", "47514", "23757", "0", "39595", "63352", "79190", "31676", "7919", "15838", "95028",
                        "55433", "71271"}) {
    const size_t found = many.find("consumer-" + std::string(n) + "-x -> ");
    REQUIRE(found != std::string::npos);
    CHECK(found > at);
    at = found;
  }
  value.members.clear();
  CHECK(print(kGroups, key, kafka::encode_versioned(value, 3)) ==
        "g::GroupMetadata(groupId=g, generation=3, protocolType=Some(consumer), currentState=Empty, "
        "members=HashMap())\n");
  CHECK(print(kGroups, key, std::nullopt) == "g::NULL\n");
  CHECK(print(kOffsets, key, std::nullopt).empty());
}

TEST_CASE("transactions") {
  const Slice key = kafka::encode_versioned(kafka::TransactionLogKey{"x"}, 0);
  kafka::TransactionLogValue value;
  value.producer_id = 5;
  value.producer_epoch = 1;
  value.transaction_timeout_ms = 60000;
  value.transaction_status = 1;
  value.transaction_partitions =
      std::vector<kafka::TransactionLogValue::PartitionsSchema>{{"t", {0, 1, 2, 3, 4}}, {"orders", {3}}};
  value.transaction_start_timestamp_ms = 10;
  value.transaction_last_update_timestamp_ms = 20;
  CHECK(print(kTransactions, key, kafka::encode_versioned(value, 0)) ==
        "x::TransactionMetadata(transactionalId=x, producerId=5, producerEpoch=1, txnTimeoutMs=60000, state=Ongoing, "
        "pendingState=None, topicPartitions=HashSet(t-4, t-3, t-2, t-1, t-0, orders-3), txnStartTimestamp=10, "
        "txnLastUpdateTimestamp=20)\n");
  CHECK(print(kTransactions, key, std::nullopt) == "x::NULL\n");
}

TEST_CASE("regular expressions of topics are Java's") {
  const auto matches = [](const std::string& regex, const std::string& topic) {
    const auto compiled = JavaRegex::compile(regex);
    REQUIRE_MESSAGE(compiled.has_value(), regex);
    return compiled->matches(topic);
  };
  CHECK(matches("t.*", "topic"));
  CHECK_FALSE(matches("opi", "topic"));  // the whole name
  CHECK(matches("(?!__).*", "orders"));
  CHECK_FALSE(matches("(?!__).*", "__consumer_offsets"));
  CHECK(matches("(?<=x)?a|(?i)ORDERS", "orders"));
  CHECK(matches(".*(?<!-dlq)", "orders"));
  CHECK_FALSE(matches(".*(?<!-dlq)", "orders-dlq"));
  CHECK(matches("\\Qa.b\\E-\\d+", "a.b-12"));
  CHECK_FALSE(matches("\\Qa.b\\E", "axb"));
  CHECK(matches("\\p{Lower}++\\p{Digit}*", "abc1"));
  CHECK(matches("(?<first>a+)-\\k<first>", "aa-aa"));
  CHECK(matches("[a-z&]+", "a&b"));
  CHECK_FALSE(JavaRegex::compile("(").has_value());
  CHECK_FALSE(JavaRegex::compile("*a").has_value());
  CHECK(JavaRegex::compile("[a-z&&[^b]]").error() == "&& in a character class is not supported");
  CHECK(JavaRegex::compile("[a[bc]]").error() == "a character class within a class is not supported");
}

}  // namespace
}  // namespace kz::cmd
