// kafka-server-start and kafka-server-stop: one broker as a process. Source: bin/kafka-server-start.sh,
// kafka-server-stop.sh, kafka-run-class.sh, Kafka.scala @ 3.4.0.
#include "cmd/kafka_server.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cmd/daemon.h"
#include "cmd/help.h"
#include "cmd/logging.h"
#include "cmd/server/broker.h"
#include "cmd/zk_login.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

constexpr int kDaemonWaitMs = 5000;
constexpr int kSignalStatus = 128;  // a JVM that ends by a signal: 143 after SIGTERM

struct StartArguments {
  bool daemon = false;
  bool version = false;
  std::string file;
  broker::ConfigMap overrides;
};

int usage(const Invocation& invocation) {
  std::printf("USAGE: %s [-daemon] server.properties [--override property=value]*\n", invocation.called_path.c_str());
  return 1;
}

// The whole message as the error.
std::expected<StartArguments, std::string> parse(const std::vector<std::string>& args) {
  StartArguments out;
  size_t i = 0;
  if (i < args.size() && (args[i] == "-daemon" || args[i] == "--daemon")) {
    out.daemon = true;
    ++i;
  }
  if (i < args.size()) out.file = args[i++];
  std::string stray;
  for (; i < args.size(); ++i) {
    std::string word = args[i];
    if (word == "--version") {
      out.version = true;
    } else if (word == "--override" || word.starts_with("--override=")) {
      if (word == "--override") {
        if (++i == args.size()) return std::unexpected("Option override requires an argument");
        word = args[i];
      } else {
        word = word.substr(std::string("--override=").size());
      }
      const size_t equals = word.find('=');
      out.overrides[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
    } else if (word.starts_with("-")) {
      return std::unexpected(
          word.substr(word.find_first_not_of('-') == std::string::npos ? 0 : word.find_first_not_of('-')) +
          " is not a recognized option");
    } else {
      stray += (stray.empty() ? "" : ",") + word;
    }
  }
  if (!stray.empty()) return std::unexpected("Found non argument parameters: " + stray);
  return out;
}

bool set_in_environment(const char* name) {
  const char* given = std::getenv(name);
  return given != nullptr && *given != 0;
}

// Where kafka-run-class.sh puts logs: $LOG_DIR, else logs beside the directory of the script.
std::string log_directory(const Invocation& invocation) {
  if (set_in_environment("LOG_DIR")) return std::getenv("LOG_DIR");
  const size_t slash = invocation.called_path.rfind('/');
  const std::string bin = slash == std::string::npos ? "." : invocation.called_path.substr(0, slash);
  return bin + "/../logs";
}

// KAFKA_LISTENERS=... and its like, as container images take them.
broker::ConfigMap container_variables() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  return broker::config_from_environment(all);
}

// Log files are written as by the script: always in the background, in the foreground when the command was called by
// the script's name or LOG_DIR says where.
bool writes_log_files(const Invocation& invocation) {
  std::string_view name = invocation.called_path;
  name.remove_prefix(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1);
  return name.starts_with("kafka-server-start") || set_in_environment("LOG_DIR");
}

// log_dir: for the log files; "" = standard output only.
int serve(const StartArguments& arguments, const std::string& log_dir, Daemon* daemon) {
  server::BrokerOptions options;
  if (!arguments.file.empty()) {
    const auto text = storage::posix_fs().read_file(arguments.file);
    if (!text) {
      std::fprintf(stderr, "kafka-server-start: %s: %s\n", arguments.file.c_str(), errc_text(text.error().code));
      return 1;
    }
    const auto properties = parse_properties(*text);
    if (!properties) {
      std::fprintf(stderr, "%s:%lld: malformed \\uxxxx escape\n", arguments.file.c_str(),
                   static_cast<long long>(properties.error().detail));
      return 1;
    }
    options.properties.add(arguments.file, *properties);
  }
  const broker::ConfigMap variables = container_variables();
  options.properties.add("environment", variables);
  options.properties.add("--override", arguments.overrides);
  // A wrong configuration is told before anything is touched, without log decoration.
  if (const auto checked = broker::load_config(options.properties); !checked) {
    std::fprintf(stderr, "%s\n", checked.error().to_string().c_str());
    return 1;
  }
  options.zookeeper_login = zk_client_login_of({"KAFKA_OPTS"});
  bool failed = false;
  options.on_fatal = [&failed](const std::string&) {
    failed = true;
    request_stop();
  };
  hold_stop_signals();
  const log::Logger log("kafka.server.KafkaServer");
  if (!start_broker_logging(log::Level::kInfo, log_dir)) {
    log.warn("{}: no log file can be written there; log lines go to standard output only", log_dir);
  }
  if (!variables.empty()) {
    std::string names;
    for (const auto& [name, value] : variables) names += (names.empty() ? "" : ", ") + name;
    log.info("Taken from KAFKA_... variables of the environment: {}", names);
  }
  if (set_in_environment("KAFKA_LOG4J_OPTS")) {
    log.warn("KAFKA_LOG4J_OPTS has no effect: there is no log4j; LOG_DIR says where log files go");
  }
  auto server = server::BrokerServer::start(storage::posix_fs(), std::move(options));
  if (!server) {
    stop_logging();
    std::fprintf(stderr, "%s\n", server.error().c_str());
    return 1;
  }
  if (daemon != nullptr) daemon->report_serving();
  const int signal = wait_for_stop_signal();
  (*server)->stop();
  server->reset();
  stop_logging();
  return failed ? 1 : kSignalStatus + signal;
}

