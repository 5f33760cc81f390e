// What a simulated run is made of. Drawn from its seed, or set by a test.
#pragma once
#include <cstdint>

#include "core/base/time.h"

namespace kz::sim {

struct EnsembleScenario {
  int voters = 3;
  int observers = 0;
  int clients = 4;
  Duration duration = ms(15000);
  double fault_per_second = 0.7;
  Duration think = ms(20);  // of a client between requests, on average
  // Leaders that die between the phases, after a part of the others heard of their epoch.
  bool churn = false;
  // Planted bugs.
  bool bug_ack_before_sync = false;
  bool bug_order_by_id_first = false;
  bool bug_skip_trunc = false;
  bool bug_commit_without_quorum = false;
  bool bug_accept_stale_epoch = false;

  static EnsembleScenario drawn(uint64_t seed);
};

}  // namespace kz::sim
