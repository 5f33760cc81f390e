// zoo.cfg: every key of the documents known, typed and checked; errors that say where and what is allowed; quorum text.
#include "core/zk/config.h"

#include <doctest/doctest.h>

#include <set>

using namespace kz;
using namespace kz::zk;

namespace {

std::expected<ZooConfig, ConfigError> parse(const std::string& text, const std::string& flags = "") {
  return parse_zoo_config({"zoo.cfg", text, flags, "", ""});
}
std::string error(const std::string& text, const std::string& flags = "") {
  const auto config = parse(text, flags);
  return config ? "accepted" : config.error().message;
}
const std::string kBase = "dataDir=/data\nclientPort=2181\n";

}  // namespace

TEST_CASE("the smallest file, and what is derived from it") {
  const auto c = parse("tickTime=2000\ndataDir=/data\nclientPort=2181\n");
  REQUIRE(c.has_value());
  CHECK(c->tick_time_ms == 2000);
  CHECK(c->min_session_timeout_ms == 4000);
  CHECK(c->max_session_timeout_ms == 40000);
  CHECK(c->data_log_dir == "/data");
  CHECK(c->client_port == 2181);
  CHECK(c->max_client_cnxns == 60);
  CHECK(c->four_letter_whitelist == std::vector<std::string>{"srvr"});
  CHECK_FALSE(c->wants_quorum());
  CHECK(c->notices.empty());
}

TEST_CASE("errors name file, line, key, value and what is allowed") {
  CHECK(error("\n\ntickTime=abc\n" + kBase) == "zoo.cfg:3: tickTime=abc: not a number (allowed: 1 to 2147483647)");
  CHECK(error(kBase + "tickTime=0\n") == "zoo.cfg:3: tickTime=0: out of range (allowed: 1 to 2147483647)");
  CHECK(error(kBase + "clientPort=70000\n") == "zoo.cfg:3: clientPort=70000: out of range (allowed: 0 to 65535)");
  CHECK(error(kBase + "standaloneEnabled=maybe\n") ==
        "zoo.cfg:3: standaloneEnabled=maybe: not a boolean (allowed: true or false)");
  CHECK(error(kBase + "forceSync=perhaps\n") == "zoo.cfg:3: forceSync=perhaps: not yes or no (allowed: yes or no)");
  CHECK(error(kBase + "peerType=boss\n") ==
        "zoo.cfg:3: peerType=boss: not one of the choices (allowed: participant or observer)");
  CHECK(error(kBase + "snapshot.compression.method=zip\n") ==
        "zoo.cfg:3: snapshot.compression.method=zip: not one of the choices (allowed: empty, gz or snappy)");
  CHECK(error(kBase + "electionAlg=1\n") == "zoo.cfg:3: electionAlg=1: out of range (allowed: 3)");
  CHECK(error("clientPort=2181\n") == "zoo.cfg: dataDir is not set");
  CHECK(error("dataDir=/d\nclientPortAddress=::1\n") == "zoo.cfg: clientPortAddress is set but clientPort is not set");
  CHECK(error(kBase + "minSessionTimeout=9\nmaxSessionTimeout=8\n") ==
        "zoo.cfg: minSessionTimeout (9) must not be larger than maxSessionTimeout (8)");
  CHECK(error(kBase + "bad=\\u12") == "zoo.cfg:3: bad \\u escape");
  CHECK(error(kBase, "-Dzookeeper.snapCount=x") ==
        "JVM flag -Dzookeeper.snapCount: zookeeper.snapCount=x: not a number (allowed: 1 to 2147483647)");
}

TEST_CASE("values are trimmed, later lines win, the file wins over the flags") {
  const auto c =
      parse(kBase + "tickTime = 100 \ntickTime=200\nmaxClientCnxns=5\n4lw.commands.whitelist= stat, ruok ,\n",
            "-Xmx1g -Dzookeeper.maxClientCnxns=9 -Dzookeeper.snapCount=\"77\" -Dother=1 -Djute.maxbuffer=4096");
  REQUIRE(c.has_value());
  CHECK(c->tick_time_ms == 200);
  CHECK(c->max_client_cnxns == 5);
  CHECK(c->snap_count == 77);
  CHECK(c->jute.max_buffer == 4096);
  CHECK(c->jute.extra_size == 4096);
  CHECK(c->four_letter_whitelist == std::vector<std::string>{"stat", "ruok", "srvr"});
  CHECK(c->values.at("tickTime") == "200");
}

