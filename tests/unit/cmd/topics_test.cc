// kz topics: rules of the command line and the lines of --describe. Expected: TopicCommand.scala @ 3.4.0 and 2.7.1.
#include "cmd/topics.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

namespace kz::cmd {
namespace {

Parsed given(std::map<std::string, std::vector<std::string>, std::less<>> values) {
  Parsed p;
  p.values_ = std::move(values);
  return p;
}

// What a function prints through an Output.
template <class F>
std::string printed(F&& fn) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  {
    Output out(fds[1]);
    fn(out);
  }
  close(fds[1]);
  std::string text(65536, '\0');
  const ssize_t n = read(fds[0], text.data(), text.size());
  close(fds[0]);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

TEST_CASE("which options go together") {
  CHECK(topic_usage_problem(given({{"create", {}}}), false) == "Missing required argument \"[topic]\"");
  CHECK(topic_usage_problem(given({{"alter", {}}, {"topic", {"t"}}}), false) ==
        "Missing required argument \"[partitions]\"");
  CHECK(topic_usage_problem(given({{"alter", {}}, {"topic", {"t"}}, {"config", {"a=b"}}, {"bootstrap-server", {"h"}}}),
                            false) ==
        "Option combination \"[bootstrap-server],[config]\" can't be used with option \"[alter]\" (the kafka-configs "
        "CLI supports altering topic configs with a --bootstrap-server option)");
  CHECK(topic_usage_problem(given({{"list", {}}, {"partitions", {"1"}}}), false) ==
        "Option \"[partitions]\" can't be used with option \"[list]\"");
  CHECK(topic_usage_problem(
            given({{"create", {}}, {"topic", {"t"}}, {"replica-assignment", {"0"}}, {"partitions", {"1"}}}), false) ==
        "Option \"[replica-assignment]\" can't be used with option \"[partitions]\"");
  CHECK(topic_usage_problem(given({{"create", {}}, {"topic", {"t"}}}), true) ==
        "Missing required argument \"[partitions]\"");
  CHECK(topic_usage_problem(given({{"create", {}}, {"topic", {"t"}}}), false).empty());
  CHECK(topic_usage_problem(given({{"describe", {}}, {"if-exists", {}}}), false) ==
        "--topic or --topic-id is required to describe a topic");
}

TEST_CASE("values: assignments and configurations") {
  printed([](Output& out) {
    auto o =
        read_topic_options(given({{"replica-assignment", {"0:1,1:2 ,2:0"}}, {"config", {"retention.ms = 5"}}}), out);
    REQUIRE(o);
    CHECK(o->assignment.at(1) == std::vector<int32_t>{1, 2});
    CHECK(o->configs == std::vector<std::pair<std::string, std::string>>{{"retention.ms", "5"}});
    CHECK(read_topic_options(given({{"replica-assignment", {"0:0"}}}), out).error().message ==
          "Partition replica lists may not contain duplicate entries: 0");
    CHECK(read_topic_options(given({{"replica-assignment", {"0:1,2"}}}), out).error().exception ==
          "kafka.admin.AdminOperationException");
    CHECK(read_topic_options(given({{"config", {"x"}}}), out).error().message ==
          "requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".");
    CHECK(read_topic_options(given({{"config", {"foo.bar=1"}}}), out).error().message ==
          "Unknown topic config name: foo.bar");
    CHECK(read_topic_options(given({{"config", {"retention.ms=abc"}}}), out).error().message ==
          "Invalid value abc for configuration retention.ms: Not a number of type LONG");
  });
}

TEST_CASE("--topic is a regular expression for the whole name; commas are alternatives, quotes go") {
  const std::vector<std::string> all = {"b", "a.b", "axb", "__consumer_offsets"};
  TopicOptions o;
  CHECK(select_topics(all, o) == std::vector<std::string>{"__consumer_offsets", "a.b", "axb", "b"});
  o.exclude_internal = true;
  CHECK(select_topics(all, o)->size() == 3);
  o.topic = "a.b";
  CHECK(select_topics(all, o) == std::vector<std::string>{"a.b", "axb"});
  o.topic = "\"a\\.b, b\"";
  CHECK(select_topics(all, o) == std::vector<std::string>{"a.b", "b"});
  o.topic = "a";
  CHECK(select_topics(all, o)->empty());
  o.topic = "*";
  CHECK(select_topics(all, o).error().message == "* is an invalid regex.");
}

TEST_CASE("--describe, to the byte") {
  TopicView t;
  t.name = "foo";
  t.partitions = {{0, 0, {0, 1}, {0}, std::nullopt}, {1, std::nullopt, {0, 1}, {}, std::nullopt}};
  t.configs = {{"segment.bytes", "1073741824"}, {"cleanup.policy", "compact"}};
  t.min_isr = 1;
  TopicOptions o;
  const auto text = [&] { return printed([&](Output& out) { describe(out, t, o, {0, 1}); }); };
  const std::string p0 = "\tTopic: foo\tPartition: 0\tLeader: 0\tReplicas: 0,1\tIsr: 0\n";
  const std::string p1 = "\tTopic: foo\tPartition: 1\tLeader: none\tReplicas: 0,1\tIsr: \n";
  CHECK(text() ==
        "Topic: foo\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: "
        "segment.bytes=1073741824,cleanup.policy=compact\n" +
            p0 + p1);
  t.id = {1, 2};
  CHECK(text().starts_with("Topic: foo\tTopicId: " + t.id.to_string() + "\tPartitionCount: 2"));
  o.overrides = true;
  CHECK(text().find("Partition: 0") == std::string::npos);
  t.configs.clear();
  CHECK(text().empty());
  o = {};
  CHECK(text().find("\tConfigs: \n") != std::string::npos);
  o.under_replicated = true;
  CHECK(text() == p0 + p1);
  o = {};
  o.unavailable = true;
  CHECK(text() == p1);
  o = {};
  o.at_min_isr = true;
  CHECK(text() == p0);
  o = {};
  t.partitions[0].replicas = {0, 1, 3};
  t.partitions[0].reassignment = client::Reassignment{{0, 1, 3}, {3}, {1}};
  CHECK(text().find("ReplicationFactor: 2\t") != std::string::npos);
  CHECK(text().find("\tIsr: 0\tAdding Replicas: 3\tRemoving Replicas: 1\n") != std::string::npos);
  t.marked_for_deletion = true;
  CHECK(text().find("\tIsr: \tMarkedForDeletion: true\n") != std::string::npos);
}

}  // namespace
}  // namespace kz::cmd
