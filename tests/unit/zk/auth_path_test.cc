// ACL schemes and path rules.
#include <doctest/doctest.h>

#include "core/zk/auth.h"
#include "core/zk/path.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

TEST_CASE("digest ids are DigestAuthenticationProvider's") {
  // Printed by org.apache.zookeeper.server.auth.DigestAuthenticationProvider of 3.8.0.
  CHECK(Authenticator::digest_id("user:password") == "user:tpUq/4Pn5A64fVZyQ0gOJ8ZWqkY=");
  CHECK(Authenticator::digest_id("a:b:c") == "a:cLzgnoJ6mP5qz3w+mwvPE2vDgu0=");
  CHECK(Authenticator::digest_id("u:p", "SHA-256").size() == 2 + 44);
  CHECK(Authenticator::digest_id("u:p", "no such algorithm").empty());
}

TEST_CASE("ip expressions: addresses, masks, both families") {
  for (const char* good :
       {"1.2.3.4", "10.0.0.0/8", "0.0.0.0/0", "::1", "fe80::/10", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"}) {
    CAPTURE(good);
    CHECK(Authenticator::ip_valid(good));
  }
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1",
                          "1:2:3", ":::", "1::2::3", "::1/129", "12345::", "1:2:3:4:5:6:7:8:9", "::1:"}) {
    CAPTURE(bad);
    CHECK_FALSE(Authenticator::ip_valid(bad));
  }
  CHECK(Authenticator::ip_matches("10.1.2.3", "10.0.0.0/8"));
  CHECK_FALSE(Authenticator::ip_matches("11.1.2.3", "10.0.0.0/8"));
  CHECK(Authenticator::ip_matches("10.1.2.131", "10.1.2.128/25"));
  CHECK_FALSE(Authenticator::ip_matches("10.1.2.127", "10.1.2.128/25"));
  CHECK(Authenticator::ip_matches("9.9.9.9", "0.0.0.0/0"));
  CHECK(Authenticator::ip_matches("fe80::1", "fe80:0::0/10"));
  CHECK_FALSE(Authenticator::ip_matches("1.2.3.4", "::1"));
}

TEST_CASE("who may: bits, ids, super, the open entry, the empty list, skipACL") {
  const ZooConfig config =
      config_of("DigestAuthenticationProvider.superDigest=" + Authenticator::digest_id("super:x") + "\n");
  const Authenticator auth(config);
  const Ids nobody{{"ip", "1.2.3.4"}};
  Ids bob = nobody;
  REQUIRE(auth.authenticate("digest", bytes("bob:pw"), bob) == KeeperCode::kOk);
  Ids root = nobody;
  REQUIRE(auth.authenticate("digest", bytes("super:x"), root) == KeeperCode::kOk);
  const AclList acl{{kPermRead, {"digest", Authenticator::digest_id("bob:pw")}}, {kPermWrite, {"ip", "1.2.3.0/24"}}};
  CHECK_FALSE(auth.allowed(acl, kPermRead, nobody));
  CHECK(auth.allowed(acl, kPermRead, bob));
  CHECK(auth.allowed(acl, kPermWrite, nobody));
  CHECK_FALSE(auth.allowed(acl, kPermAdmin, bob));
  CHECK(auth.allowed(acl, kPermAdmin | kPermRead, bob));
  CHECK(auth.allowed(acl, kPermAdmin, root));
  CHECK(auth.allowed({}, kPermAdmin, nobody));
  const Authenticator sasl(
      config_of("authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n"
                "superUser.1=boss\nletAnySaslUserDoX=anybody\n"));
  CHECK(sasl.allowed({{kPermRead, {"sasl", "x"}}}, kPermRead, {{"sasl", "x"}}));
  CHECK_FALSE(sasl.allowed({{kPermRead, {"sasl", "x"}}}, kPermRead, {{"sasl", "y"}}));
  CHECK(sasl.allowed({{kPermRead, {"sasl", "x"}}}, kPermRead, {{"sasl", "super"}}));
  CHECK(sasl.allowed({{kPermRead, {"sasl", "anybody"}}}, kPermRead, {{"sasl", "y"}}));
  CHECK_FALSE(auth.allowed({{kPermRead, {"sasl", "x"}}}, kPermRead, {{"sasl", "x"}}));  // without its provider
  Ids boss;
  sasl.add_sasl_user("boss", boss);
  CHECK(boss == Ids{{"sasl", "boss"}, {"super", ""}});
  CHECK(auth.allowed(open_acl(), kPermAdmin, nobody));
  CHECK(Authenticator(config_of("skipACL=yes\n")).allowed(acl, kPermAdmin, nobody));
  CHECK(auth.authenticate("nope", bytes("x"), bob) == KeeperCode::kAuthFailed);
  CHECK(auth.authenticate("digest", {}, bob) == KeeperCode::kAuthFailed);
  CHECK(Authenticator(config_of("DigestAuthenticationProvider.enabled=false\n"))
            .authenticate("digest", bytes("a:b"), bob) == KeeperCode::kAuthFailed);
}

TEST_CASE("lists are checked and expanded as they are stored") {
  const ZooConfig config = config_of();
  const Authenticator auth(config);
  Ids bob{{"ip", "1.2.3.4"}};
  auth.authenticate("digest", bytes("bob:pw"), bob);
  const Id bob_id{"digest", Authenticator::digest_id("bob:pw")};
  CHECK_FALSE(auth.fix_up({}, bob).has_value());
  CHECK(auth.fix_up({{31, {"auth", "whatever"}}}, bob) == AclList{{31, bob_id}});
  CHECK_FALSE(auth.fix_up({{31, {"auth", ""}}}, {{"ip", "1.2.3.4"}}).has_value());
  CHECK(auth.fix_up({{1, bob_id}, {1, bob_id}, {2, bob_id}}, bob)->size() == 2);
  for (const Id& bad : {Id{"digest", "nocolon"}, Id{"digest", "user:"}, Id{"digest", "a:b:c"}, Id{"world", "someone"},
                        Id{"nope", "x"}, Id{"", ""}, Id{"ip", "x"}}) {
    CAPTURE(bad.scheme + "," + bad.id);
    CHECK_FALSE(auth.fix_up({{31, bad}}, bob).has_value());
  }
}

TEST_CASE("paths: what PathUtils lets through and what not") {
  for (const char* good :
       {"/", "/a", "/a/b", "/.a", "/a.", "/...", "/a..b", "/a/..b", "/\u00e4", "/a b", "/\u4e2d", "/\ufffc" + 0}) {
    if (std::string_view(good) == "/\ufffc") continue;  // 0xfff0 to 0xffff are forbidden
    CAPTURE(good);
    CHECK(path_problem(good) == "");
  }
  for (const char* bad :
       {"",        "a",       "/a/",     "//",      "/a//b",       "/.",    "/..",     "/a/.",
        "/a/..",   "/a/./b",  "/a/../b", "/\x01",   "/\x1f",       "/\x7f", "/\u0080", "/\u009f",
        "/\ue000", "/\uf8ff", "/\ufff0", "/\ufffd", "/\U0001F600", "/\xff", "/\xc3",   "/\xed\xa0\x80"}) {
    CAPTURE(bad);
    CHECK(path_problem(bad) != "");
  }
  CHECK(path_problem(std::string_view("/a\0b", 4)) == "null character not allowed");
  CHECK(path_problem("/a//b") == "empty node name specified");
  CHECK(path_problem("/a/../b") == "relative paths not allowed");
}
