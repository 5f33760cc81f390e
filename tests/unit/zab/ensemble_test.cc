// Whole simulated ensembles: a bounded number of seeds, exact replay, and proof that planted bugs are found.
// `make soak` runs more seeds.
#include <doctest/doctest.h>

#include "tests/sim/lib/ensemble_sim.h"

using namespace kz;
using namespace kz::sim;

TEST_CASE("servers, clients and disks keep every promise under faults") {
  size_t acknowledged = 0, reads = 0, events = 0, sessions = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    EnsembleSim sim(seed, EnsembleScenario::drawn(seed));
    const auto broken = sim.run();
    CHECK_MESSAGE(!broken, "seed " << seed << ": " << broken.value_or(""));
    acknowledged += sim.acknowledged();
    reads += sim.reads();
    events += sim.events();
    sessions += sim.sessions();
  }
  // The runs did something: what nobody did proves nothing.
  CHECK(acknowledged > 1000);
  CHECK(reads > 1000);
  CHECK(events > 50);
  CHECK(sessions > 30);
}

TEST_CASE("a seed of a whole ensemble replays exactly") {
  std::string first;
  std::string second;
  for (std::string* out : {&first, &second}) {
    EnsembleSim sim(3, EnsembleScenario::drawn(3));
    sim.on_trace([out](const std::string& line) { *out += line + "\n"; });
    sim.run();
  }
  CHECK(first == second);
  CHECK(first.find("SERVING") != std::string::npos);
}

namespace {

// The first seed that finds the planted bug, or 0.
uint64_t found_within(uint64_t seeds, void (*plant)(EnsembleScenario&)) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    EnsembleScenario s = EnsembleScenario::drawn(seed);
    plant(s);
    if (EnsembleSim(seed, s).run()) return seed;
  }
  return 0;
}

}  // namespace

TEST_CASE("planted: a proposal acknowledged before it is synced is found within 150 seeds") {
  CHECK(found_within(150, [](EnsembleScenario& s) { s.bug_ack_before_sync = true; }) > 0);
}
TEST_CASE("planted: votes ordered by id before zxid are found within 150 seeds") {
  CHECK(found_within(150, [](EnsembleScenario& s) { s.bug_order_by_id_first = true; }) > 0);
}
TEST_CASE("planted: a skipped TRUNC is found within 50 seeds") {
  CHECK(found_within(50, [](EnsembleScenario& s) { s.bug_skip_trunc = true; }) > 0);
}
TEST_CASE("planted: a commit without a quorum is found within 50 seeds") {
  CHECK(found_within(50, [](EnsembleScenario& s) { s.bug_commit_without_quorum = true; }) > 0);
}
// It takes leaders that die right after they chose an epoch, twice the same one.
TEST_CASE(
    "planted: a stale epoch's proposal accepted is found within 100 seeds of dying leaders, and without it nothing") {
  for (const bool bug : {true, false}) {
    uint64_t found = 0;
    for (uint64_t seed = 1; seed <= (bug ? 100 : 5) && found == 0; ++seed) {
      EnsembleScenario s = EnsembleScenario::drawn(seed);
      s.churn = true;
      s.voters = 5 + 2 * static_cast<int>(seed % 2);
      s.fault_per_second = 1;
      s.duration = ms(25000);
      s.bug_accept_stale_epoch = bug;
      if (EnsembleSim(seed, s).run()) found = seed;
    }
    CHECK((found > 0) == bug);
  }
}
