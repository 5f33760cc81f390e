// Request headers of clients of any age, and what is not a request. Rules: ApiMessageType.java @ 3.4.0 (generated),
// RequestHeader.java; KIP-511 for ApiVersions of the future.
#include <doctest/doctest.h>

#include "core/bytes/writer.h"
#include "core/kafka/api.h"
#include "core/kafka/header.h"
#include "core/kafka/message/controlled_shutdown.h"

using namespace kz;
using namespace kz::kafka;

namespace {

Result<RequestHeader> parse(const Buffer& b) {
  Reader reader(b.bytes());
  return decode_request_header(reader);
}

Buffer start(int16_t key, int16_t version) {
  Buffer b;
  b.i16(key), b.i16(version), b.i32(42);
  return b;
}

}  // namespace

TEST_CASE("header versions follow message and version") {
  CHECK(request_header_version(7, 0) == 0);
  CHECK(request_header_version(7, 1) == 1);
  CHECK(request_header_version(7, 3) == 2);
  CHECK(request_header_version(0, 8) == 1);
  CHECK(request_header_version(0, 9) == 2);
  CHECK(request_header_version(17, 1) == 1);  // SaslHandshake never becomes flexible
  CHECK(request_header_version(18, 99) == 2);
  CHECK(response_header_version(0, 9) == 1);
  CHECK(response_header_version(0, 8) == 0);
  CHECK(response_header_version(18, 3) == 0);
  CHECK(response_header_version(47, 0) == 0);
}

TEST_CASE("client ids: null, empty, absent; tagged fields skipped") {
  Buffer null = start(3, 1);
  null.i16(-1);
  REQUIRE(parse(null));
  CHECK_FALSE(parse(null)->client_id);
  Buffer empty = start(3, 1);
  empty.i16(0);
  CHECK(parse(empty)->client_id == "");
  Buffer tagged = start(3, 9);
  tagged.i16(2), tagged.raw("id"), tagged.uvarint(1), tagged.uvarint(9), tagged.uvarint(3), tagged.raw("xyz");
  Reader reader(tagged.bytes());
  const auto header = decode_request_header(reader);
  REQUIRE(header);
  CHECK(header->client_id == "id");
  CHECK(header->correlation_id == 42);
  CHECK(reader.at_end());
}

TEST_CASE("the header of an ApiVersions request of the future can be read") {
  Buffer b = start(18, 50);
  b.i16(1), b.raw("c"), b.uvarint(0), b.raw("fields that nobody here knows");
  const auto header = parse(b);
  REQUIRE(header);
  CHECK(header->api_version == 50);
}

TEST_CASE("what is not a request header is refused") {
  CHECK(parse(start(99, 0)).error().code == Errc::kUnsupportedVersion);
  CHECK(parse(start(-1, 0)).error().code == Errc::kUnsupportedVersion);
  CHECK(parse(start(52, 0)).error().detail == 52);
  Buffer negative = start(3, 1);
  negative.i16(-2);
  CHECK(parse(negative).error().code == Errc::kMalformed);
  Buffer longer = start(3, 1);
  longer.i16(5), longer.raw("abcd");
  CHECK(parse(longer).error().code == Errc::kMalformed);
  Buffer whole = start(3, 9);
  whole.i16(2), whole.raw("id"), whole.uvarint(0);
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    Reader reader(whole.bytes().first(cut));
    CHECK_FALSE(decode_request_header(reader));
  }
}

TEST_CASE("a request without client id is written with null") {
  const Slice frame = encode_request<ControlledShutdownRequest>(1, 5, std::nullopt, {.broker_id = 1});
  Reader reader(frame);
  const auto header = decode_request_header(reader);
  REQUIRE(header);
  CHECK_FALSE(header->client_id);
}
