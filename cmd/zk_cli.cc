#include "cmd/zk_cli.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iostream>

#include "cmd/help.h"
#include "cmd/logging.h"
#include "cmd/zk_cli_shell.h"
#include "cmd/zk_login.h"
#include "core/base/properties.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

constexpr int32_t kDefaultTimeoutMs = 30000;  // ZooKeeperMain's -timeout
constexpr int kInterruptedStatus = 130;       // as a JVM that SIGINT ended
constexpr int kBadConfigurationStatus = 2;    // ExitCode.INVALID_INVOCATION

struct CliOptions {
  client::ZkClientConfig client;
  bool wait = false;
  std::vector<std::string> command;
};

// What of a client configuration means something here; the rest is named.
// login: the keys about SASL, as flags.
int read_client_configuration(const std::string& file, client::ZkClientConfig& config, std::string& login) {
  const auto text = storage::posix_fs().read_file(file);
  if (!text) {
    fmt::print(stderr,
               "org.apache.zookeeper.server.quorum.QuorumPeerConfig$ConfigException: Error processing {}\nCaused by: "
               "java.lang.IllegalArgumentException: {} file is missing\n",
               file, file);
    return kBadConfigurationStatus;
  }
  const auto properties = parse_properties(*text);
  if (!properties) {
    fmt::print(stderr, "org.apache.zookeeper.server.quorum.QuorumPeerConfig$ConfigException: Error processing {}\n",
               file);
    return kBadConfigurationStatus;
  }
  std::string ignored;
  for (const auto& [key, value] : to_map(*properties)) {
    size_t bytes = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
    if (key == "jute.maxbuffer" && error == std::errc{} && end == value.data() + value.size()) {
      config.frame_max = bytes;
    } else if (key == "zookeeper.sasl.client" || key == "zookeeper.sasl.clientconfig") {
      login += fmt::format(" '-D{}={}'", key, value);
    } else {
      ignored += (ignored.empty() ? "" : ", ") + key;
    }
  }
  if (!ignored.empty()) hint(file + ": no effect here: " + ignored);
  return 0;
}

// Options stand before the command, with one dash. An exit status when the tool cannot go on.
std::optional<int> parse_options(const std::vector<std::string>& args, CliOptions& out) {
  out.client.connect = "localhost:2181";
  std::string timeout = std::to_string(kDefaultTimeoutMs);
  std::string configuration;
  size_t i = 0;
  for (; i < args.size() && args[i].starts_with("-"); ++i) {
    std::string_view name(args[i]);
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    std::string* value = name == "server"                 ? &out.client.connect
                         : name == "timeout"              ? &timeout
                         : name == "client-configuration" ? &configuration
                                                          : nullptr;
    if (value != nullptr) {
      if (i + 1 == args.size()) {
        fmt::print(stderr, "Error: no argument found for option {}\n", args[i]);
        return 1;
      }
      *value = args[++i];
    } else if (name == "zk-tls-config-file") {
      fmt::print(stderr, "{}: TLS to ZooKeeper is not supported yet\n", args[i]);
      return 1;
    } else if (name == "r") {
      out.client.read_only = true;
    } else if (name == "waitforconnection") {
      out.wait = true;
    } else {
      hint(args[i] + " is no option of zk-cli; kz help zk-cli lists them");
    }
  }
  out.command.assign(args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
  const auto timeout_ms = parse_java_int(timeout);
  if (!timeout_ms || *timeout_ms <= 0) {
    fmt::print(stderr, "{}\n",
               timeout_ms ? "Exception in thread \"main\" java.lang.IllegalArgumentException: -timeout " + timeout
                          : timeout_ms.error().message);
    hint("-timeout takes milliseconds");
    return 1;
  }
  if (!client::parse_zk_connect(out.client.connect)) {
    fmt::print(stderr, "Exception in thread \"main\" java.lang.IllegalArgumentException: {}\n", out.client.connect);
    hint("-server takes host:port[,host:port...][/chroot]");
    return 1;
  }
  out.client.session_timeout_ms = *timeout_ms;
  out.client.connection_timeout_ms = *timeout_ms;
  out.client.fail_queued = !out.wait;
  std::string login;
  if (!configuration.empty()) {
    const int bad = read_client_configuration(configuration, out.client, login);
    if (bad != 0) return bad;
  }
  out.client.sasl = zk_client_login_of({"CLIENT_JVMFLAGS", "JVMFLAGS"}, login);
  return std::nullopt;
}

// ~/.local/state/kz/zk-cli_history, its directory made; empty when there is no home.
std::string history_file() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::string directory;
  if (state != nullptr && state[0] == '/') {
    directory = state;
  } else if (home != nullptr && home[0] == '/') {
    directory = std::string(home) + "/.local/state";
  } else {
    return {};
  }
  directory += "/kz";
  if (!storage::posix_fs().create_directories(directory)) return {};
  return directory + "/zk-cli_history";
}

int edit_lines(ZkShell& shell, CliSession& session) {
  LineEditor editor(
      "kz", [&] { return shell.prompt(); }, [&](const std::string& before) { return shell.complete(before); });
  const std::string file = history_file();
  if (!file.empty()) editor.load_history(file);
  std::string line;
  auto result = LineEditor::Result::kLine;
  while (!shell.quit()) {
    session.console().set_editor([&](const std::string& text) { editor.show_above(text); });
    result = editor.read(line);
    session.console().set_editor({});
    if (result != LineEditor::Result::kLine) break;
    // Passwords do not go to a file.
    if (!line.empty() && line.find("addauth") == std::string::npos) editor.add_history(line);
    shell.execute_line(line);
  }
  if (!file.empty()) editor.save_history(file);
  if (result != LineEditor::Result::kLine) session.console().print("\n");
  return result == LineEditor::Result::kInterrupted ? kInterruptedStatus : shell.exit_status();
}

