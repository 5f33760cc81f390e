// AlterConfigs and IncrementalAlterConfigs. Source: KafkaApis.handleAlterConfigsRequest,
// handleIncrementalAlterConfigsRequest @ 3.4.0; KIP-133, KIP-339.
#include "core/kafka/message/alter_configs.h"

#include "core/broker/api/admin_handlers.h"
#include "core/kafka/message/incremental_alter_configs.h"

namespace kz::broker {

namespace {

template <class Response, class Request>
void answer(AdminManager& admin, RequestContext& context, Request&& request,
            std::vector<ConfigAlteration> alterations) {
  auto later = std::make_shared<RequestContext>(context.respond_later());
  auto done = [later, alterations](std::vector<ApiError> results) {
    Response response;
    for (size_t i = 0; i < results.size(); ++i) {
      auto& out = response.responses.emplace_back();
      out.error_code = results[i].code;
      out.error_message.reset();
      if (!results[i].message.empty()) out.error_message = results[i].message;
      out.resource_type = alterations[i].resource_type;
      out.resource_name = alterations[i].resource_name;
    }
    later->respond(response);
  };
  admin.alter_configs(std::move(alterations), request.validate_only, std::move(done));
}

}  // namespace

void handle_alter_configs(AdminManager& admin, RequestContext& context, kafka::AlterConfigsRequest&& request) {
  std::vector<ConfigAlteration> alterations;
  for (auto& resource : request.resources) {
    ConfigAlteration& a = alterations.emplace_back();
    a.resource_type = resource.resource_type;
    a.resource_name = resource.resource_name;
    a.replace_all = true;
    for (auto& c : resource.configs) {
      a.entries.push_back({std::move(c.name), ConfigAlteration::Op::kSet, std::move(c.value)});
    }
  }
  answer<kafka::AlterConfigsResponse>(admin, context, request, std::move(alterations));
}

void handle_incremental_alter_configs(AdminManager& admin, RequestContext& context,
                                      kafka::IncrementalAlterConfigsRequest&& request) {
  std::vector<ConfigAlteration> alterations;
  for (auto& resource : request.resources) {
    ConfigAlteration& a = alterations.emplace_back();
    a.resource_type = resource.resource_type;
    a.resource_name = resource.resource_name;
    for (auto& c : resource.configs) {
      a.entries.push_back(
          {std::move(c.name), static_cast<ConfigAlteration::Op>(c.config_operation), std::move(c.value)});
    }
  }
  answer<kafka::IncrementalAlterConfigsResponse>(admin, context, request, std::move(alterations));
}

}  // namespace kz::broker
