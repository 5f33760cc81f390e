// DescribeLogDirs, api key 35: log directories of a broker and the replicas in them.
// Source: DescribeLogDirsRequest.json, DescribeLogDirsResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible.  v3: error of the whole (KIP-784).
//   v4: size and free space of the volume (KIP-827).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeLogDirsRequest {
  static constexpr const char* kName = "DescribeLogDirsRequest";
  static constexpr int16_t kApiKey = 35, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 2;

  struct DescribableLogDirTopic {
    std::string topic{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partitions, "Partitions");
    }
  };

  std::optional<std::vector<DescribableLogDirTopic>> topics = std::vector<DescribableLogDirTopic>{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.topics, "Topics"); }
};

struct DescribeLogDirsResponse {
  static constexpr const char* kName = "DescribeLogDirsResponse";
  static constexpr int16_t kApiKey = 35, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 2;

  struct DescribeLogDirsPartition {
    int32_t partition_index = 0;
    int64_t partition_size = 0;
    int64_t offset_lag = 0;
    bool is_future_key = false;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.partition_size, "PartitionSize");
      visit(m.offset_lag, "OffsetLag");
      visit(m.is_future_key, "IsFutureKey");
    }
  };

  struct DescribeLogDirsTopic {
    std::string name{};
    std::vector<DescribeLogDirsPartition> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  struct DescribeLogDirsResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::string log_dir{};
    std::vector<DescribeLogDirsTopic> topics{};
    int64_t total_bytes = -1;
    int64_t usable_bytes = -1;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.log_dir, "LogDir");
      visit(m.topics, "Topics");
      visit(m.total_bytes, "TotalBytes", since(4).ignorable());
      visit(m.usable_bytes, "UsableBytes", since(4).ignorable());
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<DescribeLogDirsResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode", since(3).ignorable());
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
