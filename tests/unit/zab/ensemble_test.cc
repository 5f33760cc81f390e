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
