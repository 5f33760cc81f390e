// ConnectionQuota: how many connections there may be in all, per listener and per address, and how fast new ones may
// come. Source: ConnectionQuotas in SocketServer.scala @ 3.4.0; KIP-402, and KIP-612 without its rates per address.
// Thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/time.h"

namespace kz::net {

struct ConnectionLimits {
  static constexpr int32_t kNone = INT32_MAX;
  struct Listener {
    int32_t total = kNone;       // listener.name.<name>.max.connections
    int32_t per_second = kNone;  // listener.name.<name>.max.connection.creation.rate
  };
  int32_t total = kNone;                              // max.connections
  int32_t per_second = kNone;                         // max.connection.creation.rate
  int32_t per_ip = kNone;                             // max.connections.per.ip
  std::map<std::string, int32_t> per_ip_overrides{};  // max.connections.per.ip.overrides, by numeric address
  std::map<std::string, Listener, std::less<>> listeners{};
  std::string unlimited_listener{};  // `total` does not stop it: the brokers' own, where there are others; "" = none
};

class ConnectionQuota {
 public:
  void set_limits(ConnectionLimits limits, TimePoint now);
  // Counts a connection just accepted. The limit of its address if that is reached; then it is not counted.
  std::optional<int32_t> take(const std::string& ip, const std::string& listener, TimePoint now);
  void give_back(const std::string& ip, const std::string& listener);
  // How long the listener must accept nothing; zero: it may; kUntilOneEnds: until a place is free or limits change.
  static constexpr Duration kUntilOneEnds = Duration::max();
  Duration wait(const std::string& listener, TimePoint now);

 private:
  // Tokens of new connections: as many may come at once as ten seconds bring, which is what Kafka's average over
  // eleven samples of a second lets through.
  struct Rate {
    int32_t per_second = ConnectionLimits::kNone;
    double tokens = 0;
    TimePoint at;
    void set(int32_t rate, TimePoint now);
    void refill(TimePoint now);
    Duration wait() const;
  };
  struct PerListener {
    int32_t count = 0;
    int32_t total = ConnectionLimits::kNone;
    Rate rate;
  };

  std::mutex mutex_;  // all
  ConnectionLimits limits_;
  int32_t count_ = 0;
  Rate rate_;
  std::map<std::string, int32_t> per_ip_;
  std::map<std::string, PerListener, std::less<>> listeners_;
};

}  // namespace kz::net