TEST_CASE("what is not acted on is said once, with its place") {
  const auto c = parse(kBase +
                       "ssl.keyStore.location=/k\ninitLimit=5\nwatchManagerName=x\nmadeUp=1\n"
                       "autopurge.snapRetainCount=1\n");
  REQUIRE(c.has_value());
  CHECK(c->autopurge_snap_retain_count == 3);
  CHECK(c->notices == std::vector<std::string>{
                          "Invalid autopurge.snapRetainCount: 1. Defaulting to 3",
                          "zoo.cfg:3: ssl.keyStore.location: known but not honoured yet",
                          "zoo.cfg:4: initLimit: ignored: it concerns ensembles, and this is one server",
                          "zoo.cfg:5: watchManagerName: ignored: it tunes the Java implementation",
                          "zoo.cfg:6: madeUp: unknown key, ignored",
                      });
}

TEST_CASE("in an ensemble its keys count, and those not acted on yet are said") {
  const auto c = parse(kBase + "initLimit=5\nsyncLimit=2\nserver.1=a:1:2\nserver.2=b:1:2\noraclePath=/tmp/x\n");
  REQUIRE(c.has_value());
  CHECK(c->wants_quorum());
  CHECK(c->notices == std::vector<std::string>{"zoo.cfg:7: oraclePath: known but not honoured yet"});
}

TEST_CASE("the key table has no name twice and covers the families") {
  std::set<std::string_view> names;
  for (const ConfigKey& key : config_keys()) {
    CAPTURE(std::string(key.name));
    CHECK(names.insert(key.name).second);
    CHECK_FALSE(key.allowed.empty());
  }
  CHECK(names.size() > 150);
  for (const char* name :
       {"tickTime", "server.*", "ssl.*", "authProvider.*", "testingonly.initialZxid", "oraclePath"}) {
    CHECK(names.contains(name));
  }
}

TEST_CASE("server lines: all forms, and what each mistake says") {
  const auto line = [](std::string_view text) -> std::string {
    const auto server = parse_server_line(1, text);
    return server ? server->text() : "error: " + server.error();
  };
  CHECK(line("host:2888:3888") == "host:2888:3888:participant");
  CHECK(line("host:2888:3888:Observer;2181") == "host:2888:3888:observer;0.0.0.0:2181");
  CHECK(line("[::1]:2888:3888:participant;[fe80::2]:2181") == "[::1]:2888:3888:participant;[fe80::2]:2181");
  CHECK(line("b:1:2|a:3:4:observer") == "a:3:4|b:1:2:observer");
  for (const char* bad : {"", "host", "host:2888", "host:2888:3888:participant:x", "host:0:3888", "host:2888:99999",
                          "host:x:3888", "host:2888:2888", "host:2888:3888:king", ":2888:3888", "h:1:2;3;4", "h:1:2;x",
                          "h:1:2;a:b:3", "[::1:1:2", "a:1:2:observer|b:1:2:participant"}) {
    CAPTURE(bad);
    CHECK(line(bad).starts_with("error: "));
  }
  CHECK(error(kBase + "server.x=h:1:2\n") == "zoo.cfg:3: server.x=h:1:2: 'x' is not a number");
  CHECK(error(kBase + "server.1=h:1:2\nserver.1=i:1:2\n").find("a second line for server 1") != std::string::npos);
  CHECK(error(kBase + "server.1=h:1:2\nserver.2=h:1:3\ninitLimit=1\nsyncLimit=1\n") ==
        "zoo.cfg: server.1 and server.2 share the address h:1");
}