int start(const Invocation& invocation, const Parsed&) {
  // A container's start: everything in the environment.
  const bool in_environment = container_variables().contains("zookeeper.connect");
  if (invocation.args.empty() && !in_environment) return usage(invocation);
  if (!invocation.args.empty() && invocation.args[0] == "--help") {
    std::fputs(command_help(*invocation.command).c_str(), stdout);
    return 0;
  }
  const auto arguments = parse(invocation.args);
  if (!arguments) {
    std::fprintf(stderr, "%s\n", arguments.error().c_str());
    return usage(invocation);
  }
  if (arguments->version) {
    std::printf("3.4.0 (kz " KZ_VERSION ")\n");
    return 0;
  }
  if (arguments->file.empty() && !in_environment) return usage(invocation);
  const std::string directory = log_directory(invocation);
  const bool files = arguments->daemon || writes_log_files(invocation);
  const auto made = files ? storage::posix_fs().create_directories(directory) : Status{};
  if (!arguments->daemon) return serve(*arguments, files ? directory : "", nullptr);
  const std::string out = directory + "/kafkaServer.out";
  if (!made) {
    std::fprintf(stderr, "kafka-server-start: %s: %s\n", directory.c_str(), errc_text(made.error().code));
    return 1;
  }
  auto daemon = Daemon::fork_off(out);
  if (!daemon) {
    std::fprintf(stderr, "kafka-server-start: %s: %s\n", out.c_str(), errc_text(daemon.error().code));
    return 1;
  }
  if (daemon->is_daemon()) return serve(*arguments, directory, &*daemon);
  // The script returns 0 at once whatever happens; a broker that cannot start is told here.
  if (daemon->wait(kDaemonWaitMs) == Daemon::State::kGone) {
    const auto said = storage::posix_fs().read_file(out);
    std::fprintf(stderr, "kafka-server-start: the broker did not start; %s ends with:\n%s", out.c_str(),
                 said ? said->substr(said->size() > 2000 ? said->size() - 2000 : 0).c_str() : "");
    return 1;
  }
  return 0;
}

// kz's brokers: its own executable, started by this command's name; and Java's, as the script's grep finds them.
std::vector<pid_t> brokers() {
  std::vector<pid_t> found = find_processes({"java", "kafka.Kafka"});
  for (const pid_t pid : find_processes({"kafka-server-start"})) {
    char target[4096];
    const ssize_t n = ::readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), target, sizeof target);
    if (n <= 0) continue;
    std::string_view exe(target, static_cast<size_t>(n));
    exe.remove_prefix(exe.rfind('/') + 1);
    if (exe.starts_with("kz")) found.push_back(pid);
  }
  return found;
}

int stop(const Invocation& invocation, const Parsed&) {
  if (!invocation.args.empty() && invocation.args[0] == "--help") {
    std::fputs(command_help(*invocation.command).c_str(), stdout);
    return 0;
  }
  const std::vector<pid_t> pids = brokers();
  if (pids.empty()) {
    std::puts("No kafka server to stop");
    return 1;
  }
  int status = 0;
  for (const pid_t pid : pids) {
    if (::kill(pid, SIGTERM) == 0) continue;
    std::fprintf(stderr, "kafka-server-stop: process %d: ", pid);
    std::perror("");
    status = 1;
  }
  return status;
}

}  // namespace

const Command kKafkaServerStartCommand{
    "kafka-server-start",
    {"kafka-server-start.sh"},
    "start a Kafka broker from a server.properties file",
    "[-daemon] server.properties [--override property=value]*",
    "Starts a broker in the foreground; log lines go to standard output and, when the command is called by this name "
    "or LOG_DIR is set, to server.log, controller.log and state-change.log in $LOG_DIR, set aside each hour. SIGTERM "
    "and SIGINT stop it cleanly.\n\n"
    "-daemon, only as the first argument, leaves it in the background with its output in $LOG_DIR/kafkaServer.out "
    "(LOG_DIR is logs beside the directory of the command unless set). --override, any number of times, goes over the "
    "file. --version after the file prints the version.\n\n"
    "KAFKA_LISTENERS, KAFKA_BROKER_ID and so on in the environment (the key in capitals, dots as underscores; "
    "KAFKA_CFG_ "
    "too) go over the file and below --override; with KAFKA_ZOOKEEPER_CONNECT no file is needed. KAFKA_LOG4J_OPTS has "
    "no effect and is named at start.",
    {},
    Grammar::kRaw,
    start};

const Command kKafkaServerStopCommand{"kafka-server-stop",
                                      {"kafka-server-stop.sh"},
                                      "stop the Kafka brokers of this machine",
                                      "",
                                      "Sends SIGTERM to every broker process on this machine that it may stop.",
                                      {},
                                      Grammar::kRaw,
                                      stop};

}  // namespace kz::cmd
