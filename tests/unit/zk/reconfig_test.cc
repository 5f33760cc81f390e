// Reconfiguration requests against PrepRequestProcessor's rules, and the texts of the files.
#include "core/zk/reconfig.h"

#include <doctest/doctest.h>

#include "core/zk/dynamic_config.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;

namespace {

struct Members : Membership {
  explicit Members(const std::string& text) : now(*parse_quorum_config(text)), proposed(now) {}
  const QuorumConfig& config() const override { return now; }
  const QuorumConfig& last_seen() const override { return proposed; }
  bool quorum_synced(const QuorumConfig& config) const override { return config.is_quorum(synced); }
  QuorumConfig now, proposed;
  std::set<ServerId> synced{1, 2, 3};
};

const std::string kThree =
    "server.1=a:1:2:participant;3\nserver.2=b:1:2:participant;3\nserver.3=c:1:2:participant;3\nversion=100000000";
constexpr Zxid kZxid = 0x100000007;

ReconfigRequest adding(std::string joining) { return {joining, std::nullopt, std::nullopt, -1}; }
ReconfigRequest removing(std::string leaving) { return {std::nullopt, leaving, std::nullopt, -1}; }
ReconfigRequest replacing(std::string members) { return {std::nullopt, std::nullopt, members, -1}; }

// The configuration's text, or the error's name.
std::string answer(const Members& members, const ReconfigRequest& request, ReconfigRules rules = {}) {
  const auto next = reconfigured(request, kZxid, members, rules);
  return next ? next->text() : keeper_code_name(next.error());
}

}  // namespace

TEST_CASE("incremental: servers leave, join and change in one request") {
  const Members members(kThree);
  CHECK(answer(members, {"server.4=d:1:2:observer;3, server.2=b:1:2;9", "3", std::nullopt, 0x100000000}) ==
        "server.1=a:1:2:participant;0.0.0.0:3\nserver.2=b:1:2:participant;0.0.0.0:9\n"
        "server.4=d:1:2:observer;0.0.0.0:3\nversion=100000007");
  CHECK(answer(members, removing("7")) ==
        "server.1=a:1:2:participant;0.0.0.0:3\nserver.2=b:1:2:participant;0.0.0.0:3\n"
        "server.3=c:1:2:participant;0.0.0.0:3\nversion=100000007");
}

TEST_CASE("what is refused, and with which code") {
  Members members(kThree);
  CHECK(answer(members, {"", "3", std::nullopt, 5}) == "BadVersion");
  CHECK(answer(members, adding("some thing")) == "BadArguments");
  CHECK(answer(members, adding("server.x=d:1:2;3")) == "MarshallingError");
  CHECK(answer(members, removing("x")) == "MarshallingError");
  CHECK(answer(members, adding("server.4=d:1:2")) == "BadArguments");          // no client port
  CHECK(answer(members, adding("server.4=a:7:1;3")) == "BadArguments");        // a's quorum port
  CHECK(answer(members, adding("server.4=d:1:2|e:1:2;3")) == "BadArguments");  // several addresses
  CHECK(answer(members, adding("server.4=127.0.0.1:1:2;3")).find("server.4") != std::string::npos);
  CHECK(answer(members, adding("server.4=d:1:2|e:1:2;3"), {true, true}).find("server.4=d:1:2|e:1:2:") !=
        std::string::npos);
  // Voters: two, or one where an ensemble may be that small.
  CHECK(answer(members, removing("2,3")) == "BadArguments");
  CHECK(answer(members, removing("2,3"), {false, false}).starts_with("server.1=a"));
  CHECK(answer(members, removing("1,2,3"), {false, false}) == "BadArguments");
  // A quorum of the new voters has to be there.
  members.synced = {1, 2};
  CHECK(answer(members, removing("2")) == "NewConfigNoQuorum");
  members.synced = {1, 3};
  CHECK(answer(members, removing("2")).starts_with("server.1=a"));
  members.proposed.version = 0x100000003;
  CHECK(answer(members, removing("2")) == "ReconfigInProgress");
}

