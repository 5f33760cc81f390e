// zk-server = zkServer.sh: start, start-foreground, stop, restart, status, version, print-cmd.
// Source: bin/zkServer.sh @ 3.8.0; texts, streams and exit statuses are its own.
#include "cmd/zk_server.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>

#include "cmd/daemon.h"
#include "cmd/four_letter_client.h"
#include "cmd/help.h"
#include "cmd/zk_run.h"
#include "cmd/zk_script_env.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

// The script sleeps a second and then looks whether the process is there.
constexpr int kStartWaitMs = 1000;
// The script sleeps a second after kill; we wait for the end itself, at most this long.
constexpr int kStopWaitMs = 30000;

template <class... A>
void out(fmt::format_string<A...> f, A&&... a) {
  fmt::print(stdout, f, std::forward<A>(a)...);
  std::fflush(stdout);
}
template <class... A>
void err(fmt::format_string<A...> f, A&&... a) {
  fmt::print(stderr, f, std::forward<A>(a)...);
}

std::string own_path() {
  std::array<char, 4096> path{};
  const ssize_t n = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return n > 0 ? std::string(path.data(), static_cast<size_t>(n)) : "kz";
}

// Whether the process is what a pid file says it is. A stale file must not kill a stranger that has the number now.
bool is_zookeeper(pid_t pid) {
  std::string line = command_line_of(pid);
  if (line.empty()) return false;
  std::transform(line.begin(), line.end(), line.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* word : {"zookeeper", "zkserver", "zk-server", "quorumpeermain"}) {
    if (line.find(word) != std::string::npos) return true;
  }
  return false;
}

struct Script {
  ZkScriptEnv env;
  std::string called;  // $0
  std::string config_text;
  bool config_readable = false;
  std::string data_dir;
  std::string pid_file;
};

int usage(const Script& script) {
  err("Usage: {} [--config <conf-dir>] {{start|start-foreground|stop|version|restart|status|print-cmd}}\n",
      script.called);
  return 0;
}

// The script's head: what it says and makes before any verb. An exit status when it already fails.
std::optional<int> prepare(Script& script) {
  const auto& env = script.env;
  const std::string jmx = env.variable("JMXDISABLE");
  if (jmx.empty() || jmx == "false") {
    err("ZooKeeper JMX enabled by default\n");
    if (const std::string port = env.variable("JMXPORT"); !port.empty()) {
      const auto or_else = [&](const char* name, const char* otherwise) {
        const std::string value = env.variable(name);
        return value.empty() ? std::string(otherwise) : value;
      };
      err("ZooKeeper remote JMX Port set to {}\n", port);
      err("ZooKeeper remote JMX authenticate set to {}\n", or_else("JMXAUTH", "false"));
      err("ZooKeeper remote JMX ssl set to {}\n", or_else("JMXSSL", "false"));
      err("ZooKeeper remote JMX log4j set to {}\n", or_else("JMXLOG4J", "true"));
      if (const std::string host = env.variable("JMXHOSTNAME"); !host.empty())
        err("ZooKeeper remote JMX Hostname set to {}\n", host);
    }
  } else {
    err("JMX disabled by user request\n");
  }
  err("Using config: {}\n", env.config_file);
  auto& fs = storage::posix_fs();
  if (auto text = fs.read_file(env.config_file)) {
    script.config_text = std::move(*text);
    script.config_readable = true;
  } else {
    err("grep: {}: {}\n", env.config_file, std::strerror(static_cast<int>(text.error().detail)));
  }
  script.data_dir = grep_config(script.config_text, "dataDir").value_or("");
  if (!env.variable("ZOO_DATADIR_AUTOCREATE_DISABLE").empty()) {
    const std::string log_dir = grep_config(script.config_text, "dataLogDir").value_or("");
    if (!fs.exists(script.data_dir + "/version-2")) {
      out("ZooKeeper data directory is missing at {} fix the path or run initialize\n", script.data_dir);
      return 1;
    }
    if (!log_dir.empty() && !fs.exists(log_dir + "/version-2")) {
      out("ZooKeeper txnlog directory is missing at {} fix the path or run initialize\n", log_dir);
      return 1;
    }
    script.env.jvm_flags = "-Dzookeeper.datadir.autocreate=false " + script.env.jvm_flags;
  }
  script.pid_file = env.variable("ZOOPIDFILE");
  if (script.pid_file.empty()) script.pid_file = script.data_dir + "/zookeeper_server.pid";
  return std::nullopt;
}

void make_directories(const Script& script) {
  auto& fs = storage::posix_fs();
  for (const std::string& dir : {storage::parent_directory(script.pid_file), script.env.log_dir}) {
    if (dir.empty() || fs.exists(dir)) continue;
    if (const Status made = fs.create_directories(dir); !made)
      err("mkdir: cannot create directory '{}': {}\n", dir, std::strerror(static_cast<int>(made.error().detail)));
  }
}

