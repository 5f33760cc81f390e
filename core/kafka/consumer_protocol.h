// What consumers put into the opaque bytes of the group protocol: subscriptions and assignments, behind an int16
// version. A newer version is read as the newest known one, because later versions only append. Source:
// ConsumerProtocol.java, ConsumerProtocol{Subscription,Assignment}.json @ 3.4.0.
//   v1: owned partitions (KIP-429).  v2: generation (KIP-792).  v3: rack (KIP-881).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ConsumerProtocolSubscription {
  static constexpr const char* kName = "ConsumerProtocolSubscription";
  static constexpr int16_t kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = kNeverFlexible;

  struct TopicPartition {
    std::string topic{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic", since(1));
      visit(m.partitions, "Partitions", since(1));
    }
  };

  std::vector<std::string> topics{};
  std::optional<Slice> user_data{};
  std::vector<TopicPartition> owned_partitions{};
  int32_t generation_id = -1;
  std::optional<std::string> rack_id{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.topics, "Topics");
    visit(m.user_data, "UserData");
    visit(m.owned_partitions, "OwnedPartitions", since(1).ignorable());
    visit(m.generation_id, "GenerationId", since(2).ignorable());
    visit(m.rack_id, "RackId", since(3).ignorable());
  }
};

struct ConsumerProtocolAssignment {
  static constexpr const char* kName = "ConsumerProtocolAssignment";
  static constexpr int16_t kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = kNeverFlexible;

  struct TopicPartition {
    std::string topic{};
    std::vector<int32_t> partitions{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.topic, "Topic");
      visit(m.partitions, "Partitions");
    }
  };

  std::vector<TopicPartition> assigned_partitions{};
  std::optional<Slice> user_data{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.assigned_partitions, "AssignedPartitions");
    visit(m.user_data, "UserData");
  }
};

// Use these and not decode_versioned: they accept versions to come. user_data shares the bytes given.
Result<ConsumerProtocolSubscription> decode_subscription(const Slice& bytes);
Result<ConsumerProtocolAssignment> decode_assignment(const Slice& bytes);
// Java's writer uses the newest version for both.
Slice encode_subscription(const ConsumerProtocolSubscription& subscription);
Slice encode_assignment(const ConsumerProtocolAssignment& assignment);

}  // namespace kz::kafka
