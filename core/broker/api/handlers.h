// The data path's request handlers, one file each, and the entry that registers them.
#pragma once
#include "core/broker/request_context.h"
#include "core/broker/service.h"

namespace kz::kafka {
struct ApiVersionsRequest;
struct DeleteRecordsRequest;
struct DescribeClusterRequest;
struct DescribeConfigsRequest;
struct DescribeLogDirsRequest;
struct DescribeProducersRequest;
struct FetchRequest;
struct InitProducerIdRequest;
struct ListOffsetsRequest;
struct MetadataRequest;
struct OffsetForLeaderEpochRequest;
struct ProduceRequest;
}  // namespace kz::kafka

namespace kz::broker {

void handle_api_versions(Broker& broker, RequestContext& context, kafka::ApiVersionsRequest&& request);
void handle_delete_records(Broker& broker, RequestContext& context, kafka::DeleteRecordsRequest&& request);
void handle_describe_cluster(Broker& broker, RequestContext& context, kafka::DescribeClusterRequest&& request);
void handle_describe_configs(Broker& broker, RequestContext& context, kafka::DescribeConfigsRequest&& request);
void handle_describe_log_dirs(Broker& broker, RequestContext& context, kafka::DescribeLogDirsRequest&& request);
void handle_describe_producers(Broker& broker, RequestContext& context, kafka::DescribeProducersRequest&& request);
void handle_fetch(Broker& broker, RequestContext& context, kafka::FetchRequest&& request);
void handle_init_producer_id(Broker& broker, RequestContext& context, kafka::InitProducerIdRequest&& request);
void handle_list_offsets(Broker& broker, RequestContext& context, kafka::ListOffsetsRequest&& request);
void handle_metadata(Broker& broker, RequestContext& context, kafka::MetadataRequest&& request);
void handle_offset_for_leader_epoch(Broker& broker, RequestContext& context,
                                    kafka::OffsetForLeaderEpochRequest&& request);
void handle_produce(Broker& broker, RequestContext& context, kafka::ProduceRequest&& request);

// Registers all of the above.
void register_data_handlers(Broker& broker);

}  // namespace kz::broker