int start(const Script& script) {
  out("Starting zookeeper ... ");
  make_directories(script);
  if (const auto pid = read_pid_file(script.pid_file); pid && process_alive(*pid) && is_zookeeper(*pid)) {
    out("already running as process {}.\n", *pid);
    return 1;
  }
  // Read here too, so that a mistake in it shows at once and not in the .out file alone.
  auto config = load_zoo_config(script.env.config_file, script.env.jvm_flags);
  if (!config) {
    out("FAILED TO START\n");
    err("{}\n", config.error().message);
    return script.config_readable && config.error().message.find("ensemble") != std::string::npos ? kExitBadConfig : 1;
  }
  std::fflush(stdout);
  auto daemon = Daemon::fork_off(script.env.out_file);
  if (!daemon) {
    out("SERVER DID NOT START\n");
    err("{}: {}\n", script.env.out_file, std::strerror(static_cast<int>(daemon.error().detail)));
    return 1;
  }
  if (daemon->is_daemon()) {
    return run_zookeeper(script.env.config_file, std::move(*config), LogLayout::kZooKeeper,
                         [&] { daemon->report_serving(); });
  }
  if (const Status written = write_pid_file(script.pid_file, daemon->pid()); !written) {
    out("FAILED TO WRITE PID\n");
    err("{}: {}\n", script.pid_file, std::strerror(static_cast<int>(written.error().detail)));
    return 1;
  }
  if (daemon->wait(kStartWaitMs) == Daemon::State::kGone) {
    out("FAILED TO START\n");
    hint("the reason is at the end of " + script.env.out_file);
    return 1;
  }
  out("STARTED\n");
  return 0;
}

int start_foreground(const Script& script) {
  make_directories(script);
  auto config = load_zoo_config(script.env.config_file, script.env.jvm_flags);
  if (!config) {
    err("{}\nInvalid config, exiting abnormally\n", config.error().message);
    return config.error().exit_status;
  }
  return run_zookeeper(script.env.config_file, std::move(*config), LogLayout::kZooKeeper, [] {});
}

int stop(const Script& script) {
  out("Stopping zookeeper ... ");
  if (!storage::posix_fs().exists(script.pid_file)) {
    out("no zookeeper to stop (could not find file {})\n", script.pid_file);
    return 0;
  }
  const auto pid = read_pid_file(script.pid_file);
  const bool ours = pid && process_alive(*pid) && is_zookeeper(*pid);
  bool ended = true;
  if (ours && ::kill(*pid, SIGTERM) == 0) {
    ended = wait_for_end(*pid, kStopWaitMs);
  } else {
    err("kill: ({}) - {}\n", pid.value_or(0), ours ? std::strerror(errno) : "No such process");
    if (pid && !ours && process_alive(*pid))
      hint(fmt::format("process {} is no ZooKeeper server and was left alone", *pid));
  }
  (void)storage::posix_fs().remove(script.pid_file);
  out("STOPPED\n");
  if (!ended) hint(fmt::format("process {} has not ended within {} s", *pid, kStopWaitMs / 1000));
  return 0;
}

struct ClientAddress {
  std::string port;
  std::string host = "localhost";
  bool secure = false;
};

