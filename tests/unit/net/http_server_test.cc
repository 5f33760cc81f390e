// HTTP targets: paths, queries, what cannot be decoded.
#include "net/http_server.h"

#include <doctest/doctest.h>

using namespace kz::net;

TEST_CASE("a target is a path and parameters") {
  HttpRequest r = parse_target("/commands/stmk?traceMask=17&x=a%20b+c&x=2&flag&&y=");
  CHECK(r.path == "/commands/stmk");
  CHECK(r.parameters.at("traceMask") == "17");
  CHECK(r.parameters.at("x") == "a b c");
  CHECK(r.parameters.at("flag").empty());
  CHECK(r.parameters.at("y").empty());
  CHECK(r.parameters.size() == 4);
  CHECK(parse_target("/a%2fb+c").path == "/a/b+c");
  CHECK(parse_target("http://host:1/metrics#x").path == "/metrics");
  CHECK(parse_target("http://host").path == "/");
  CHECK(parse_target("").path.empty());
}

TEST_CASE("what is not encoded rightly stays as it is") {
  CHECK(url_decode("%", false) == "%");
  CHECK(url_decode("%4", false) == "%4");
  CHECK(url_decode("%zz%41", false) == "%zzA");
  CHECK(url_decode("a+b", false) == "a+b");
}
