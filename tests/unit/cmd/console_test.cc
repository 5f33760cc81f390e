// The console tools' own parts: lines to records, records to lines. Expected texts: Apache Kafka 3.4.0's
// (ConsoleProducer.LineMessageReader, DefaultMessageFormatter).
#include <doctest/doctest.h>

#include "cmd/client_keys.h"
#include "cmd/console_consumer.h"
#include "cmd/console_producer.h"
#include "cmd/line_reader.h"
#include "cmd/message_formatter.h"
#include "core/kafka/record/builder.h"

namespace kz::cmd {
namespace {

std::vector<std::string> lines_of(const std::vector<std::string>& pieces) {
  std::vector<std::string> out;
  LineSplitter splitter;
  const auto take = [&](std::string_view line) { out.emplace_back(line); };
  for (const auto& p : pieces) splitter.feed(p, take);
  splitter.finish(take);
  return out;
}

TEST_CASE("lines end as BufferedReader.readLine ends them, wherever the reads are cut") {
  const std::string text = "a\r\nb\rc\n\n\r\nd";
  const std::vector<std::string> expected = {"a", "b", "c", "", "", "d"};
  CHECK(lines_of({text}) == expected);
  for (size_t i = 0; i <= text.size(); ++i) {
    for (size_t k = i; k <= text.size(); ++k) {
      CHECK(lines_of({text.substr(0, i), text.substr(i, k - i), text.substr(k)}) == expected);
    }
  }
  CHECK(lines_of({"x\n"}) == std::vector<std::string>{"x"});
  CHECK(lines_of({""}).empty());
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD, one for each ill-formed part, as Java decodes") {
  std::string out;
  CHECK_FALSE(repair_utf8("plain ascii, long enough for the fast path", out));
  CHECK_FALSE(repair_utf8("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", out));
  const std::string r = "\xEF\xBF\xBD";
  const std::pair<std::string, std::string> cases[] = {
      {"\xFF", r},
      {"a\x80z", "a" + r + "z"},
      {"\xC3", r},
      {"\xE2\x82", r},                // cut off: one
      {"\xE2\x28\xA1", r + "(" + r},  // second byte wrong
      {"\xF0\x9F\x98", r},
      {"\xED\xA0\x80", r + r + r},  // a surrogate
      {"\xC0\xAF", r + r},          // overlong
      {"\xF4\x90\x80\x80", r + r + r + r},
  };
  for (const auto& [in, expected] : cases) {
    CAPTURE(in);
    CHECK(repair_utf8(in, out));
    CHECK(out == expected);
  }
}

LineReaderOptions options(const std::map<std::string, std::string>& properties) {
  std::vector<std::string> unknown;
  auto o = line_reader_options(properties, unknown);
  REQUIRE(o);
  return *o;
}

TEST_CASE("a line is headers, key and value, by separators") {
  ParsedLine line;
  REQUIRE(parse_line(options({{"parse.key", "true"}}), "k\tv\tw", 1, line));
  CHECK(line.key == "k");
  CHECK(line.value == "v\tw");
  const auto all = options({{"parse.key", " TRUE "}, {"parse.headers", "true"}, {"null.marker", "NUL"}});
  REQUIRE(parse_line(all, "h1:v1,h2:NUL,h3:\tk\tNUL", 1, line));
  REQUIRE(line.headers.size() == 3);
  CHECK(line.headers[0].second == "v1");
  CHECK_FALSE(line.headers[1].second.has_value());
  CHECK(line.headers[2].second == "");
  CHECK_FALSE(line.value.has_value());
  REQUIRE(parse_line(all, "NUL\tNUL\tv", 1, line));
  CHECK(line.headers.empty());
  CHECK_FALSE(line.key.has_value());
}

TEST_CASE("a line without its separator is refused in Kafka's words, or taken whole") {
  ParsedLine line;
  auto bad = parse_line(options({{"parse.key", "true"}}), "abc", 2, line);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().exception == "kafka.common.KafkaException");
  CHECK(bad.error().message == "No key separator found on line number 2: 'abc'");
  bad = parse_line(options({{"parse.headers", "true"}}), "h\tv", 7, line);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message == "No header key separator found in pair 'h' on line number 7");
  REQUIRE(parse_line(options({{"parse.key", "true"}, {"ignore.error", "true"}}), "abc", 1, line));
  CHECK_FALSE(line.key.has_value());
  CHECK(line.value == "abc");
  std::vector<std::string> unknown;
  auto clash = line_reader_options({{"headers.delimiter", ","}}, unknown);
  REQUIRE_FALSE(clash);
  CHECK(clash.error().message == "headers.delimiter and headers.separator may not be equal");
}

