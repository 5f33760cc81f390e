// The index of access lists where a damaged snapshot left it anywhere.
#include "core/zk/acl_cache.h"

#include <doctest/doctest.h>

using namespace kz;
using namespace kz::zk;

TEST_CASE("the last index of a snapshot may be the last of all: new lists take free ones") {
  const auto list = [](const std::string& user) { return AclList{{31, {"digest", user}}}; };
  AclCache cache;
  REQUIRE(cache.load(INT32_MAX, list("last")).has_value());
  REQUIRE(cache.load(1, list("first")).has_value());
  const int32_t next = cache.add(list("new"));
  CHECK(next == 2);
  CHECK(cache.add(list("newer")) == 3);
  CHECK(cache.get(next) == list("new"));
  CHECK(cache.get(INT32_MAX) == list("last"));
  CHECK(cache.get(1) == list("first"));
}
