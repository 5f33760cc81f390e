// ApiVersions: the registered handlers, told to the client. Source: KafkaApis.handleApiVersionsRequest @ 3.4.0;
// KIP-511.
#include "core/kafka/message/api_versions.h"

#include <algorithm>

#include "core/broker/api/handlers.h"

namespace kz::broker {

namespace {
// ApiVersionsRequest.SOFTWARE_NAME_VERSION_PATTERN: letters and digits, with '-' and '.' only inside.
bool valid_software_text(const std::string& text) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && alnum(text.front()) && alnum(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return alnum(c) || c == '-' || c == '.'; });
}
}  // namespace

void handle_api_versions(Broker& broker, RequestContext& context, kafka::ApiVersionsRequest&& request) {
  kafka::ApiVersionsResponse response;
  if (context.version() >= 3 &&
      !(valid_software_text(request.client_software_name) && valid_software_text(request.client_software_version))) {
    response.error_code = kafka::ErrorCode::kInvalidRequest;
    context.respond(response);
    return;
  }
  for (const ApiRange& range : broker.api_ranges()) {
    response.api_keys.push_back({range.api_key, range.min_version, range.max_version});
  }
  context.respond(response);
}

}  // namespace kz::broker