// Where `status` asks, with what the script says on the way; nullopt when it gives up.
std::optional<ClientAddress> client_address(const Script& script) {
  const std::string& text = script.config_text;
  const auto digits = [](const std::string& s) {
    return !s.empty() && std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  ClientAddress address;
  if (const auto host = grep_config(text, "clientPortAddress"); host && !host->empty()) address.host = *host;
  address.port = grep_config(text, "clientPort").value_or("");
  if (!digits(address.port)) {
    address.port.clear();
    std::string myid = storage::posix_fs().read_file(script.data_dir + "/myid").value_or("");
    myid.erase(std::min(myid.find_last_not_of(" \t\r\n") + 1, myid.size()));
    if (!digits(myid)) {
      out("myid could not be determined, will not able to locate clientPort in the server configs.\n");
    } else {
      const auto of_server = [&](std::string_view config) {
        const std::string line = grep_config(config, "server." + myid).value_or("");
        const size_t semicolon = line.rfind(';');
        return semicolon == std::string::npos ? "" : line.substr(semicolon + 1);
      };
      std::string found = of_server(text);
      if (found.empty()) {
        out("Client port not found in static config file. Looking in dynamic config file.\n");
        const std::string dynamic = grep_config(text, "dynamicConfigFile").value_or("");
        found = of_server(storage::posix_fs().read_file(dynamic).value_or(""));
      }
      if (found.empty()) out("Client port not found in the server configs\n");
      const size_t colon = found.rfind(':');
      if (colon != std::string::npos) {
        address.host = found.substr(0, colon);
        if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
      }
      address.port = colon == std::string::npos ? found : found.substr(colon + 1);
    }
  }
  if (!address.port.empty()) return address;
  out("Client port not found. Looking for secureClientPort in the static config.\n");
  address.port = grep_config(text, "secureClientPort").value_or("");
  if (address.port.empty()) {
    out("Unable to find either secure or unsecure client port in any configs. Terminating.\n");
    return std::nullopt;
  }
  address.secure = true;
  address.host = grep_config(text, "secureClientPortAddress").value_or("localhost");
  return address;
}

int status(const Script& script) {
  const auto address = client_address(script);
  if (!address) return 1;
  out("Client port found: {}. Client address: {}. Client SSL: {}.\n", address->port, address->host, address->secure);
  const auto answer = ask_four_letter_word(address->host, address->port, "srvr");
  if (answer) {
    if (const size_t at = answer->find("Mode"); at != std::string::npos) {
      out("{}\n", answer->substr(at, answer->find('\n', at) - at));
      return 0;
    }
  }
  if (address->secure) {
    // The script's words; its Java client needs these settings, ours asks in the clear and gets no answer either.
    out(" \n"
        "Note: We used secureClientPort ({}) to establish connection, but we failed. The 'status'\n"
        "  command establishes a client connection to the server to execute diagnostic commands. Please make sure you\n"
        "  provided all the Client SSL connection related parameters in the CLIENT_JVMFLAGS environment variable! "
        "E.g.:\n"
        "  CLIENT_JVMFLAGS=\"-Dzookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty\n"
        "  -Dzookeeper.ssl.trustStore.location=/tmp/clienttrust.jks -Dzookeeper.ssl.trustStore.password=password\n"
        "  -Dzookeeper.ssl.keyStore.location=/tmp/client.jks -Dzookeeper.ssl.keyStore.password=password\n"
        "  -Dzookeeper.client.secure=true\" ./zkServer.sh status\n"
        " \n",
        address->port);
  }
  out("Error contacting service. It is probably not running.\n");
  return 1;
}

int print_cmd(const Script& script) {
  out("\"{}\" zk-server --config \"{}\" start-foreground \"{}\" > \"{}\" 2>&1 < /dev/null\n", own_path(),
      script.env.config_dir, script.env.config_file, script.env.out_file);
  return 0;
}

int version() {
  out("Apache ZooKeeper, version 3.8.0 (kz " KZ_VERSION ")\n");
  return 0;
}

int run(const Invocation& invocation, const Parsed&) {
  for (const auto& arg : invocation.args) {
    if (arg == "--help" || arg == "-h") {
      out("{}", command_help(*invocation.command));
      return 0;
    }
  }
  Script script;
  script.called = invocation.called_path;
  Invocation given = invocation;
  // A configuration as the only argument: what releases before 3.4 took to run in the foreground.
  if (given.args.size() == 1 && storage::posix_fs().exists(given.args[0]))
    given.args.insert(given.args.begin(), "start-foreground");
  script.env = zk_script_env(given);
  const std::string verb = script.env.args.empty() ? "" : script.env.args[0];
  if (verb == "version") return version();
  if (const auto failed = prepare(script)) return *failed;
  if (verb == "start") return start(script);
  if (verb == "start-foreground") return start_foreground(script);
  if (verb == "stop") return stop(script);
  if (verb == "restart") {
    const int stopped = stop(script);
    return stopped != 0 ? stopped : start(script);
  }
  if (verb == "status") return status(script);
  if (verb == "print-cmd") return print_cmd(script);
  return usage(script);
}

constexpr Option kOptions[] = {
    {.name = "config",
     .kind = ArgKind::kString,
     .metavar = "conf-dir",
     .help = "Directory of zoo.cfg; before the verb."},
};

}  // namespace

const Command kZkServerCommand{
    .name = "zk-server",
    .aliases = {"zkServer", "zkServer.sh"},
    .summary = "start, stop and ask a ZooKeeper server",
    .synopsis = "[--config CONF-DIR] {start|start-foreground|stop|restart|status|version|print-cmd} [ZOO.CFG]",
    .description =
        "Runs a ZooKeeper server from a zoo.cfg, as zkServer.sh does. The configuration is conf/zoo.cfg beside the "
        "directory by which the command was called, or what --config, ZOOCFGDIR, ZOOCFG and the last argument say: a "
        "name in that directory or a path.\n\n"
        "start runs it in the background; the process id goes to zookeeper_server.pid in dataDir (or $ZOOPIDFILE), its "
        "log to zookeeper-$USER-server-$HOSTNAME.out in $ZOO_LOG_DIR. stop waits until the server has ended. status "
        "asks "
        "it for its mode over the client port.\n\n"
        "Exit status of the server: 0 after SIGTERM, 2 for a wrong configuration, 3 when the data directory cannot be "
        "used, 1 otherwise.",
    .options = kOptions,
    .grammar = Grammar::kRaw,
    .run = run,
};

}  // namespace kz::cmd
