// Every field list against Apache Kafka's schemas at 3.4.0 (tests/tools/renew_kafka_schema.py), and the api table
// against the messages.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "tests/unit/kafka/all_messages.h"

using namespace kz;
using namespace kz::kafka;

namespace {

// Blocks of the golden file, by message name.
std::map<std::string, std::string> golden_schemas() {
  std::ifstream in(KZ_SOURCE_DIR "/tests/golden/kafka_schema/kafka-3.4.0.txt");
  REQUIRE(in.is_open());
  std::map<std::string, std::string> blocks;
  std::string line, name;
  while (std::getline(in, line)) {
    if (!line.starts_with(' ')) name = line.substr(0, line.find(' '));
    blocks[name] += line + '\n';
  }
  return blocks;
}

}  // namespace

TEST_CASE("every message has exactly the fields of Kafka 3.4.0's schema") {
  auto golden = golden_schemas();
  CHECK(golden.size() == 128);
  kafka::test::for_each_message([&](auto type) {
    using M = typename decltype(type)::Message;
    CAPTURE(M::kName);
    CHECK(golden[M::kName] == dump_schema<M>());
    golden.erase(M::kName);
  });
  for (const auto& [name, text] : golden) FAIL_CHECK("not built: " << name);
}

TEST_CASE("the api table agrees with the messages") {
  size_t count = 0;
  kafka::test::for_each_api([&](auto request, auto response) {
    using Q = typename decltype(request)::Message;
    using R = typename decltype(response)::Message;
    CAPTURE(Q::kName);
    ++count;
    const ApiInfo* api = find_api(Q::kApiKey);
    REQUIRE(api != nullptr);
    CHECK(api->key == Q::kApiKey);
    CHECK(R::kApiKey == Q::kApiKey);
    CHECK(std::string(api->name) + "Request" == Q::kName);
    CHECK(std::string(api->name) + "Response" == R::kName);
    CHECK(Q::kMinVersion == 0);
    CHECK(R::kMinVersion == 0);
    CHECK(api->max_version == Q::kMaxVersion);
    CHECK(R::kMaxVersion == Q::kMaxVersion);
    CHECK(api->max_version_2_7 <= api->max_version);
    CHECK(api->flexible_since == Q::kFlexibleSince);
    CHECK(R::kFlexibleSince == Q::kFlexibleSince);
  });
  CHECK(count == std::size(kApis));
  for (int key : {-1, 52, 53, 54, 55, 59, 62, 63, 64, 68, 32767}) CHECK(find_api(static_cast<int16_t>(key)) == nullptr);
  CHECK(api_name(58) == "Envelope");
  CHECK(api_name(68) == "unknown");
}
