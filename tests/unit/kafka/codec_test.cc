// The codec's rules that no round trip shows: tags, nulls that start late, what is dropped, shared slices, linked
// files. Rules: KIP-482 and the generated readers and writers of Kafka 3.4.0 (MessageDataGenerator.java).
#include <doctest/doctest.h>

#include "core/bytes/writer.h"
#include "core/kafka/consumer_protocol.h"
#include "core/kafka/header.h"
#include "core/kafka/message/api_versions.h"
#include "core/kafka/message/create_topics.h"
#include "core/kafka/message/fetch.h"
#include "core/kafka/message/heartbeat.h"
#include "core/kafka/message/metadata.h"
#include "core/kafka/message/offset_commit.h"
#include "core/kafka/message/produce.h"
#include "core/kafka/message/sasl_authenticate.h"
#include "core/kafka/storage_format/group_records.h"

using namespace kz;
using namespace kz::kafka;

namespace {

template <class M>
Result<M> decode(const Slice& bytes, int16_t version) {
  Reader reader(bytes);
  return decode_body<M>(reader, version);
}

Slice sample_heartbeat_v4(auto&& tags) {
  Buffer b;
  b.uvarint(3), b.raw("gr");
  b.i32(7);
  b.uvarint(2), b.raw("m");
  b.uvarint(0);  // null group instance id
  tags(b);
  return b.to_slice();
}

}  // namespace

TEST_CASE("unknown tagged fields are skipped, broken ones are errors") {
  const auto good = decode<HeartbeatRequest>(sample_heartbeat_v4([](Buffer& b) {
                                               b.uvarint(2);
                                               b.uvarint(5), b.uvarint(3), b.raw("abc");
                                               b.uvarint(1000), b.uvarint(0);
                                             }),
                                             4);
  REQUIRE(good);
  CHECK(good->group_id == "gr");
  CHECK(good->generation_id == 7);
  CHECK_FALSE(good->group_instance_id);
  CHECK_FALSE(decode<HeartbeatRequest>(sample_heartbeat_v4([](Buffer& b) {
                                         b.uvarint(1);
                                         b.uvarint(5), b.uvarint(4), b.raw("abc");
                                       }),
                                       4));
  CHECK_FALSE(decode<HeartbeatRequest>(sample_heartbeat_v4([](Buffer& b) { b.uvarint(UINT32_MAX); }), 4));
}

TEST_CASE("tagged fields are written by tag and only when not default") {
  ApiVersionsResponse response;
  const size_t bare = encode_body(response, 3).size();
  CHECK(encode_body(response, 3).bytes().back() == std::byte{0});
  response.finalized_features_epoch = 5;
  response.zk_migration_ready = true;
  Buffer expected;
  expected.i16(0), expected.uvarint(1), expected.i32(0);
  expected.uvarint(2);
  expected.uvarint(1), expected.uvarint(8), expected.i64(5);
  expected.uvarint(3), expected.uvarint(1), expected.u8(1);
  CHECK(encode_body(response, 3).text() == as_text(expected.bytes()));
  CHECK(encode_body(response, 3).size() > bare);
  CHECK(encode_body(response, 2).size() == 2 + 4 + 4);  // no tags before v3
}

TEST_CASE("a tagged field whose size lies is an error") {
  Buffer b;
  b.i16(0), b.uvarint(1), b.i32(0);
  b.uvarint(1);
  b.uvarint(1), b.uvarint(9), b.i64(5), b.u8(0);  // an epoch of 9 bytes
  CHECK_FALSE(decode<ApiVersionsResponse>(b.to_slice(), 3));
}

TEST_CASE("null is accepted from the version that allows it") {
  Buffer null;
  null.i32(-1);
  CHECK_FALSE(decode<MetadataRequest>(null.to_slice(), 0));
  const auto all = decode<MetadataRequest>(null.to_slice(), 1);
  REQUIRE(all);
  CHECK_FALSE(all->topics);

  MetadataRequest request;
  CHECK(request.topics);  // declared default: empty, not null
  request.topics.reset();
  CHECK_FALSE(check(request, 0));
  CHECK(check(request, 1));
  Buffer empty;
  empty.i32(0);
  CHECK(encode_body(request, 0).text() == as_text(empty.bytes()));
  CHECK(encode_body(request, 1).text() == as_text(null.bytes()));
}

