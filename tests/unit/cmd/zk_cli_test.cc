// zk-cli's parsing and printing. Expected texts: ZooKeeper 3.8.0's zkCli.sh.
#include "cmd/line_editor.h"
#include "cmd/zk_cli_args.h"
#include "cmd/zk_cli_text.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

namespace kz::cmd {
namespace {

TEST_CASE("quotes group words") {
  CHECK(split_words("create  /a 'b c' \"d 'e\"") == std::vector<std::string>{"create", "/a", "b c", "d 'e"});
  CHECK(split_words("  ").empty());
  CHECK(split_words("set /a 'open") == std::vector<std::string>{"set", "/a", "open"});
  CHECK(split_words("set /a \"one\"two 'x'") == std::vector<std::string>{"set", "/a", "one", "two", "x"});
  CHECK(split_words("set /a b'c d'") == std::vector<std::string>{"set", "/a", "b'c", "d'"});
}

TEST_CASE("options may be bundled and stand anywhere; negative numbers after -v are values") {
  constexpr ZkOption kOptions[] = {{"s"}, {"e"}, {"c"}, {"v", true}, {"members", true}};
  const auto parse = [&](const std::vector<std::string>& words) { return parse_zk_args(words, kOptions); };
  auto a = parse({"create", "-se", "/p", "data"});
  REQUIRE(a);
  CHECK((a->has("s") && a->has("e") && !a->has("c")));
  CHECK(a->words == std::vector<std::string>{"create", "/p", "data"});
  a = parse({"set", "/p", "d", "-v", "-1"});
  REQUIRE(a);
  CHECK(*a->value("v") == "-1");
  CHECK(*parse({"set", "-v7"})->value("v") == "7");
  CHECK(*parse({"set", "-v=7"})->value("v") == "7");
  CHECK(*parse({"reconfig", "-members", "a=b,c"})->value("members") == "a=b,c");
  CHECK(*parse({"reconfig", "-members=a=b"})->value("members") == "a=b");
  CHECK(parse({"create", "--", "-s", "-1"})->words == std::vector<std::string>{"create", "-s", "-1"});
  const std::string unknown = "org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: ";
  CHECK(parse({"ls", "-x", "/"}).error() == unknown + "-x");
  CHECK(parse({"ls", "-sx", "/"}).error() == unknown + "-sx");
  CHECK(parse({"ls", "--s", "/"}).error() == unknown + "--s");
  CHECK(parse({"ls", "-1"}).error() == unknown + "-1");
  const std::string missing = "org.apache.commons.cli.MissingArgumentException: Missing argument for option: v";
  CHECK(parse({"set", "-v"}).error() == missing);
  CHECK(parse({"set", "-v", "-s"}).error() == missing);
  CHECK(parse({"set", "-v", "-x"})->has("v"));
}

TEST_CASE("of some options only one may be given, and one must") {
  constexpr ZkOption kOptions[] = {{"n", true, "num", true}, {"b", true, "bytes", true}};
  CHECK(parse_zk_args({"setquota", "/p"}, kOptions, true).error() ==
        "org.apache.commons.cli.MissingOptionException: Missing required option: [-n num, -b bytes]");
  CHECK(parse_zk_args({"setquota", "-n", "1", "-b", "2", "/p"}, kOptions, true).error() ==
        "org.apache.commons.cli.AlreadySelectedException: The option 'b' was specified but an option from this group "
        "has already been selected: 'n'");
  CHECK(parse_zk_args({"delquota", "/p"}, kOptions));
}

TEST_CASE("completion: the common beginning, and columns") {
  CHECK(common_prefix({"getAcl", "get", "getEphemerals"}) == "get");
  CHECK(common_prefix({}).empty());
  CHECK(common_prefix({"gr\u00f6", "gr\u00fc"}) == "gr");  // not half a character
  CHECK(in_columns({"a", "bb", "c", "d", "e"}, 12) == "a    d\nbb   e\nc\n");
  CHECK(in_columns({"long-name"}, 4) == "long-name\n");
}

TEST_CASE("ACL text, both ways") {
  std::vector<std::string> complaints;
  const auto acl = parse_acl("world:anyone:cdrwa,digest:bob:aGFzaA=:r,nonsense,ip:1.2.3.4:q", complaints);
  REQUIRE(acl.size() == 3);
  CHECK(acl[0].perms == 31);
  CHECK(acl[1].id.id == "bob:aGFzaA=");
  CHECK(acl[1].perms == zk::kPermRead);
  CHECK(complaints ==
        std::vector<std::string>{"nonsense does not have the form scheme:id:perm", "Unknown perm type: q"});
  CHECK(perm_letters(31) == "cdrwa");
  CHECK(perm_letters(zk::kPermRead | zk::kPermAdmin) == "ra");
}

TEST_CASE("the eleven lines of a stat") {
  setenv("TZ", "UTC", 1);
  tzset();
  zk::Stat s;
  s.czxid = 0x1a;
  s.ctime = 1795315761000;
  s.ephemeral_owner = 0x100;
  s.data_length = 5;
  CHECK(format_stat(s) ==
        "cZxid = 0x1a\nctime = Sun Nov 22 02:49:21 UTC 2026\nmZxid = 0x0\nmtime = Thu Jan 01 00:00:00 UTC 1970\n"
        "pZxid = 0x0\ncversion = 0\ndataVersion = 0\naclVersion = 0\nephemeralOwner = 0x100\ndataLength = 5\n"
        "numChildren = 0\n");
}

TEST_CASE("paths are refused in ZooKeeper's words") {
  CHECK(path_problem("/").empty());
  CHECK(path_problem("/a/b.c").empty());
  CHECK(path_problem("/a/..b").empty());
  CHECK(path_problem("a") == "Path must start with / character");
  CHECK(path_problem("") == "Path length must be > 0");
  CHECK(path_problem("/a/") == "Path must not end with / character");
  CHECK(path_problem("/a//b") == "Invalid path string \"/a//b\" caused by empty node name specified @3");
  CHECK(path_problem("/a/./b") == "Invalid path string \"/a/./b\" caused by relative paths not allowed @3");
  CHECK(path_problem("/a/..") == "Invalid path string \"/a/..\" caused by relative paths not allowed @4");
}

}  // namespace
}  // namespace kz::cmd
