#include "core/election/notification.h"

#include <doctest/doctest.h>

#include "core/base/rng.h"
#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

using namespace kz;
using namespace kz::election;

TEST_CASE("a notification has ZooKeeper's layout: offsets of wire format version 2") {
  Notification n;
  n.state = ServerState::kFollowing;
  n.vote = {3, 0x100000002, 7, 1};
  n.config = "server.1=a:1:2:participant\nversion=0";
  Slice s = encode(n);
  Reader r(s.bytes());
  CHECK(r.i32() == 1);
  CHECK(r.i64() == 3);
  CHECK(r.i64() == 0x100000002);
  CHECK(r.i64() == 7);
  CHECK(r.i64() == 1);
  CHECK(r.i32() == 2);
  CHECK(r.i32() == static_cast<int32_t>(n.config.size()));
  auto back = decode_notification(s.bytes());
  REQUIRE(back);
  CHECK(back->config == n.config);
  CHECK(back->vote.peer_epoch == 1);
}

TEST_CASE("the 28 and 40 byte forms of older servers count as version 0") {
  Buffer b;
  b.i32(0);
  b.i64(2);
  b.i64(0x500000001);
  b.i64(9);
  auto oldest = decode_notification(b.bytes());
  REQUIRE(oldest);
  CHECK(oldest->vote.peer_epoch == 5);
  CHECK(oldest->format_version == 0);
  b.i64(4);
  b.i32(1);
  auto older = decode_notification(b.bytes());
  REQUIRE(older);
  CHECK(older->vote.peer_epoch == 4);
  CHECK(older->format_version == 0);
}

TEST_CASE("cut or absurd notifications are refused") {
  Notification n;
  n.config = "version=0";
  Slice s = encode(n);
  for (size_t cut = 0; cut < s.size(); ++cut) {
    if (cut == 28 || cut == 40) continue;  // valid older forms
    CHECK_FALSE(decode_notification(s.bytes().first(cut)));
  }
  Buffer b;
  b.i32(9);
  for (int i = 0; i < 3; ++i) b.i64(1);
  CHECK_FALSE(decode_notification(b.bytes()));
}

TEST_CASE("greetings of all three generations, and garbage") {
  Slice v1 = encode(Greeting{2, {"127.0.0.1:3888", "10.0.0.1:3888"}}, false);
  auto p = parse_greeting(v1.bytes());
  REQUIRE(p);
  CHECK(p->consumed == v1.size());
  CHECK(p->greeting.sid == 2);
  CHECK(p->greeting.addresses == std::vector<std::string>{"127.0.0.1:3888"});
  for (size_t cut = 0; cut < v1.size(); ++cut) {
    auto partial = parse_greeting(v1.bytes().first(cut));
    REQUIRE(partial);
    CHECK(partial->consumed == 0);
  }
  auto v2 = parse_greeting(encode(Greeting{2, {"a:1", "b:2"}}, true).bytes());
  REQUIRE(v2);
  CHECK(v2->greeting.addresses == std::vector<std::string>{"a:1", "b:2"});
  Buffer old;
  old.i64(5);
  CHECK(parse_greeting(old.bytes())->greeting.sid == 5);
  Buffer bad;
  bad.i64(-3);
  CHECK_FALSE(parse_greeting(bad.bytes()));
  Buffer huge;
  huge.i64(kGreetingV1);
  huge.i64(1);
  huge.i32(1 << 20);
  CHECK_FALSE(parse_greeting(huge.bytes()));
}
