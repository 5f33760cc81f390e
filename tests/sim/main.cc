// kz_sim: runs seeded simulations of an ensemble. --seed N replays one exactly; --runs M runs N..N+M-1. --zab: the
// broadcast machines alone. --packets: the trace has the packets of the quorum port, too.
// The trace is one line per event: milliseconds, server (0 = the world), what happened. See README.md beside this file.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "core/base/log.h"
#include "tests/sim/lib/ensemble_sim.h"
#include "tests/sim/lib/zab_sim.h"

namespace {

using Trace = std::function<void(const std::string&)>;

struct Outcome {
  std::optional<std::string> broken;
  std::string summary;
};

// The broadcast machines alone, on logs that are lists.
Outcome run_zab(uint64_t seed, const Trace& trace) {
  kz::sim::ZabSim sim(seed, kz::sim::ZabScenario::drawn(seed));
  sim.trace = trace;
  auto broken = sim.run();
  return {std::move(broken), fmt::format("{} committed, {} elections", sim.committed(), sim.elections())};
}

// Whole servers and clients.
Outcome run_ensemble(uint64_t seed, const Trace& trace, bool packets) {
  kz::sim::EnsembleSim sim(seed, kz::sim::EnsembleScenario::drawn(seed));
  sim.on_trace(trace, packets);
  auto broken = sim.run();
  return {std::move(broken),
          fmt::format("{} committed, {} elections, {} writes acknowledged, {} reads, {} sessions, {} events",
                      sim.committed(), sim.elections(), sim.acknowledged(), sim.reads(), sim.sessions(), sim.events())};
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t seed = 1;
  uint64_t runs = 1;
  bool quiet = false;
  bool zab = false;
  bool packets = false;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--quiet") {
      quiet = true;
    } else if (arg == "--packets") {
      packets = true;
    } else if (arg == "--zab") {
      zab = true;
    } else if (arg == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (arg == "--runs" && i + 1 < argc) {
      runs = std::strtoull(argv[++i], nullptr, 10);
    } else {
      std::fprintf(stderr, "kz_sim: unknown argument '%s' (--seed N, --runs M, --quiet, --zab, --packets)\n",
                   arg.c_str());
      return 2;
    }
  }
  uint64_t failed = 0;
  for (uint64_t s = seed; s < seed + runs; ++s) {
    Trace trace;
    if (!quiet && runs == 1) trace = [](const std::string& line) { std::puts(line.c_str()); };
    const Outcome outcome = zab ? run_zab(s, trace) : run_ensemble(s, trace, packets);
    if (outcome.broken) {
      ++failed;
      fmt::print("seed {}: {}\n", s, *outcome.broken);
      std::fflush(stdout);
    } else if (!quiet) {
      fmt::print("seed {}: fine, {}\n", s, outcome.summary);
    }
  }
  fmt::print("{} passed, {} failed\n", runs - failed, failed);
  return failed == 0 ? 0 : 1;
}