TEST_CASE("when an ensemble is asked for") {
  const std::string limits = "initLimit=5\nsyncLimit=2\n";
  const auto one = parse(kBase + "server.1=a:1:2\n");
  REQUIRE(one.has_value());
  CHECK_FALSE(one->wants_quorum());
  CHECK(one->notices == std::vector<std::string>{"Invalid configuration, only one server specified (ignoring)"});
  CHECK(parse(kBase + limits + "server.1=a:1:2\nstandaloneEnabled=false\n")->wants_quorum());
  CHECK(parse(kBase + limits + "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n")->wants_quorum());
  CHECK(error(kBase + "server.1=a:1:2\nserver.2=b:1:2\nsyncLimit=2\n") == "zoo.cfg: initLimit is not set");
  CHECK(error(kBase + "server.1=a:1:2:observer\n") ==
        "zoo.cfg: Observers w/o participants is an invalid configuration");
  CHECK(error(kBase + "server.1=a:1:2:observer\nserver.2=b:1:2\n") ==
        "zoo.cfg: Observers w/o quorum is an invalid configuration");
  CHECK(error(kBase + "dynamicConfigFile=/d\nserver.1=a:1:2\n") ==
        "zoo.cfg:4: parameter: server.1 must be in a separate dynamic config file");
  const auto dynamic = parse_zoo_config({"zoo.cfg", kBase + limits + "dynamicConfigFile=/d\n", "", "/d.1f",
                                         "server.1=a:1:2:participant;2181\nserver.2=b:1:2\n"});
  REQUIRE(dynamic.has_value());
  CHECK(dynamic->wants_quorum());
  CHECK(dynamic->quorum.version == 0x1f);
  const auto versioned = parse_zoo_config(
      {"zoo.cfg", kBase + limits + "dynamicConfigFile=/d\n", "", "/d.1f", "server.1=a:1:2\nversion=1f\n"});
  REQUIRE_FALSE(versioned.has_value());
  CHECK(versioned.error().message == "/d.1f:2: dynamic file shouldn't have version inside");
}

TEST_CASE("quorums: majorities and groups with weights") {
  const auto majority =
      parse_quorum_config("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.9=d:1:2:observer\nversion=a");
  REQUIRE(majority.has_value());
  CHECK(majority->is_quorum({1, 3}));
  CHECK_FALSE(majority->is_quorum({1, 9}));
  CHECK_FALSE(majority->is_quorum({}));
  CHECK(majority->weight(9) == 0);
  CHECK(majority->text() ==
        "server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\n"
        "server.9=d:1:2:observer\nversion=a");
  CHECK(parse_quorum_config(majority->text())->text() == majority->text());

  std::string text;
  for (int i = 1; i <= 6; ++i) text += "server." + std::to_string(i) + "=h" + std::to_string(i) + ":1:2\n";
  const auto groups = parse_quorum_config(text + "group.1=1:2:3\ngroup.2=4:5:6\nweight.6=0\nversion=0");
  REQUIRE(groups.has_value());
  CHECK(groups->is_quorum({1, 2, 4, 5}));
  CHECK_FALSE(groups->is_quorum({1, 2, 3}));     // one group of two
  CHECK_FALSE(groups->is_quorum({1, 2, 4, 6}));  // half of group 2's weight is not more than half
  CHECK(groups->text() ==
        "server.1=h1:1:2:participant\nserver.2=h2:1:2:participant\nserver.3=h3:1:2:participant\n"
        "server.4=h4:1:2:participant\nserver.5=h5:1:2:participant\nserver.6=h6:1:2:participant\n"
        "group.1=1:2:3\ngroup.2=4:5:6\n"
        "weight.1=1\nweight.2=1\nweight.3=1\nweight.4=1\nweight.5=1\nweight.6=0\nversion=0");
  CHECK(parse_quorum_config(text + "group.1=1:2:3\ngroup.2=3:4\n").error().find("server 3 is in multiple groups") !=
        std::string::npos);
  CHECK(parse_quorum_config(text + "group.1=1:2:3\n").error() == "server 4 is not in a group");
  CHECK_FALSE(parse_quorum_config("nonsense=1").has_value());
  CHECK_FALSE(parse_quorum_config("server.1=a:1:2\nversion=xyz").has_value());
}
