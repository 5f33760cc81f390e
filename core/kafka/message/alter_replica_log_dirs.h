// AlterReplicaLogDirs, api key 34: moves replicas between the log directories of a broker.
// Source: AlterReplicaLogDirsRequest.json, AlterReplicaLogDirsResponse.json @ 3.4.0.
//   v1: answered before throttling (KIP-219).  v2: flexible. Since 1.1 (KIP-113).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AlterReplicaLogDirsRequest {
  static constexpr const char* kName = "AlterReplicaLogDirsRequest";
  static constexpr int16_t kApiKey = 34, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  struct AlterReplicaLogDirTopic {
    std::string name{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.partitions, "Partitions");
    }
  };

  struct AlterReplicaLogDir {
    std::string path{};
    std::vector<AlterReplicaLogDirTopic> topics{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.path, "Path");
      visit(m.topics, "Topics");
    }
  };

  std::vector<AlterReplicaLogDir> dirs{};

  static constexpr void fields(auto&& visit, auto& m) { visit(m.dirs, "Dirs"); }
};

struct AlterReplicaLogDirsResponse {
  static constexpr const char* kName = "AlterReplicaLogDirsResponse";
  static constexpr int16_t kApiKey = 34, kMinVersion = 0, kMaxVersion = 2, kFlexibleSince = 2;

  struct AlterReplicaLogDirPartitionResult {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.partition_index, "PartitionIndex");
      visit(m.error_code, "ErrorCode");
    }
  };

  struct AlterReplicaLogDirTopicResult {
    std::string topic_name{};
    std::vector<AlterReplicaLogDirPartitionResult> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName");
      visit(m.partitions, "Partitions");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<AlterReplicaLogDirTopicResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
