#include "cmd/zk_cli.h"

#include <cstdio>
#include <iostream>

#include "cmd/logging.h"
#include "cmd/zk_cli_session.h"
#include "cmd/zk_login.h"

namespace kz::cmd {

const char* zk_event_name(zk::EventType type) {
  switch (type) {
    case zk::EventType::kNodeCreated:
      return "NodeCreated";
    case zk::EventType::kNodeDeleted:
      return "NodeDeleted";
    case zk::EventType::kNodeDataChanged:
      return "NodeDataChanged";
    case zk::EventType::kNodeChildrenChanged:
      return "NodeChildrenChanged";
    default:
      return "None";
  }
}

namespace {

constexpr int32_t kDefaultTimeoutMs = 30000;  // ZooKeeperMain's -timeout

int run_cli(const Invocation&, const Parsed& parsed) {
  start_tool_logging();
  std::string server = "localhost:2181";
  int32_t timeout_ms = kDefaultTimeoutMs;
  bool wait = false;
  std::vector<std::string> args = parsed.words();
  // Options stand before the command, with one dash, as zkCli.sh has them.
  size_t i = 0;
  for (; i < args.size() && args[i].starts_with("-"); ++i) {
    std::string_view name(args[i]);
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    const bool last = i + 1 >= args.size();
    if (name == "r") {
      hint("-r: every server of an ensemble that serves writes serves this client; read-only mode is not asked for");
    } else if (name == "waitforconnection") {
      wait = true;
    } else if (last) {
      std::fprintf(stderr, "Error: no argument found for option %s\n", args[i].c_str());
      return 1;
    } else if (name == "server") {
      server = args[++i];
    } else if (name == "timeout") {
      const std::string& text = args[++i];
      char* end = nullptr;
      timeout_ms = static_cast<int32_t>(std::strtol(text.c_str(), &end, 10));
      if (*end != '\0' || timeout_ms <= 0) {
        std::fprintf(stderr, "Error: -timeout takes milliseconds, not %s\n", text.c_str());
        return 1;
      }
    } else if (name == "client-configuration") {
      ++i;
      hint("-client-configuration: TLS and SASL settings have no effect here");
    } else {
      std::fprintf(stderr, "Error: unknown option %s\n", args[i].c_str());
      print_zk_usage();
      return 1;
    }
  }
  args.erase(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(i));
  if (!client::parse_zk_connect(server)) {
    std::fprintf(stderr, "Exception in thread \"main\" java.lang.IllegalArgumentException: %s\n", server.c_str());
    hint("-server takes host:port[,host:port...][/chroot]");
    return 1;
  }
  client::ZkClientConfig config;
  config.connect = server;
  config.session_timeout_ms = timeout_ms;
  config.connection_timeout_ms = timeout_ms;
  config.fail_queued = !wait;
  config.sasl = zk_client_login_of({"CLIENT_JVMFLAGS", "JVMFLAGS"});
  ToolRuntime runtime;
  std::printf("Connecting to %s\n", server.c_str());
  std::fflush(stdout);
  CliSession cli(runtime, config);
  if (wait && !cli.wait_for_connection(timeout_ms)) {
    std::fprintf(stderr, "KeeperErrorCode = ConnectionLoss\n");
    return 1;
  }
  bool quit = false;
  int status = 0;
  if (!args.empty()) {
    status = execute_zk_command(cli, args, quit);
  } else {
    cli.print("Welcome to ZooKeeper!\nJLine support is disabled\n");
    cli.flush();
    std::string line;
    while (!quit && std::getline(std::cin, line)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      status = execute_zk_command(cli, split_words(line), quit);
    }
  }
  cli.close();
  return cli.output_failed() && status == 0 ? 1 : status;
}

}  // namespace

const Command kZkCliCommand{
    .name = "zk-cli",
    .aliases = {"zkCli", "zkCli.sh", "org.apache.zookeeper.ZooKeeperMain"},
    .summary = "ZooKeeper commands: one from the arguments, or several from standard input",
    .synopsis = "[-server HOST:PORT[/CHROOT]] [-timeout MS] [-waitforconnection] [COMMAND ARGS...]",
    .description =
        "Commands: ls, create, get, set, delete, deleteall, stat, getAcl, setAcl, addauth, sync, config, "
        "getEphemerals, getAllChildrenNumber, whoami, version, close, quit. An unknown command lists them with their "
        "arguments.",
    .options = {},
    .grammar = Grammar::kRaw,
    .run = run_cli};

}  // namespace kz::cmd
