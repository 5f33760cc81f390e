// A group that dies and comes back at the same moment: the tombstones of the old one must not lie behind the first
// commit of the new one, or the commit is lost at the next load.
#include "core/broker/group/coordinator.h"
#include "core/broker/topic_rules.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

const TopicPartition kTp{"t", 0};
const std::string kTopic(kOffsetsTopic);

Result<Slice> in_memory(const Chain& chain) {
  Slice whole = Slice::allocate(chain.size());
  size_t at = 0;
  for (const auto& piece : chain.pieces()) {
    const Slice& s = std::get<Slice>(piece);
    std::memcpy(whole.mutable_bytes().data() + at, s.data(), s.size());
    at += s.size();
  }
  return whole;
}

struct CoordinatorFixture {
  CoordinatorFixture() {
    config.partitions = 1;
    config.commit_required_acks = 1;
    config.offsets_retention_ms = 1000;
    f.make_topic(kTopic, 1);
    boot();
  }
  void boot() {
    groups = std::make_unique<GroupCoordinator>(config, f.broker->replicas(), f.reactor, 1);
    groups->read_chain = in_memory;
    groups->startup();
    ReplicaManager::LeadershipChange change;
    change.leaders.push_back(f.broker->replicas().find(kTopic, 0));
    REQUIRE(change.leaders[0] != nullptr);
    groups->on_leadership_change(change);
    f.reactor.run();
  }
  kafka::ErrorCode commit(Offset offset, int64_t commit_ms) {
    OffsetMap offsets;
    CommittedOffset& value = offsets[kTp];
    value.offset = offset;
    value.commit_ms = commit_ms;
    kafka::ErrorCode code = kafka::ErrorCode::kUnknownServerError;
    groups->commit("g", "", std::nullopt, -1, std::move(offsets), {f.reactor.now(), &f.reactor},
                   [&](OffsetCodes codes) { code = codes.at(kTp); });
    f.reactor.run();
    return code;
  }
  Offset committed() {
    std::map<TopicPartition, GroupCoordinator::FetchedOffset> out;
    REQUIRE(groups->fetch("g", std::nullopt, false, out) == kafka::ErrorCode::kNone);
    const auto it = out.find(kTp);
    return it == out.end() ? -1 : it->second.value.offset;
  }

  DataFixture f;
  CoordinatorConfig config;
  std::unique_ptr<GroupCoordinator> groups;
};

TEST_CASE("a commit in the middle of the group's death is refused or survives the next load") {
  CoordinatorFixture c;
  const int64_t now = c.f.reactor.now().wall_ms;
  REQUIRE(c.commit(7, now) == kafka::ErrorCode::kNone);
  c.f.reactor.advance(ms(5000));
  // The expiry writes tombstones; in that moment a client commits to the same group.
  kafka::ErrorCode meanwhile = kafka::ErrorCode::kUnknownServerError;
  c.f.store.log(kTopic, 0).before_append = [&] {
    c.f.store.log(kTopic, 0).before_append = nullptr;
    meanwhile = c.commit(9, c.f.reactor.now().wall_ms);
  };
  c.groups->expire_offsets({c.f.reactor.now(), &c.f.reactor});
  c.f.reactor.run();
  REQUIRE(!c.f.store.log(kTopic, 0).before_append);
  const Offset before = c.committed();
  CHECK((meanwhile == kafka::ErrorCode::kNone) == (before == 9));
  c.boot();
  CHECK(c.committed() == before);
  // And a commit after it is kept in any case.
  CHECK(c.commit(11, c.f.reactor.now().wall_ms) == kafka::ErrorCode::kNone);
  c.boot();
  CHECK(c.committed() == 11);
}

}  // namespace
}  // namespace kz::broker::test
