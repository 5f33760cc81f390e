// The admin server's commands: JSON of each, from plain data. Source:
// server/admin/{Commands,CommandResponse,JsonOutputter}
// @ 3.8.0. Pure; what a command changes (statistics, the trace mask) is done by the caller, before it asks for the
// answer.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/zk/server_info.h"

namespace kz::zk {

struct AdminRequest {
  std::string command;  // as in the URL: a name or an alias
  std::map<std::string, std::string> parameters;
};

enum class AdminAction : uint8_t { kNone, kResetServer, kResetConnections, kResetObservers, kSetTraceMask };

// What the driver has to know before it answers.
struct AdminPlan {
  AdminAction action = AdminAction::kNone;
  std::optional<int64_t> trace_mask;  // of kSetTraceMask; none: the parameter is missing or no number
  InfoNeeds needs;
  std::string_view word;  // the four-letter word that shows the same of the environment
};
AdminPlan admin_plan(const AdminRequest& request);

// The body, pretty-printed as Jackson does. Never fails: errors are in its "error".
std::string admin_answer(const AdminRequest& request, const ServerInfo& info);
// The page of links at the command URL.
std::string admin_index(std::string_view command_url);

}  // namespace kz::zk
