// Which versions the group coordinator serves.
#include "core/broker/api/group_handlers.h"
#include "core/kafka/message/delete_groups.h"
#include "core/kafka/message/describe_groups.h"
#include "core/kafka/message/find_coordinator.h"
#include "core/kafka/message/heartbeat.h"
#include "core/kafka/message/join_group.h"
#include "core/kafka/message/leave_group.h"
#include "core/kafka/message/list_groups.h"
#include "core/kafka/message/offset_commit.h"
#include "core/kafka/message/offset_delete.h"
#include "core/kafka/message/offset_fetch.h"
#include "core/kafka/message/sync_group.h"

namespace kz::broker {
namespace {

template <class Request>
void add(Broker& broker, GroupCoordinator& groups, void (*handle)(GroupCoordinator&, RequestContext&, Request&&)) {
  broker.register_handler<Request>([&groups, handle](Broker&, RequestContext& context, Request&& request) {
    handle(groups, context, std::move(request));
  });
}

template <class Request>
void add(Broker& broker, GroupCoordinator& groups,
         void (*handle)(Broker&, GroupCoordinator&, RequestContext&, Request&&)) {
  broker.register_handler<Request>([&groups, handle](Broker& b, RequestContext& context, Request&& request) {
    handle(b, groups, context, std::move(request));
  });
}

}  // namespace

void register_group_handlers(Broker& broker, GroupCoordinator& groups) {
  broker.register_handler<kafka::FindCoordinatorRequest>(handle_find_coordinator);
  add(broker, groups, handle_join_group);
  add(broker, groups, handle_sync_group);
  add(broker, groups, handle_heartbeat);
  add(broker, groups, handle_leave_group);
  add(broker, groups, handle_offset_commit);
  add(broker, groups, handle_offset_fetch);
  add(broker, groups, handle_offset_delete);
  add(broker, groups, handle_list_groups);
  add(broker, groups, handle_describe_groups);
  add(broker, groups, handle_delete_groups);
}

}  // namespace kz::broker
