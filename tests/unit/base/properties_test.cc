#include "core/base/properties.h"

#include <doctest/doctest.h>

using namespace kz;

TEST_CASE("java.util.Properties: separators, comments, continuation and escapes") {
  auto p = parse_properties("# c\n! d\na=1\nb : 2\nc 3\n\n  d\\ e = x\\\n   y\nu=\\u00e9\r\nempty\nt=a\\tb\n");
  REQUIRE(p);
  auto m = to_map(*p);
  CHECK(m["a"] == "1");
  CHECK(m["b"] == "2");
  CHECK(m["c"] == "3");
  CHECK(m["d e"] == "xy");
  CHECK(m["u"] == "\xc3\xa9");
  CHECK(m.count("empty") == 1);
  CHECK(m["t"] == "a\tb");
  CHECK((*p)[3].line == 7);
}

TEST_CASE("a bad unicode escape names its line") {
  auto p = parse_properties("a=1\nb=\\u00zz\n");
  REQUIRE(!p);
  CHECK(p.error().detail == 2);
}
