// zookeeper-server-start.sh and zookeeper-server-stop.sh, as Kafka ships them.
// Source: bin/zookeeper-server-start.sh, bin/zookeeper-server-stop.sh, bin/kafka-run-class.sh @ 3.4.0.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cmd/daemon.h"
#include "cmd/help.h"
#include "cmd/zk_run.h"
#include "cmd/zk_server.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

constexpr int kStartWaitMs = 1000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// kafka-run-class.sh: LOG_DIR, else logs beside bin.
std::string out_file(const Invocation& invocation) {
  std::string dir = environment("LOG_DIR");
  if (dir.empty()) dir = storage::parent_directory(invocation.called_path) + "/../logs";
  if (!storage::posix_fs().exists(dir)) (void)storage::posix_fs().create_directories(dir);  // opening tells
  return dir + "/zookeeper.out";
}

int start(const Invocation& invocation, const Parsed&) {
  std::vector<std::string> args = invocation.args;
  if (args.empty()) {
    std::printf("USAGE: %s [-daemon] zookeeper.properties\n", invocation.called_path.c_str());
    return 1;
  }
  if (args[0] == "--help" || args[0] == "-h") {
    std::fputs(command_help(*invocation.command).c_str(), stdout);
    return 0;
  }
  const bool background = args[0] == "-daemon" || args[0] == "--daemon";
  if (background) args.erase(args.begin());
  if (args.size() != 1) {
    std::fprintf(stderr, "Invalid config, exiting abnormally: one configuration file is expected\n");
    return kExitBadConfig;
  }
  auto config = load_zoo_config(args[0], environment("KAFKA_OPTS"));
  if (!config) {
    std::fprintf(stderr, "%s\nInvalid config, exiting abnormally\n", config.error().message.c_str());
    return config.error().exit_status;
  }
  if (!background) return run_zookeeper(args[0], std::move(*config), LogLayout::kKafka, [] {});
  const std::string out = out_file(invocation);
  auto daemon = Daemon::fork_off(out);
  if (!daemon) {
    std::fprintf(stderr, "%s: %s\n", out.c_str(), std::strerror(static_cast<int>(daemon.error().detail)));
    return 1;
  }
  if (daemon->is_daemon())
    return run_zookeeper(args[0], std::move(*config), LogLayout::kKafka, [&] { daemon->report_serving(); });
  // The script never waits; a server that cannot start is worth the wait.
  if (daemon->wait(kStartWaitMs) != Daemon::State::kGone) return 0;
  std::fprintf(stderr, "The ZooKeeper server did not start\n");
  hint("the reason is at the end of " + out);
  return 1;
}

// The script looks for QuorumPeerMain among the processes of java; ours are called by their commands' names.
std::vector<pid_t> running_servers() {
  std::vector<pid_t> all = find_processes({"java", "QuorumPeerMain"});
  for (const char* name : {"zookeeper-server-start", "zkServer", "zk-server"}) {
    for (const pid_t pid : find_processes({name})) {
      // Not the shell or editor that has the name among its arguments: the program itself.
      const std::string line = command_line_of(pid);
      const std::string program = line.substr(0, line.find(' '));
      if (program.find(name) != std::string::npos || program.ends_with("/kz") || program == "kz") all.push_back(pid);
    }
  }
  return all;
}

int stop(const Invocation& invocation, const Parsed&) {
  if (!invocation.args.empty() && (invocation.args[0] == "--help" || invocation.args[0] == "-h")) {
    std::fputs(command_help(*invocation.command).c_str(), stdout);
    return 0;
  }
  const std::vector<pid_t> servers = running_servers();
  if (servers.empty()) {
    std::puts("No zookeeper server to stop");
    return 1;
  }
  const std::string name = environment("SIGNAL");
  const int signal = name == "KILL" ? SIGKILL : name == "INT" ? SIGINT : SIGTERM;
  int status = 0;
  for (const pid_t pid : servers) {
    if (::kill(pid, signal) == 0) continue;
    std::fprintf(stderr, "kill: (%d) - %s\n", pid, std::strerror(errno));
    status = 1;
  }
  return status;
}

constexpr Option kStartOptions[] = {
    {.name = "daemon", .help = "Run in the background; output goes to zookeeper.out in $LOG_DIR."},
};

}  // namespace

const Command kZooKeeperServerStartCommand{
    .name = "zookeeper-server-start",
    .aliases = {"zookeeper-server-start.sh"},
    .summary = "run a ZooKeeper server from a zookeeper.properties",
    .synopsis = "[-daemon] FILE",
    .description =
        "Runs a ZooKeeper server until SIGTERM or SIGINT, logging to standard output, or in the background "
        "with -daemon. KAFKA_OPTS may hold -Dzookeeper.* settings.",
    .options = kStartOptions,
    .grammar = Grammar::kRaw,
    .run = start,
};

const Command kZooKeeperServerStopCommand{
    .name = "zookeeper-server-stop",
    .aliases = {"zookeeper-server-stop.sh"},
    .summary = "stop the ZooKeeper servers of this machine",
    .synopsis = "",
    .description =
        "Sends SIGTERM (or $SIGNAL: TERM, INT, KILL) to every ZooKeeper server of this machine that it may "
        "signal, kz's and Apache's, as the original does.",
    .options = {},
    .grammar = Grammar::kRaw,
    .run = stop,
};

}  // namespace kz::cmd
