// Bytes and JSON that Apache Kafka 3.4.0's own classes wrote, for every message at every version: they decode, print as
// Kafka prints them, and encode to the same bytes; so do the headers.
#include <doctest/doctest.h>

#include <boost/json/src.hpp>
#include <fstream>
#include <map>

#include "core/kafka/header.h"
#include "core/kafka/message/any.h"
#include "tests/unit/kafka/all_messages.h"

using namespace kz;
using namespace kz::kafka;

namespace {

constexpr int32_t kCorrelationId = 0x01020304;

// version -> kind ("body", "json", "header") -> text
using Golden = std::map<int, std::map<std::string, std::string>>;

Golden load(const char* name) {
  std::ifstream in(std::string(KZ_SOURCE_DIR "/tests/golden/kafka_messages/") + name + ".txt");
  REQUIRE(in.is_open());
  Golden golden;
  int version = 0;
  std::string line, kind;
  std::getline(in, line);  // provenance
  while (in >> version >> kind) {
    in.get();
    std::getline(in, golden[version][kind]);
  }
  return golden;
}

Slice unhex(const std::string& text) {
  Slice out = Slice::allocate(text.size() / 2);
  for (size_t i = 0; i < out.size(); ++i) {
    out.mutable_bytes()[i] = static_cast<std::byte>(std::stoi(text.substr(2 * i, 2), nullptr, 16));
  }
  return out;
}

std::string hex(Bytes bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out += kDigits[static_cast<uint8_t>(b) >> 4];
    out += kDigits[static_cast<uint8_t>(b) & 15];
  }
  return out;
}

std::string hex(const Chain& chain) {
  std::string out;
  for (const auto& piece : chain.pieces()) out += hex(std::get<Slice>(piece).bytes());
  return out;
}

// Members in any order; a secret of ours matches any string of Kafka's.
bool same_json(const boost::json::value& ours, const boost::json::value& kafkas) {
  if (ours.is_string() && ours.as_string() == "***") return kafkas.is_string();
  if (ours.is_object() && kafkas.is_object()) {
    const auto& a = ours.as_object();
    const auto& b = kafkas.as_object();
    if (a.size() != b.size()) return false;
    for (const auto& [key, value] : a) {
      const auto* other = b.if_contains(key);
      if (other == nullptr || !same_json(value, *other)) return false;
    }
    return true;
  }
  if (ours.is_array() && kafkas.is_array()) {
    const auto& a = ours.as_array();
    const auto& b = kafkas.as_array();
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!same_json(a[i], b[i])) return false;
    }
    return true;
  }
  return ours == kafkas;
}

template <class M>
void check_golden(int16_t version, const std::map<std::string, std::string>& golden) {
  const Slice bytes = unhex(golden.at("body"));
  Reader reader(bytes);
  const auto message = decode_body<M>(reader, version);
  REQUIRE(message);
  CHECK(reader.at_end());
  CHECK(hex(encode_body(*message, version)) == golden.at("body"));
  CHECK(check(*message, version));
  const std::string json = to_json(*message, version);
  CAPTURE(json);
  const auto kafkas = golden.find("json");
  if (kafkas != golden.end()) {
    CAPTURE(kafkas->second);
    boost::json::error_code error;
    const auto parsed = boost::json::parse(json, error);
    REQUIRE_FALSE(error);
    CHECK(same_json(parsed, boost::json::parse(kafkas->second)));
  }
}

}  // namespace

TEST_CASE("every message at every version as Apache Kafka wrote it") {
  kafka::test::for_each_message([](auto type) {
    using M = typename decltype(type)::Message;
    CAPTURE(M::kName);
    const Golden golden = load(M::kName);
    CHECK(golden.size() == static_cast<size_t>(M::kMaxVersion - M::kMinVersion + 1));
    for (const auto& [version, texts] : golden) {
      CAPTURE(version);
      check_golden<M>(static_cast<int16_t>(version), texts);
    }
  });
}

TEST_CASE("whole requests and responses, headers as Apache Kafka wrote them") {
  kafka::test::for_each_api([](auto request, auto response) {
    using Q = typename decltype(request)::Message;
    using R = typename decltype(response)::Message;
    CAPTURE(Q::kName);
    for (const auto& [v, golden] : load(Q::kName)) {
      CAPTURE(v);
      const auto version = static_cast<int16_t>(v);
      const Slice frame = unhex(golden.at("header") + golden.at("body"));
      Reader reader(frame);
      const auto header = decode_request_header(reader);
      REQUIRE(header);
      CHECK(header->api_key == Q::kApiKey);
      CHECK(header->api_version == version);
      CHECK(header->correlation_id == kCorrelationId);
      const bool has_client_id = request_header_version(Q::kApiKey, version) > 0;
      CHECK(header->client_id == (has_client_id ? std::optional<std::string>("golden") : std::nullopt));
      const auto body = decode_body<Q>(reader, version);
      REQUIRE(body);
      CHECK(hex(encode_request(version, kCorrelationId, "golden", *body)) == hex(frame));
    }
    for (const auto& [v, golden] : load(R::kName)) {
      CAPTURE(v);
      const auto version = static_cast<int16_t>(v);
      const Slice frame = unhex(golden.at("header") + golden.at("body"));
      Reader reader(frame);
      const auto correlation_id = decode_response_header(reader, R::kApiKey, version);
      REQUIRE(correlation_id);
      CHECK(*correlation_id == kCorrelationId);
      const auto body = decode_body<R>(reader, version);
      REQUIRE(body);
      CHECK(hex(encode_response(kCorrelationId, version, *body)) == hex(frame));
    }
  });
}

TEST_CASE("any message prints by its api key") {
  kafka::test::for_each_api([](auto request, auto response) {
    using Q = typename decltype(request)::Message;
    using R = typename decltype(response)::Message;
    CAPTURE(Q::kName);
    const auto version = Q::kMaxVersion;
    const Slice question = unhex(load(Q::kName)[version]["body"]);
    Reader q(question), q_again(question);
    CHECK(request_to_json(Q::kApiKey, version, q).value() == to_json(*decode_body<Q>(q_again, version), version));
    const Slice answer = unhex(load(R::kName)[version]["body"]);
    Reader r(answer), r_again(answer);
    CHECK(response_to_json(R::kApiKey, version, r).value() == to_json(*decode_body<R>(r_again, version), version));
  });
  Reader nothing{Bytes()};
  CHECK(request_to_json(52, 0, nothing).error().code == Errc::kUnsupportedVersion);
  CHECK(response_to_json(0, 99, nothing).error().code == Errc::kUnsupportedVersion);
}

TEST_CASE("stored records carry their version in front") {
  kafka::test::for_each_record([](auto type) {
    using M = typename decltype(type)::Message;
    CAPTURE(M::kName);
    for (const auto& [v, golden] : load(M::kName)) {
      const std::string stored = "000" + std::to_string(v) + golden.at("body");
      int16_t found = -1;
      const auto record = decode_versioned<M>(unhex(stored), &found);
      REQUIRE(record);
      CHECK(found == v);
      CHECK(hex(encode_versioned(*record, found)) == stored);
    }
  });
}
