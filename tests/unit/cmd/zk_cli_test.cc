// zk-cli's parsing and printing. Expected texts: ZooKeeper 3.8.0's zkCli.sh.
#include "cmd/zk_cli.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

namespace kz::cmd {
namespace {

TEST_CASE("quotes group words") {
  CHECK(split_words("create  /a 'b c' \"d 'e\"") == std::vector<std::string>{"create", "/a", "b c", "d 'e"});
  CHECK(split_words("  ").empty());
  CHECK(split_words("set /a 'open") == std::vector<std::string>{"set", "/a", "'open"});
}

TEST_CASE("options may be bundled and stand anywhere; negative numbers after -v are values") {
  auto a = parse_zk_args({"create", "-se", "/p", "data"}, "sec", "t");
  REQUIRE(a);
  CHECK(a->has('s'));
  CHECK(a->has('e'));
  CHECK(a->words == std::vector<std::string>{"create", "/p", "data"});
  a = parse_zk_args({"set", "/p", "d", "-v", "-1"}, "s", "v");
  REQUIRE(a);
  CHECK(*a->value('v') == "-1");
  CHECK(parse_zk_args({"ls", "-x", "/"}, "s", "").error() == "Unrecognized option: -x");
  CHECK(parse_zk_args({"set", "-v"}, "s", "v").error() == "Missing argument for option: v");
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
