// Admin commands: the JSON text as Jackson prints it, errors, plans.
#include "core/zk/admin_commands.h"

#include <doctest/doctest.h>

#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

std::string ask(Server& s, const std::string& command, const std::map<std::string, std::string>& parameters = {}) {
  static ServerEnvironment environment;
  environment.client_port = 2181;
  const AdminRequest request{command, parameters};
  const AdminPlan plan = admin_plan(request);
  if (plan.trace_mask) environment.trace_mask = *plan.trace_mask;
  return admin_answer(request, s.pipeline->info(environment, plan.needs, s.now));
}

}  // namespace

TEST_CASE("answers end with command and error; arrays stay on their line") {
  Server s;
  CHECK(ask(s, "ruok") == "{\n  \"command\" : \"ruok\",\n  \"error\" : null\n}");
  CHECK(ask(s, "isro") == "{\n  \"read_only\" : false,\n  \"command\" : \"is_read_only\",\n  \"error\" : null\n}");
  CHECK(ask(s, "cons").starts_with("{\n  \"connections\" : [ ],\n  \"secure_connections\" : [ ],\n"));
  CHECK(ask(s, "no\"such\n") ==
        "{\n  \"command\" : \"no\\\"such\\n\",\n  \"error\" : \"Unknown command: no\\\"such\\n\"\n}");
  CHECK(ask(s, "voting_view").starts_with("{\n  \"current_config\" : { },\n"));
  // An error that a command sets itself stands where it was set.
  CHECK(ask(s, "lead") == "{\n  \"error\" : \"server is not initialized\",\n  \"command\" : \"leader\"\n}");
}

TEST_CASE("sessions, watches and connections are numbers and paths") {
  Server s;
  const ConnId c = s.client(4000);
  s.call(c, OpCode::kCreate, create("/e", "", 1));
  s.call(c, OpCode::kExists, PathRequest{"/w", true});
  const std::string sid = std::to_string(s.session[c]);
  CHECK(ask(s, "dump").find("\"session_id_to_ephemeral_paths\" : {\n    \"" + sid + "\" : [ \"/e\" ]\n  },") !=
        std::string::npos);
  CHECK(ask(s, "wchp").find("\"/w\" : [ " + sid + " ]") != std::string::npos);
  CHECK(ask(s, "connections").find("\"connections\" : [ {\n    \"remote_socket_address\" : \"127.0.0.1:40001\",\n") !=
        std::string::npos);
  CHECK(ask(s, "srvr").find("    \"avg_latency\" : 0.0,\n") != std::string::npos);
}

TEST_CASE("the trace mask: set, missing, no number") {
  Server s;
  CHECK(ask(s, "stmk", {{"traceMask", "17"}}).starts_with("{\n  \"tracemask\" : 17,\n"));
  CHECK(ask(s, "gtmk").starts_with("{\n  \"tracemask\" : 17,\n"));
  CHECK(ask(s, "stmk").starts_with("{\n  \"error\" : \"setTraceMask requires long traceMask argument\",\n"));
  CHECK(ask(s, "stmk", {{"traceMask", "1x"}}).find("argument, got 1x\"") != std::string::npos);
  CHECK(admin_plan({"srst", {}}).action == AdminAction::kResetServer);
  CHECK(admin_plan({"orst", {}}).action == AdminAction::kResetObservers);
  CHECK(admin_plan({"watches", {}}).needs.watches);
  CHECK(ask(s, "stmk", {{"traceMask", "306"}}).find("306") != std::string::npos);
}

TEST_CASE("a server that does not serve says so, but for what needs no server") {
  const ZooConfig config = config_of();
  ServerEnvironment environment;
  ServerInfo info;
  info.config = &config;
  info.environment = &environment;
  info.serving = false;
  const std::string refused =
      "{\n  \"command\" : \"srvr\",\n  \"error\" : \"This ZooKeeper instance is not currently "
      "serving requests\"\n}";
  CHECK(admin_answer({"srvr", {}}, info) == refused);
  CHECK(admin_answer({"gtmk", {}}, info).find("tracemask") != std::string::npos);
  CHECK(admin_answer({"zabstate", {}}, info).find("\"zabstate\" : \"\"") != std::string::npos);
}

TEST_CASE("the index links every command once, in order") {
  const std::string page = admin_index("/commands");
  CHECK(page.starts_with("<a href=\"/commands/configuration\">configuration</a>\n<br/>\n"));
  CHECK(page.ends_with("<a href=\"/commands/zabstate\">zabstate</a>\n<br/>\n"));
  CHECK(std::count(page.begin(), page.end(), '\n') == 2 * 26);
}
