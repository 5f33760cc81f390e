// kz_sim: runs seeded simulations of an ensemble. --seed N replays one exactly; --runs M runs N..N+M-1.
// The trace is one line per event: milliseconds, server (0 = the world), what happened. See README.md beside this file.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/lib/zab_sim.h"

int main(int argc, char** argv) {
  uint64_t seed = 1;
  uint64_t runs = 1;
  bool quiet = false;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--quiet") {
      quiet = true;
    } else if (arg == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (arg == "--runs" && i + 1 < argc) {
      runs = std::strtoull(argv[++i], nullptr, 10);
    } else {
      std::fprintf(stderr, "kz_sim: unknown argument '%s' (--seed N, --runs M, --quiet)\n", arg.c_str());
      return 2;
    }
  }
  uint64_t failed = 0;
  for (uint64_t s = seed; s < seed + runs; ++s) {
    kz::sim::ZabSim sim(s, kz::sim::ZabScenario::drawn(s));
    if (!quiet && runs == 1) sim.trace = [](const std::string& line) { std::puts(line.c_str()); };
    const auto broken = sim.run();
    if (broken) {
      ++failed;
      fmt::print("seed {}: {}\n", s, *broken);
    } else if (!quiet) {
      fmt::print("seed {}: fine, {} committed, {} elections\n", s, sim.committed(), sim.elections());
    }
  }
  fmt::print("{} passed, {} failed\n", runs - failed, failed);
  return failed == 0 ? 0 : 1;
}
