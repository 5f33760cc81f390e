// DescribeLogDirs: what lies in which data directory. Source: ReplicaManager.describeLogDirs @ 3.4.0; KIP-113, KIP-827.
#include "core/kafka/message/describe_log_dirs.h"

#include <map>
#include <set>
#include <utility>

#include "core/broker/api/handlers.h"

namespace kz::broker {

using kafka::DescribeLogDirsResponse;
using kafka::ErrorCode;

void handle_describe_log_dirs(Broker& broker, RequestContext& context, kafka::DescribeLogDirsRequest&& request) {
  std::set<TopicPartition> asked;
  if (request.topics) {
    for (const auto& topic : *request.topics) {
      for (const int32_t p : topic.partitions) asked.insert({topic.topic, p});
    }
  }
  const LogStore& store = broker.replicas().store();
  std::map<std::string, std::map<std::string, std::vector<DescribeLogDirsResponse::DescribeLogDirsPartition>>> found;
  for (const auto& log : store.all()) {
    const TopicPartition& tp = log->topic_partition();
    if (request.topics && !asked.contains(tp)) continue;
    DescribeLogDirsResponse::DescribeLogDirsPartition p;
    p.partition_index = tp.partition;
    p.partition_size = log->size_bytes();
    // A leader lags behind itself by nothing; what the image says of a follower's leader is not known here.
    const auto hosted = broker.replicas().find(tp.topic, tp.partition);
    p.offset_lag =
        hosted && hosted->state().is_leader ? 0 : std::max<int64_t>(0, log->high_watermark() - log->log_end_offset());
    found[store.directory_of(tp)][tp.topic].push_back(p);
  }
  DescribeLogDirsResponse response;
  for (const LogStore::DirInfo& dir : store.directories()) {
    auto& out = response.results.emplace_back();
    out.log_dir = dir.path;
    if (dir.offline) {
      out.error_code = ErrorCode::kKafkaStorageError;
      continue;
    }
    out.total_bytes = dir.total_bytes;
    out.usable_bytes = dir.usable_bytes;
    for (auto& [topic, partitions] : found[dir.path]) out.topics.push_back({topic, std::move(partitions)});
  }
  context.respond(response);
}

}  // namespace kz::broker
