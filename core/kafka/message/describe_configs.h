// DescribeConfigs, api key 32: configuration of topics and brokers.
// Source: DescribeConfigsRequest.json, DescribeConfigsResponse.json @ 3.4.0.
//   v0: only whether a value is the default.  v1: its source and synonyms (KIP-226).
//   v2: answered before throttling (KIP-219).  v3: type and documentation (KIP-569).  v4: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeConfigsRequest {
  static constexpr const char* kName = "DescribeConfigsRequest";
  static constexpr int16_t kApiKey = 32, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 4;

  struct DescribeConfigsResource {
    int8_t resource_type = 0;
    std::string resource_name{};
    std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.resource_type, "ResourceType");
      visit(m.resource_name, "ResourceName");
      visit(m.configuration_keys, "ConfigurationKeys");
    }
  };

  std::vector<DescribeConfigsResource> resources{};
  bool include_synonyms = false;
  bool include_documentation = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.resources, "Resources");
    visit(m.include_synonyms, "IncludeSynonyms", since(1));
    visit(m.include_documentation, "IncludeDocumentation", since(3));
  }
};

struct DescribeConfigsResponse {
  static constexpr const char* kName = "DescribeConfigsResponse";
  static constexpr int16_t kApiKey = 32, kMinVersion = 0, kMaxVersion = 4, kFlexibleSince = 4;

  struct DescribeConfigsSynonym {
    std::string name{};
    std::optional<std::string> value = "";
    int8_t source = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", since(1));
      visit(m.value, "Value", since(1));
      visit(m.source, "Source", since(1));
    }
  };

  struct DescribeConfigsResourceResult {
    std::string name{};
    std::optional<std::string> value = "";
    bool read_only = false;
    bool is_default = false;
    int8_t config_source = -1;
    bool is_sensitive = false;
    std::vector<DescribeConfigsSynonym> synonyms{};
    int8_t config_type = 0;
    std::optional<std::string> documentation = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name");
      visit(m.value, "Value");
      visit(m.read_only, "ReadOnly");
      visit(m.is_default, "IsDefault", range(0, 0));
      visit(m.config_source, "ConfigSource", since(1).ignorable());
      visit(m.is_sensitive, "IsSensitive");
      visit(m.synonyms, "Synonyms", since(1).ignorable());
      visit(m.config_type, "ConfigType", since(3).ignorable());
      visit(m.documentation, "Documentation", since(3).ignorable());
    }
  };

  struct DescribeConfigsResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";
    int8_t resource_type = 0;
    std::string resource_name{};
    std::vector<DescribeConfigsResourceResult> configs{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
      visit(m.resource_type, "ResourceType");
      visit(m.resource_name, "ResourceName");
      visit(m.configs, "Configs");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<DescribeConfigsResult> results{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.results, "Results");
  }
};

}  // namespace kz::kafka