int read_lines(ZkShell& shell, bool prompt) {
  std::string line;
  while (!shell.quit()) {
    if (prompt) fmt::print("{}", shell.prompt());
    std::fflush(stdout);
    if (!std::getline(std::cin, line)) break;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    shell.execute_line(line);
  }
  return shell.exit_status();
}

// Signals of the terminal are for the thread that edits.
class TerminalSignalsBlocked {
 public:
  TerminalSignalsBlocked() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int s : {SIGINT, SIGTSTP, SIGCONT, SIGWINCH, SIGQUIT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~TerminalSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

int run_with(const Invocation& invocation, const std::vector<std::string>& words) {
  start_tool_logging();
  if (!words.empty() && words[0] == "--help") {
    fmt::print("{}", command_help(*invocation.command));
    return 0;
  }
  CliOptions options;
  if (const auto status = parse_options(words, options)) return *status;
  auto blocked = std::make_unique<TerminalSignalsBlocked>();
  ToolRuntime runtime;
  blocked.reset();
  ZkConsole console;
  console.print("Connecting to " + options.client.connect + "\n");
  console.flush();
  CliSession session(runtime, console, options.client);
  if (options.wait && !session.wait_for_connection(session.timeout_ms())) {
    console.error(
        "Exception in thread \"main\" java.io.IOException: "
        "org.apache.zookeeper.KeeperException$ConnectionLossException: KeeperErrorCode = ConnectionLoss");
    return 1;
  }
  ZkShell shell(session);
  int status = 0;
  if (!options.command.empty()) {
    shell.execute(options.command);
    status = shell.exit_status();
  } else {
    const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
    const char* kind = std::getenv("TERM");
    const bool edit = terminal && kind != nullptr && std::string_view(kind) != "dumb" && kind[0] != '\0';
    console.print(std::string("Welcome to ZooKeeper!\nJLine support is ") + (edit ? "enabled" : "disabled") + "\n");
    console.flush();
    status = edit ? edit_lines(shell, session) : read_lines(shell, terminal);
  }
  session.close(false);
  console.flush();
  return console.failed() && status == 0 ? 1 : status;
}

int run_cli(const Invocation& invocation, const Parsed& parsed) { return run_with(invocation, parsed.words()); }

// Kafka's zookeeper-shell.sh: the server comes first, without an option.
int run_kafka_shell(const Invocation& invocation, const Parsed& parsed) {
  std::vector<std::string> words = parsed.words();
  if (words.empty()) {
    fmt::print("USAGE: {} zookeeper_host:port[/path] [-zk-tls-config-file file] [args...]\n", invocation.called_path);
    return 1;
  }
  if (words[0] != "--help") words.insert(words.begin(), "-server");
  return run_with(invocation, words);
}

}  // namespace

const Command kZooKeeperShellCommand{
    .name = "zookeeper-shell",
    .aliases = {"zookeeper-shell.sh", "org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka"},
    .summary = "zk-cli as Kafka's scripts call it",
    .synopsis = "HOST:PORT[,HOST:PORT...][/CHROOT] [COMMAND ARGS...]",
    .description =
        "As zk-cli, with the server as the first argument. -zk-tls-config-file is refused: there is no TLS yet.",
    .options = {},
    .grammar = Grammar::kRaw,
    .run = run_kafka_shell};

const Command kZkCliCommand{
    .name = "zk-cli",
    .aliases = {"zkCli", "zkCli.sh", "org.apache.zookeeper.ZooKeeperMain"},
    .summary = "ZooKeeper commands: one from the arguments, several from a pipe, or a shell",
    .synopsis =
        "[-server HOST:PORT[,HOST:PORT...][/CHROOT]] [-timeout MS] [-r] [-waitforconnection] "
        "[-client-configuration FILE] [COMMAND ARGS...]",
    .description =
        "Without a command: a shell. On a terminal lines are edited, Tab completes commands and paths, the arrows and "
        "Ctrl-R find earlier lines (kept in ~/.local/state/kz/zk-cli_history, except those with addauth), Ctrl-D or "
        "quit ends it, Ctrl-C ends it with status 130. Events of watches are printed above the line that is being "
        "edited.\n\n"
        "-server names one or more servers and perhaps a chroot (localhost:2181). -timeout is the session timeout "
        "asked for, in milliseconds (30000). -r takes a server that has lost its quorum, for reading. "
        "-waitforconnection waits for a session before anything else. -client-configuration reads a ZooKeeper client "
        "properties file (jute.maxbuffer, zookeeper.sasl.client, zookeeper.sasl.clientconfig; other keys are named and "
        "have no effect).\n\n"
        "With -Djava.security.auth.login.config=FILE in CLIENT_JVMFLAGS or JVMFLAGS it logs in by SASL, as the Client "
        "section of that JAAS file says (DigestLoginModule).\n\n"
        "Commands: addWatch, addauth, close, config, connect, create, delete, deleteall, delquota, get, getAcl, "
        "getAllChildrenNumber, getEphemerals, history, listquota, ls, printwatches, quit, reconfig, redo, "
        "removewatches, set, setAcl, setquota, stat, sync, version, whoami. An unknown one, such as help, lists them "
        "with their arguments.\n\n"
        "Exit status: of the last command: 0, 1 for an error, 127 for an unknown command.",
    .options = {},
    .grammar = Grammar::kRaw,
    .run = run_cli};

}  // namespace kz::cmd
