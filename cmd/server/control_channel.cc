#include "cmd/server/control_channel.h"

#include "core/base/log.h"

namespace kz::server {

void LocalChannel::send(broker::ControlRequest request, Done done) {
  auto job = [&broker = broker_, request = std::move(request), done = std::move(done)]() mutable {
    struct Apply {
      broker::Broker& broker;
      broker::LeadershipResult operator()(const broker::LeaderAndIsrUpdate& u) const {
        return broker.become_leader_or_follower(u);
      }
      broker::LeadershipResult operator()(const broker::MetadataUpdate& u) const {
        broker.apply_metadata(u);
        return {};
      }
      broker::LeadershipResult operator()(const broker::StopReplicaUpdate& u) const { return broker.stop_replicas(u); }
    };
    auto result = std::visit(Apply{broker}, request.body);
    if (done) done(std::move(result));
  };
  const bool taken = thread_.submit(std::move(job));
  KZ_ASSERT_MSG(taken, "the controller's orders exceed the queue of its own broker");
}

}  // namespace kz::server
