// DescribeClientQuotas, api key 48: quotas of users, clients and addresses (KIP-546).
// Source: DescribeClientQuotasRequest.json, DescribeClientQuotasResponse.json @ 3.4.0.
//   v1: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct DescribeClientQuotasRequest {
  static constexpr const char* kName = "DescribeClientQuotasRequest";
  static constexpr int16_t kApiKey = 48, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct ComponentData {
    std::string entity_type{};
    int8_t match_type = 0;
    std::optional<std::string> match = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.entity_type, "EntityType");
      visit(m.match_type, "MatchType");
      visit(m.match, "Match");
    }
  };

  std::vector<ComponentData> components{};
  bool strict = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.components, "Components");
    visit(m.strict, "Strict");
  }
};

struct DescribeClientQuotasResponse {
  static constexpr const char* kName = "DescribeClientQuotasResponse";
  static constexpr int16_t kApiKey = 48, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct EntityData {
    std::string entity_type{};
    std::optional<std::string> entity_name = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.entity_type, "EntityType");
      visit(m.entity_name, "EntityName");
    }
  };

  struct ValueData {
    std::string key{};
    double value = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.key, "Key");
      visit(m.value, "Value");
    }
  };

  struct EntryData {
    std::vector<EntityData> entity{};
    std::vector<ValueData> values{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.entity, "Entity");
      visit(m.values, "Values");
    }
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = "";
  std::optional<std::vector<EntryData>> entries = std::vector<EntryData>{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.error_code, "ErrorCode");
    visit(m.error_message, "ErrorMessage");
    visit(m.entries, "Entries");
  }
};

}  // namespace kz::kafka
