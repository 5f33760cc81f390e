// UpdateMetadata, api key 6: the controller sends its view of the cluster to the brokers.
// Source: UpdateMetadataRequest.json, UpdateMetadataResponse.json @ 3.4.0.
//   v0: one endpoint a broker.  v1: endpoints by security protocol.  v2: rack (KIP-36).  v3: listener names (KIP-103).
//   v4: offline replicas (KIP-112).  v5: broker epoch, grouped by topic (KIP-380).  v6: flexible.
//   v7: topic ids (KIP-516).  v8: flag for KRaft controllers (KIP-866).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct UpdateMetadataRequest {
  static constexpr const char* kName = "UpdateMetadataRequest";
  static constexpr int16_t kApiKey = 6, kMinVersion = 0, kMaxVersion = 8, kFlexibleSince = 6;

  struct UpdateMetadataPartitionState {
    std::string topic_name{};
    int32_t partition_index = 0;
    int32_t controller_epoch = 0;
    int32_t leader = 0;
    int32_t leader_epoch = 0;
    std::vector<int32_t> isr{};
    int32_t zk_version = 0;
    std::vector<int32_t> replicas{};
    std::vector<int32_t> offline_replicas{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", range(0, 4).ignorable());
      visit(m.partition_index, "PartitionIndex");
      visit(m.controller_epoch, "ControllerEpoch");
      visit(m.leader, "Leader");
      visit(m.leader_epoch, "LeaderEpoch");
      visit(m.isr, "Isr");
      visit(m.zk_version, "ZkVersion");
      visit(m.replicas, "Replicas");
      visit(m.offline_replicas, "OfflineReplicas", since(4).ignorable());
    }
  };

  struct UpdateMetadataTopicState {
    std::string topic_name{};
    Uuid topic_id{};
    std::vector<UpdateMetadataPartitionState> partition_states{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic_name, "TopicName", since(5));
      visit(m.topic_id, "TopicId", since(7).ignorable());
      visit(m.partition_states, "PartitionStates", since(5));
    }
  };

  struct UpdateMetadataEndpoint {
    int32_t port = 0;
    std::string host{};
    std::string listener{};
    int16_t security_protocol = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.port, "Port", since(1));
      visit(m.host, "Host", since(1));
      visit(m.listener, "Listener", since(3).ignorable());
      visit(m.security_protocol, "SecurityProtocol", since(1));
    }
  };

  struct UpdateMetadataBroker {
    int32_t id = 0;
    std::string v0_host{};
    int32_t v0_port = 0;
    std::vector<UpdateMetadataEndpoint> endpoints{};
    std::optional<std::string> rack = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.id, "Id");
      visit(m.v0_host, "V0Host", range(0, 0).ignorable());
      visit(m.v0_port, "V0Port", range(0, 0).ignorable());
      visit(m.endpoints, "Endpoints", since(1).ignorable());
      visit(m.rack, "Rack", since(2).ignorable());
    }
  };

  int32_t controller_id = 0;
  bool is_kraft_controller = false;
  int32_t controller_epoch = 0;
  int64_t broker_epoch = -1;
  std::vector<UpdateMetadataPartitionState> ungrouped_partition_states{};
  std::vector<UpdateMetadataTopicState> topic_states{};
  std::vector<UpdateMetadataBroker> live_brokers{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.controller_id, "ControllerId");
    visit(m.is_kraft_controller, "isKRaftController", since(8));
    visit(m.controller_epoch, "ControllerEpoch");
    visit(m.broker_epoch, "BrokerEpoch", since(5).ignorable());
    visit(m.ungrouped_partition_states, "UngroupedPartitionStates", range(0, 4));
    visit(m.topic_states, "TopicStates", since(5));
    visit(m.live_brokers, "LiveBrokers");
  }
};

struct UpdateMetadataResponse {
  static constexpr const char* kName = "UpdateMetadataResponse";
  static constexpr int16_t kApiKey = 6, kMinVersion = 0, kMaxVersion = 8, kFlexibleSince = 6;

  ErrorCode error_code = ErrorCode::kNone;

  static constexpr void fields(auto&& visit, auto& m) { visit(m.error_code, "ErrorCode"); }
};

}  // namespace kz::kafka