TEST_CASE("fields that a version lacks keep their declared defaults") {
  OffsetCommitRequest request;
  request.group_id = "g";
  request.topics.push_back({.name = "t", .partitions = {{.partition_index = 1, .committed_offset = 9}}});
  const auto old = decode<OffsetCommitRequest>(encode_body(request, 0), 0);
  REQUIRE(old);
  CHECK(old->generation_id == -1);
  CHECK(old->retention_time_ms == -1);
  CHECK(old->topics[0].partitions[0].committed_leader_epoch == -1);
  CHECK(old->topics[0].partitions[0].commit_timestamp == -1);
}

TEST_CASE("check names the field that a version would lose, unless it is ignorable") {
  CreateTopicsRequest request;
  request.validate_only = true;
  const Status lost = check(request, 0);
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == Errc::kUnsupportedVersion);
  CHECK(std::string(lost.error().what) == "validateOnly");
  CHECK(check(request, 1));

  FetchResponse response;
  response.throttle_time_ms = 100;  // ignorable
  CHECK(check(response, 0));
  response.responses.emplace_back().partitions.emplace_back().preferred_read_replica = 2;  // not ignorable
  CHECK_FALSE(check(response, 10));
  CHECK(check(response, 11));
  response.responses[0].partitions[0].preferred_read_replica = -1;
  response.responses[0].partitions[0].diverging_epoch.epoch = 3;  // a tagged struct
  CHECK_FALSE(check(response, 11));
  CHECK(check(response, 12));

  HeartbeatRequest heartbeat;
  heartbeat.group_id.assign(kStringBytesMax + 1, 'x');
  const Status long_name = check(heartbeat, 4);
  REQUIRE_FALSE(long_name);
  CHECK(long_name.error().code == Errc::kTooLarge);
  const auto cut = decode<HeartbeatRequest>(encode_body(heartbeat, 4), 4);
  REQUIRE(cut);
  CHECK(cut->group_id.size() == kStringBytesMax);
}

TEST_CASE("array counts that cannot be true are refused before memory is taken") {
  for (const int32_t count : {-2, 5, 1 << 20, INT32_MAX}) {
    Buffer b;
    b.i32(count);
    b.i64(0);
    CAPTURE(count);
    CHECK_FALSE(decode<MetadataRequest>(b.to_slice(), 1));
  }
  Buffer compact;
  compact.uvarint(UINT32_MAX);
  CHECK_FALSE(decode<MetadataRequest>(compact.to_slice(), 9));
  Buffer records;  // longer than an int32 can say
  records.uvarint(0), records.i16(-1), records.i32(30);
  records.uvarint(2), records.uvarint(2), records.raw("t"), records.uvarint(2), records.i32(0);
  records.uvarint(UINT32_MAX), records.u8(0);
  CHECK_FALSE(decode<ProduceRequest>(records.to_slice(), 9));
}

TEST_CASE("record data decodes to a slice of the frame") {
  ProduceRequest request;
  request.topic_data.push_back({.name = "t", .partition_data = {{.index = 0, .records = Slice::copy_of("batch")}}});
  for (int16_t version : {int16_t{3}, int16_t{9}}) {
    const Slice frame = encode_body(request, version);
    const auto decoded = decode<ProduceRequest>(frame, version);
    REQUIRE(decoded);
    const auto& records = decoded->topic_data[0].partition_data[0].records;
    REQUIRE(records);
    CHECK(records->text() == "batch");
    CHECK(records->data() >= frame.data());
    CHECK(records->data() + records->size() <= frame.data() + frame.size());
  }
}

