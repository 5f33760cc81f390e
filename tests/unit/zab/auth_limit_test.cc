// How many auth ids a client may gather: each of a follower's writes carries them to the leader.
#include <doctest/doctest.h>

#include "core/zab/packet.h"
#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

TEST_CASE("a client's auth ids are bounded, below what a packet to the leader may carry") {
  for (const size_t name_bytes : {size_t{10}, size_t{1000}, size_t{70000}}) {
    Server s;
    const ConnId conn = s.client();
    size_t accepted = 0;
    std::vector<Id> ids{{"ip", "127.0.0.1"}};
    while (!s.inbox[conn].closed) {
      const std::string user = std::to_string(accepted) + std::string(name_bytes, 'u') + ":p";
      if (s.code(conn, OpCode::kAuth, AuthPacket{0, "digest", bytes(user)}) != KeeperCode::kOk) continue;
      ids.push_back({"digest", Authenticator::digest_id(user)});
      ++accepted;
    }
    CHECK(accepted == (name_bytes == 10 ? 511 : name_bytes == 1000 ? 59 : 0));
    const zab::QuorumPacket packet{zab::PacketType::kRequest, -1, Slice::copy_of("r"), ids};
    CHECK(zab::parse_packet(encode(packet), 1 << 20)->packet.has_value());
  }
}
