// EnsembleSim: servers, clients and faults of one seed. Faults: SIGKILL, power failures of one machine or of a rack,
// pauses, partitions one way and both, broken and half-open connections, disks that fail, fill up or lose what was not
// synced. At the end everything is mended: a new write must reach every server within a bound, every tree must be
// equal, and sessions that nobody keeps must go, with their nodes.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "tests/sim/lib/ensemble_client.h"

namespace kz::sim {

class EnsembleSim {
 public:
  EnsembleSim(uint64_t seed, EnsembleScenario scenario);
  ~EnsembleSim();
  // The first broken promise, or nullopt.
  std::optional<std::string> run();
  void on_trace(std::function<void(const std::string&)> line, bool packets = false) {
    world_.trace = std::move(line);
    world_.trace_packets = packets;
  }

  size_t committed() const { return order_.zxids().size(); }
  size_t elections() const { return order_.elections(); }
  size_t acknowledged() const;
  size_t reads() const;
  size_t sessions() const;
  size_t events() const;

 private:
  void fault();
  void power_failure();
  void partition();
  void spoil_disk(SimServer& server);
  void doom(ServerId leader);
  void boot_later(ServerId id, Duration delay);
  void heal();
  bool turn_until(TimePoint end, const std::function<bool()>& done);  // false: the time is over
  bool in_place(const SimServer& server) const;                       // serves everything, or rightly does not
  void check_equal();

  EnsembleScenario scenario_;
  World world_;
  Order order_;
  SimServers servers_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  bool healing_ = false;
};

}  // namespace kz::sim
