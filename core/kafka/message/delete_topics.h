// DeleteTopics, api key 20: deletes topics. Source: DeleteTopicsRequest.json, DeleteTopicsResponse.json @ 3.4.0.
//   v1: throttle time.  v2: answered before throttling (KIP-219).  v3: may answer TOPIC_DELETION_DISABLED (KIP-322).
//   v4: flexible.  v5: error messages, THROTTLING_QUOTA_EXCEEDED (KIP-599).  v6: by name or by id (KIP-516).
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DeleteTopicsRequest {
  static constexpr const char* kName = "DeleteTopicsRequest";
  static constexpr int16_t kApiKey = 20, kMinVersion = 0, kMaxVersion = 6, kFlexibleSince = 4;

  struct DeleteTopicState {
    std::optional<std::string> name{};
    Uuid topic_id{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", since(6));
      visit(m.topic_id, "TopicId", since(6));
    }
  };

  std::vector<DeleteTopicState> topics{};
  std::vector<std::string> topic_names{};
  int32_t timeout_ms = 0;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.topics, "Topics", since(6));
    visit(m.topic_names, "TopicNames", range(0, 5).ignorable());
    visit(m.timeout_ms, "TimeoutMs");
  }
};

struct DeleteTopicsResponse {
  static constexpr const char* kName = "DeleteTopicsResponse";
  static constexpr int16_t kApiKey = 20, kMinVersion = 0, kMaxVersion = 6, kFlexibleSince = 4;

  struct DeletableTopicResult {
    std::optional<std::string> name = "";
    Uuid topic_id{};
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", always().nullable_since(6));
      visit(m.topic_id, "TopicId", since(6).ignorable());
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage", since(5).ignorable());
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<DeletableTopicResult> responses{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
    visit(m.responses, "Responses");
  }
};

}  // namespace kz::kafka
