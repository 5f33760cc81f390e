// The request handlers of the group coordinator, one file each. Registered with what they act on.
#pragma once
#include "core/broker/group/coordinator.h"
#include "core/broker/service.h"

namespace kz::kafka {
struct DeleteGroupsRequest;
struct DescribeGroupsRequest;
struct FindCoordinatorRequest;
struct HeartbeatRequest;
struct JoinGroupRequest;
struct LeaveGroupRequest;
struct ListGroupsRequest;
struct OffsetCommitRequest;
struct OffsetDeleteRequest;
struct OffsetFetchRequest;
struct SyncGroupRequest;
}  // namespace kz::kafka

namespace kz::broker {

void handle_find_coordinator(Broker& broker, RequestContext& context, kafka::FindCoordinatorRequest&& request);
void handle_join_group(GroupCoordinator& groups, RequestContext& context, kafka::JoinGroupRequest&& request);
void handle_sync_group(GroupCoordinator& groups, RequestContext& context, kafka::SyncGroupRequest&& request);
void handle_heartbeat(GroupCoordinator& groups, RequestContext& context, kafka::HeartbeatRequest&& request);
void handle_leave_group(GroupCoordinator& groups, RequestContext& context, kafka::LeaveGroupRequest&& request);
void handle_offset_commit(Broker& broker, GroupCoordinator& groups, RequestContext& context,
                          kafka::OffsetCommitRequest&& request);
void handle_offset_fetch(GroupCoordinator& groups, RequestContext& context, kafka::OffsetFetchRequest&& request);
void handle_offset_delete(Broker& broker, GroupCoordinator& groups, RequestContext& context,
                          kafka::OffsetDeleteRequest&& request);
void handle_list_groups(GroupCoordinator& groups, RequestContext& context, kafka::ListGroupsRequest&& request);
void handle_describe_groups(GroupCoordinator& groups, RequestContext& context, kafka::DescribeGroupsRequest&& request);
void handle_delete_groups(GroupCoordinator& groups, RequestContext& context, kafka::DeleteGroupsRequest&& request);

inline GroupCoordinator::Caller caller(const RequestContext& context) { return {context.now(), &context.reactor()}; }

// Registers all of the above. groups outlives the broker's last request.
void register_group_handlers(Broker& broker, GroupCoordinator& groups);

}  // namespace kz::broker
