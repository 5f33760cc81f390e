// What the controller tells one broker, and the port that delivers it. Source: ControllerChannelManager.scala @ 3.4.0.
// A broker of this process gets the structs themselves, others get them as messages.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <variant>

#include "core/broker/leadership.h"
#include "core/broker/metadata_image.h"
#include "core/broker/zk/payloads.h"

namespace kz::broker {

struct ControlRequest {
  int64_t broker_epoch = -1;  // czxid of the receiver's /brokers/ids node: addressed to that incarnation only
  std::variant<LeaderAndIsrUpdate, MetadataUpdate, StopReplicaUpdate> body;
};

// The controller's queue to one broker: requests are applied one at a time in the order sent; sent again until answered
// or until the channel is dropped. `done` may come on any thread, at most once; MetadataUpdate answers without
// partitions.
class BrokerChannel {
 public:
  using Done = std::move_only_function<void(LeadershipResult)>;
  virtual ~BrokerChannel() = default;
  virtual void send(ControlRequest request, Done done) = 0;
};

// Makes the channel to a broker that has appeared; the own broker gets an in-process one. Null: not reachable from
// here.
using BrokerChannelFactory = std::function<std::unique_ptr<BrokerChannel>(const BrokerNode& broker)>;

}  // namespace kz::broker