TEST_CASE("a fetch response links record data in and copies none") {
  FetchResponse response;
  auto& partitions = response.responses.emplace_back(FetchResponse::FetchableTopicResponse{.topic = "t"}).partitions;
  const Slice first = Slice::copy_of("first batch");
  Chain mixed;
  mixed.append(first);
  mixed.append(FileSlice{.fd = 99, .position = 4096, .size = 70000, .keepalive = nullptr});
  partitions.push_back({.partition_index = 0, .records = RecordsOut(mixed)});
  partitions.push_back({.partition_index = 1, .records = RecordsOut(Chain())});
  partitions.push_back({.partition_index = 2, .records = RecordsOut()});
  partitions.push_back({.partition_index = 3, .records = RecordsOut(Chain(first))});
  for (int16_t version : {int16_t{4}, int16_t{11}, int16_t{12}}) {
    CAPTURE(version);
    const Chain chain = encode_response(77, version, response);
    // block | first | file | block | first, and in flexible versions the closing tags
    REQUIRE(chain.pieces().size() >= 5);
    CHECK(std::get<Slice>(chain.pieces()[1]).data() == first.data());
    CHECK(std::get<FileSlice>(chain.pieces()[2]).size == 70000);
    CHECK(std::get<Slice>(chain.pieces()[4]).data() == first.data());
    // Stand in for the file, and read it all back.
    std::string wire;
    for (const auto& piece : chain.pieces()) {
      if (const auto* slice = std::get_if<Slice>(&piece))
        wire += slice->text();
      else
        wire.append(70000, 'f');
    }
    CHECK(wire.size() == chain.size());
    const Slice frame = Slice::copy_of(wire);
    Reader reader(frame);
    REQUIRE(decode_response_header(reader, FetchResponse::kApiKey, version) == 77);
    const auto decoded = decode_body<FetchResponse>(reader, version);
    REQUIRE(decoded);
    CHECK(reader.at_end());
    const auto& back = decoded->responses[0].partitions;
    REQUIRE(back.size() == 4);
    CHECK(back[0].records.size() == 70000 + first.size());
    CHECK(back[0].records.slice().sub(0, first.size()).text() == "first batch");
    CHECK_FALSE(back[1].records.is_null());
    CHECK(back[1].records.size() == 0);
    CHECK(back[2].records.is_null());
    CHECK(back[3].records.slice().text() == "first batch");
  }
}

TEST_CASE("json is one line with Kafka's names, and keeps secrets") {
  HeartbeatRequest request{.group_id = "g\"\x01\xff", .generation_id = 3, .member_id = "m", .group_instance_id = {}};
  CHECK(to_json(request, 0) == R"({"groupId":"g\"\u0001�","generationId":3,"memberId":"m"})");
  CHECK(to_json(request, 3) == R"({"groupId":"g\"\u0001�","generationId":3,"memberId":"m","groupInstanceId":null})");
  SaslAuthenticateRequest sasl;
  sasl.auth_bytes = Slice::copy_of(std::string_view("\0alice\0secret", 13));
  CHECK(to_json(sasl, 2) == R"({"authBytes":"***"})");
}

TEST_CASE("stored keys tell offsets from groups, and unknown versions apart from broken ones") {
  const auto offset = decode_group_key(encode_versioned(OffsetCommitKey{"g", "t", 4}, 1));
  REQUIRE(offset);
  CHECK(std::get<OffsetCommitKey>(*offset).partition == 4);
  const auto group = decode_group_key(encode_versioned(GroupMetadataKey{"g"}, 2));
  REQUIRE(group);
  CHECK(std::get<GroupMetadataKey>(*group).group == "g");
  Buffer later;
  later.i16(3), later.raw("whatever");
  CHECK(decode_group_key(later.to_slice()).error().code == Errc::kUnsupportedVersion);
  CHECK(decode_group_key(Slice::copy_of("\x01")).error().code == Errc::kMalformed);
  Buffer negative;
  negative.i16(-1);
  CHECK_FALSE(decode_group_key(negative.to_slice()));
}

TEST_CASE("consumer protocol: versions to come are read as the newest known one") {
  ConsumerProtocolSubscription mine{
      .topics = {"a"}, .user_data = {}, .owned_partitions = {{"a", {1}}}, .generation_id = 9, .rack_id = "r"};
  Slice bytes = encode_subscription(mine);
  Buffer newer;
  newer.i16(7), newer.raw(bytes.sub(2).bytes()), newer.raw("appended later");
  const auto read = decode_subscription(newer.to_slice());
  REQUIRE(read);
  CHECK(read->topics == mine.topics);
  CHECK(read->generation_id == 9);
  CHECK(read->rack_id == "r");
  Buffer negative;
  negative.i16(-1), negative.raw(bytes.sub(2).bytes());
  CHECK_FALSE(decode_subscription(negative.to_slice()));
  CHECK_FALSE(decode_assignment(Slice()));
}
