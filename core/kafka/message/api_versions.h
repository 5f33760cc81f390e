// ApiVersions, api key 18: the versions that a broker speaks; the first request of most clients.
// Source: ApiVersionsRequest.json, ApiVersionsResponse.json @ 3.4.0.
//   v1: throttle time.  v2: answered before throttling (KIP-219).
//   v3: flexible; the client's name and version (KIP-511), in the answer features in tags (KIP-584). The answer's
//   header stays v0 in all versions. A version that the broker does not know is answered in v0 with
//   UNSUPPORTED_VERSION and the range of this api.
#pragma once
#include "core/kafka/codec.h"

namespace kz::kafka {

struct ApiVersionsRequest {
  static constexpr const char* kName = "ApiVersionsRequest";
  static constexpr int16_t kApiKey = 18, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  std::string client_software_name{};
  std::string client_software_version{};

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.client_software_name, "ClientSoftwareName", since(3).ignorable());
    visit(m.client_software_version, "ClientSoftwareVersion", since(3).ignorable());
  }
};

struct ApiVersionsResponse {
  static constexpr const char* kName = "ApiVersionsResponse";
  static constexpr int16_t kApiKey = 18, kMinVersion = 0, kMaxVersion = 3, kFlexibleSince = 3;

  struct ApiVersion {
    int16_t api_key = 0;
    int16_t min_version = 0;
    int16_t max_version = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.api_key, "ApiKey");
      visit(m.min_version, "MinVersion");
      visit(m.max_version, "MaxVersion");
    }
  };

  struct SupportedFeatureKey {
    std::string name{};
    int16_t min_version = 0;
    int16_t max_version = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", since(3));
      visit(m.min_version, "MinVersion", since(3));
      visit(m.max_version, "MaxVersion", since(3));
    }
  };

  struct FinalizedFeatureKey {
    std::string name{};
    int16_t max_version_level = 0;
    int16_t min_version_level = 0;

    static constexpr void fields(auto&& visit, auto& m) {
      visit(m.name, "Name", since(3));
      visit(m.max_version_level, "MaxVersionLevel", since(3));
      visit(m.min_version_level, "MinVersionLevel", since(3));
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ApiVersion> api_keys{};
  int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features{};
  int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features{};
  bool zk_migration_ready = false;

  static constexpr void fields(auto&& visit, auto& m) {
    visit(m.error_code, "ErrorCode");
    visit(m.api_keys, "ApiKeys");
    visit(m.throttle_time_ms, "ThrottleTimeMs", since(1).ignorable());
  }
  static constexpr void tagged_fields(auto&& visit, auto& m) {
    visit(0, m.supported_features, "SupportedFeatures", since(3).ignorable());
    visit(1, m.finalized_features_epoch, "FinalizedFeaturesEpoch", since(3).ignorable());
    visit(2, m.finalized_features, "FinalizedFeatures", since(3).ignorable());
    visit(3, m.zk_migration_ready, "ZkMigrationReady", since(3).ignorable());
  }
};

}  // namespace kz::kafka
