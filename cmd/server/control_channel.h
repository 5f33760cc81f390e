// The controller's channel to the broker of its own process: its orders are applied in order on one disk thread, since
// they create and delete logs; no bytes are encoded.
#pragma once
#include <memory>

#include "core/broker/controller/control_requests.h"
#include "core/broker/service.h"
#include "storage/disk_pool.h"

namespace kz::server {

class LocalChannel final : public broker::BrokerChannel {
 public:
  // thread: of one thread, so that orders keep their order. Both outlive the channel, and the pool is drained before
  // the broker goes.
  LocalChannel(broker::Broker& broker, storage::DiskPool& thread) : broker_(broker), thread_(thread) {}
  void send(broker::ControlRequest request, Done done) override;

 private:
  broker::Broker& broker_;
  storage::DiskPool& thread_;
};

}  // namespace kz::server
