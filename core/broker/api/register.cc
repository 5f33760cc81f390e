// Which versions the data path serves. ApiVersions answers what is registered here and by the other register functions.
#include "core/broker/api/handlers.h"
#include "core/kafka/message/api_versions.h"
#include "core/kafka/message/delete_records.h"
#include "core/kafka/message/describe_cluster.h"
#include "core/kafka/message/describe_configs.h"
#include "core/kafka/message/describe_log_dirs.h"
#include "core/kafka/message/describe_producers.h"
#include "core/kafka/message/fetch.h"
#include "core/kafka/message/init_producer_id.h"
#include "core/kafka/message/list_offsets.h"
#include "core/kafka/message/metadata.h"
#include "core/kafka/message/offset_for_leader_epoch.h"
#include "core/kafka/message/produce.h"

namespace kz::broker {

namespace {
// Record batches below magic 2 begin at these versions; they come with down-conversion.
constexpr int16_t kProduceMinVersion = 3;
constexpr int16_t kFetchMinVersion = 4;
// Version 0 answers segments' starts by file times; clients that ask so fetch in older formats, too.
constexpr int16_t kListOffsetsMinVersion = 1;
}  // namespace

void register_data_handlers(Broker& broker) {
  broker.register_handler<kafka::ProduceRequest>(handle_produce, kProduceMinVersion);
  broker.register_handler<kafka::FetchRequest>(handle_fetch, kFetchMinVersion);
  broker.register_handler<kafka::ListOffsetsRequest>(handle_list_offsets, kListOffsetsMinVersion);
  broker.register_handler<kafka::MetadataRequest>(handle_metadata);
  broker.register_handler<kafka::ApiVersionsRequest>(handle_api_versions);
  broker.register_handler<kafka::DeleteRecordsRequest>(handle_delete_records);
  broker.register_handler<kafka::InitProducerIdRequest>(handle_init_producer_id);
  broker.register_handler<kafka::OffsetForLeaderEpochRequest>(handle_offset_for_leader_epoch);
  broker.register_handler<kafka::DescribeConfigsRequest>(handle_describe_configs);
  broker.register_handler<kafka::DescribeLogDirsRequest>(handle_describe_log_dirs);
  broker.register_handler<kafka::DescribeClusterRequest>(handle_describe_cluster);
  broker.register_handler<kafka::DescribeProducersRequest>(handle_describe_producers);
}

}  // namespace kz::broker
