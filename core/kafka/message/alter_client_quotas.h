// AlterClientQuotas, api key 49: changes quotas of users, clients and addresses (KIP-546).
// Source: AlterClientQuotasRequest.json, AlterClientQuotasResponse.json @ 3.4.0.
//   v1: flexible.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct AlterClientQuotasRequest {
  static constexpr const char* kName = "AlterClientQuotasRequest";
  static constexpr int16_t kApiKey = 49, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct EntityData {
    std::string entity_type{};
    std::optional<std::string> entity_name = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.entity_type, "EntityType");
      visit(m.entity_name, "EntityName");
    }
  };

  struct OpData {
    std::string key{};
    double value = 0;
    bool remove = false;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.key, "Key");
      visit(m.value, "Value");
      visit(m.remove, "Remove");
    }
  };

  struct EntryData {
    std::vector<EntityData> entity{};
    std::vector<OpData> ops{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.entity, "Entity");
      visit(m.ops, "Ops");
    }
  };

  std::vector<EntryData> entries{};
  bool validate_only = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.entries, "Entries");
    visit(m.validate_only, "ValidateOnly");
  }
};

struct AlterClientQuotasResponse {
  static constexpr const char* kName = "AlterClientQuotasResponse";
  static constexpr int16_t kApiKey = 49, kMinVersion = 0, kMaxVersion = 1, kFlexibleSince = 1;

  struct EntityData {
    std::string entity_type{};
    std::optional<std::string> entity_name = "";

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.entity_type, "EntityType");
      visit(m.entity_name, "EntityName");
    }
  };

  struct EntryData {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = "";
    std::vector<EntityData> entity{};

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.error_code, "ErrorCode");
      visit(m.error_message, "ErrorMessage");
      visit(m.entity, "Entity");
    }
  };

  int32_t throttle_time_ms = 0;
  std::vector<EntryData> entries{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.throttle_time_ms, "ThrottleTimeMs");
    visit(m.entries, "Entries");
  }
};

}  // namespace kz::kafka
