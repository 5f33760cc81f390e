// IncrementalAlterConfigs, api key 44: sets, deletes, appends to and subtracts from single configuration values
// (KIP-339). Source: IncrementalAlterConfigsRequest.json, IncrementalAlterConfigsResponse.json @ 3.4.0.
//   v1: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct IncrementalAlterConfigsRequest {
  static constexpr const char* kName = "IncrementalAlterConfigsRequest";
  static constexpr int16_t kApiKey = 44, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct AlterableConfig {
    std::string name{};
    int8_t config_operation = 0;
    std::optional<std::string> value = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.config_operation, "ConfigOperation");
      visit(m.value, "Value", always().sensitive());
    }
  };

  struct AlterConfigsResource {
    int8_t resource_type = 0;
    std::string resource_name{};
    std::vector<AlterableConfig> configs{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.resource_type, "ResourceType");
      visit(m.resource_name, "ResourceName");
      visit(m.configs, "Configs");
    }
  };

  std::vector<AlterConfigsResource> resources{};
  bool validate_only = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.resources, "Resources");
    visit(m.validate_only, "ValidateOnly");
  }
};

struct IncrementalAlterConfigsResponse {
  static constexpr const char* kName = "IncrementalAlterConfigsResponse";
  static constexpr int16_t kApiKey = 44, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct AlterConfigsResourceResponse {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";
    int8_t resource_type = 0;
    std::string resource_name{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
      visit(m.resource_type, "ResourceType");
      visit(m.resource_name, "ResourceName");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.responses, "Responses");
  }
};

}  // namespace kz::kafka