TEST_CASE("whole configurations: groups, separators, wrong keys") {
  Members members(kThree);
  const std::string groups =
      "server.1=a:1:2;3,server.2=b:1:2;3,server.3=c:1:2;3,group.1=1:2:3,weight.1=2,weight.2=1,weight.3=1";
  const std::string text = answer(members, replacing(groups));
  CHECK(text ==
        "server.1=a:1:2:participant;0.0.0.0:3\nserver.2=b:1:2:participant;0.0.0.0:3\n"
        "server.3=c:1:2:participant;0.0.0.0:3\ngroup.1=1:2:3\nweight.1=2\nweight.2=1\nweight.3=1\nversion=100000007");
  CHECK(answer(members, replacing("server.1=a:1:2;3\nserver.2=b:1:2;3\n")).starts_with("server.1=a"));
  CHECK(answer(members, replacing("server.1=a:1:2;3\nport=7")) == "BadArguments");
  CHECK(answer(members, replacing("server.1=a:1:2;3")) == "BadArguments");
  CHECK(answer(members, replacing("server.1=a:1:2:observer;3,server.2=b:1:2:observer;3")) == "MarshallingError");
  // Then only whole configurations are accepted.
  members.now = members.proposed = *parse_quorum_config(text);
  CHECK(answer(members, removing("3")) == "BadArguments");
}

TEST_CASE("a reconfig transaction is told by its header") {
  Txn txn;
  txn.header = {1, 2, kZxid, 4, static_cast<int32_t>(OpCode::kReconfig)};
  txn.body = SetDataTxn{"/zookeeper/config", NullableBytes(Slice::copy_of(kThree)), -1};
  const auto config = config_of_reconfig(encode_txn(txn));
  REQUIRE(config.has_value());
  CHECK(config->version == 0x100000000);
  txn.header.type = static_cast<int32_t>(OpCode::kSetData);
  CHECK_FALSE(config_of_reconfig(encode_txn(txn)).has_value());
  CHECK_FALSE(config_of_reconfig(Slice::copy_of("short")).has_value());
}

TEST_CASE("file names and texts") {
  CHECK(dynamic_config_name("/z/zoo.cfg", 0x10000000a) == "/z/zoo.cfg.dynamic.10000000a");
  CHECK(next_config_name("/z/zoo.cfg") == "/z/zoo.cfg.dynamic.next");
  CHECK(version_in_name("/z/zoo.cfg.dynamic.10000000a") == 0x10000000a);
  CHECK_FALSE(version_in_name("/z/zoo.cfg.dynamic").has_value());
  CHECK_FALSE(version_in_name("none").has_value());
  const auto config = *parse_quorum_config("server.2=b:1:2;3\nserver.10=a:1:2:observer;3\nversion=a");
  // Sorted as text, as Java sorts them.
  CHECK(dynamic_config_text(config, false) ==
        "server.10=a:1:2:observer;0.0.0.0:3\nserver.2=b:1:2:participant;0.0.0.0:3");
  CHECK(dynamic_config_text(config, true) ==
        "server.10=a:1:2:observer;0.0.0.0:3\nserver.2=b:1:2:participant;0.0.0.0:3\nversion=a");
}

TEST_CASE("zoo.cfg keeps what is not the members', comments too") {
  const std::string text =
      "# mine \\\ntickTime=2000\nserver.1=a:1:2\\\n:participant\n  weight.1 : 2\ngroup.1=1\npeerType=observer\n"
      "clientPort=2181\nclientPortAddress=h\nclientPortListenBacklog=7\ndataDir=/d\ndynamicConfigFile=/"
      "old\ninitLimit=5";
  CHECK(static_config_text(text, "/z/zoo.cfg.dynamic.a", false) ==
        "# mine \\\ntickTime=2000\nclientPort=2181\nclientPortAddress=h\nclientPortListenBacklog=7\ndataDir=/d\n"
        "initLimit=5\ndynamicConfigFile=/z/zoo.cfg.dynamic.a\n");
  CHECK(static_config_text("a=b\\", "/d", false) == "a=b\\\n\ndynamicConfigFile=/d\n");
  CHECK(static_config_text(text, "/z/zoo.cfg.dynamic.a", true) ==
        "# mine \\\ntickTime=2000\nclientPortListenBacklog=7\ndataDir=/d\ninitLimit=5\n"
        "dynamicConfigFile=/z/zoo.cfg.dynamic.a\n");
}