std::string print(const std::map<std::string, std::string>& properties, bool nulls = false) {
  std::vector<std::string> unknown;
  auto f = make_formatter("kafka.tools.DefaultMessageFormatter", properties, unknown);
  REQUIRE(f);
  CHECK(unknown.empty());
  kafka::BatchBuilder b({.base_offset = 12});
  const kafka::HeaderField headers[] = {{"h1", as_bytes("v1")}, {"h2", std::nullopt}};
  if (nulls) {
    b.append(5, std::nullopt, std::nullopt);
  } else {
    b.append(5, as_bytes("key"), as_bytes("value"), headers);
  }
  client::FetchedChunk chunk;
  chunk.records = b.finish();
  std::string out;
  client::RecordReader reader(true);
  CHECK(reader
            .read(chunk,
                  [&](const client::ConsumedRecord& r) {
                    auto ok = (*f)->write("t", 3, r, out);
                    if (!ok) out += "!" + ok.error().exception;
                    return true;
                  })
            .empty());
  return out;
}

TEST_CASE("the default formatter's columns, in their order") {
  CHECK(print({}) == "value\n");
  CHECK(print({{"print.key", "true"}}) == "key\tvalue\n");
  CHECK(print({{"print.key", "true"},
               {"print.timestamp", "true"},
               {"print.offset", "true"},
               {"print.partition", "true"},
               {"print.headers", "true"},
               {"key.separator", "|"},
               {"line.separator", ";"}}) == "CreateTime:5|Partition:3|Offset:12|h1:v1,h2:null|key|value;");
  CHECK(print({{"print.value", "false"}, {"print.key", "true"}}) == "key\n");
  CHECK(print({{"print.key", "true"}, {"print.headers", "true"}}, true) == "NO_HEADERS\tnull\tnull\n");
  CHECK(print({{"null.literal", "-"}}, true) == "-\n");
  CHECK(print({{"value.deserializer", "org.apache.kafka.common.serialization.LongDeserializer"}}) ==
        "!org.apache.kafka.common.errors.SerializationException");
  std::vector<std::string> unknown;
  CHECK_FALSE(make_formatter("com.example.Formatter", {}, unknown));
}

TEST_CASE("numbers as Java prints them") {
  CHECK(java_double(1) == "1.0");
  CHECK(java_double(0.1) == "0.1");
  CHECK(java_double(123456.789) == "123456.789");
  CHECK(java_double(1e7) == "1.0E7");
  CHECK(java_double(9999999) == "9999999.0");
  CHECK(java_double(0.001) == "0.001");
  CHECK(java_double(0.0001234) == "1.234E-4");
  CHECK(java_double(-0.0) == "-0.0");
  CHECK(java_float(3.4028235e38F) == "3.4028235E38");
}

TEST_CASE("the consumer's command line: which rule speaks first") {
  const auto problem = [](std::map<std::string, std::vector<std::string>, std::less<>> values) {
    Parsed p;
    values.emplace("bootstrap-server", std::vector<std::string>{"h:1"});
    p.values_ = std::move(values);
    ConsumePlan plan;
    return read_consume_plan(p, plan);
  };
  CHECK(problem({}) == "Exactly one of --include/--topic is required. ");
  CHECK(problem({{"topic", {"t"}}, {"offset", {"5"}}}) == "The partition is required when offset is specified.");
  CHECK(problem({{"include", {"t"}}, {"partition", {"0"}}}) == "The topic is required when partition is specified.");
  CHECK(problem({{"topic", {"t"}}, {"partition", {"0"}}, {"offset", {"-3"}}}) ==
        "The provided offset value '-3' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.");
  CHECK(problem({{"topic", {"t"}}, {"partition", {"0"}}, {"offset", {"Earliest"}}}).empty());
}

TEST_CASE("client configuration: types are checked, idempotence gives way unless it was asked for") {
  ClientConfig c(ClientKind::kProducer);
  c.set("linger.ms", "abc");
  auto bad = c.check();
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message == "Invalid value abc for configuration linger.ms: Not a number of type LONG");
  c.set("linger.ms", "5");
  c.set("acks", "1");
  REQUIRE(c.check());
  auto p = producer_config(c);
  REQUIRE(p);
  CHECK_FALSE(p->idempotence);
  c.set("enable.idempotence", "true");
  CHECK_FALSE(producer_config(c));
  c.set("acks", "all");
  CHECK(producer_config(c)->idempotence);
  c.set("security.protocol", "SASL_SSL");
  CHECK_FALSE(c.check());
  for (const ClientKey& k : client_keys()) {
    if (k.key.default_value == nullptr) continue;
    CAPTURE(std::string(k.key.name));
    CHECK(broker::parse_config(k.key, k.key.default_value));
  }
}

}  // namespace
}  // namespace kz::cmd
