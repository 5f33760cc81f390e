#include "cmd/dev.h"

#include <unistd.h>

#include <charconv>
#include <climits>
#include <cstdio>
#include <cstdlib>

#include "cmd/daemon.h"
#include "cmd/logging.h"
#include "cmd/server/dev.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

constexpr Option kOptions[] = {
    {"port", ArgKind::kInt, "port", "The broker's port; 0 takes any free one and prints it.", "9092"},
    {"zookeeper-port", ArgKind::kInt, "port", "ZooKeeper's port; 0 takes any free one and prints it.", "2181"},
    {"data-dir", ArgKind::kString, "directory",
     "Where the data is kept. Default: $XDG_DATA_HOME/kz/dev, else ~/.local/share/kz/dev."},
    {"host", ArgKind::kString, "address", "The address that both servers listen on.", "127.0.0.1"},
    {"advertised-host", ArgKind::kString, "name", "The name that clients are told to connect to. Default: the host."},
    {"config", ArgKind::kString, "file",
     "A server.properties to start from. Listeners, zookeeper.connect and log.dirs are kz dev's own."},
    {"fresh", ArgKind::kFlag, "", "Begin with no data. Only on a directory that kz dev made."},
    {"verbose", ArgKind::kFlag, "", "Log to standard output instead of kz-dev.log in the data directory."},
};

int complain(const std::string& why) {
  std::fprintf(stderr, "kz dev: %s\n", why.c_str());
  return 1;
}

std::string default_directory() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != 0)
    return std::string(data) + "/kz/dev";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0) {
    return std::string(home) + "/.local/share/kz/dev";
  }
  return "/tmp/kz-dev-" + std::to_string(::getuid());
}

std::expected<broker::ServerProperties, std::string> read_config(const std::string& file) {
  broker::ServerProperties properties;
  if (file.empty()) return properties;
  const auto text = storage::posix_fs().read_file(file);
  if (!text) return std::unexpected(file + ": " + errc_text(text.error().code));
  const auto parsed = parse_properties(*text);
  if (!parsed)
    return std::unexpected(file + ":" + std::to_string(parsed.error().detail) + ": malformed \\uxxxx escape");
  properties.add(file, *parsed);
  return properties;
}

std::expected<uint16_t, std::string> port_of(const Parsed& parsed, const char* name) {
  const int64_t n = parsed.number(name);
  if (n >= 0 && n <= UINT16_MAX) return static_cast<uint16_t>(n);
  return std::unexpected("--" + std::string(name) + " " + std::to_string(n) + ": a port is 0 to 65535");
}

void greet(const server::DevServer& dev, const server::DevOptions& options, const std::string& log) {
  const std::string address =
      (options.advertised_host.empty() ? options.host : options.advertised_host) + ":" + std::to_string(dev.port());
  std::printf(
      "kz dev started: ZooKeeper on %s:%u, broker on %s\n"
      "data in %s%s\n"
      "\n"
      "Try:\n"
      "  kz topics --bootstrap-server %s --create --topic hello --partitions 3\n"
      "  echo world | kz console-producer --bootstrap-server %s --topic hello\n"
      "  kz console-consumer --bootstrap-server %s --topic hello --from-beginning\n"
      "\n"
      "Ctrl-C stops it; the data stays.\n",
      options.host.c_str(), dev.zookeeper_port(), address.c_str(), options.data_dir.c_str(), log.c_str(),
      address.c_str(), address.c_str(), address.c_str());
  std::fflush(stdout);
}

int run(const Invocation&, const Parsed& parsed) {
  if (!parsed.words().empty()) return complain("what is '" + parsed.words()[0] + "'? It takes options only");
  server::DevOptions options;
  const auto port = port_of(parsed, "port");
  if (!port) return complain(port.error());
  const auto zookeeper_port = port_of(parsed, "zookeeper-port");
  if (!zookeeper_port) return complain(zookeeper_port.error());
  options.port = *port;
  options.zookeeper_port = *zookeeper_port;
  options.host = parsed.get("host");
  options.advertised_host = parsed.get("advertised-host");
  for (const char* name : {"host", "advertised-host"}) {
    if (const std::string host = parsed.get(name); host.find_first_of(" \t/,@") != std::string::npos) {
      return complain("--" + std::string(name) + " '" + host + "': a host name or an address is needed");
    }
  }
  options.data_dir =
      parsed.has("data-dir") || !parsed.get("data-dir").empty() ? parsed.get("data-dir") : default_directory();
  options.fresh = parsed.has("fresh");
  auto config = read_config(parsed.get("config"));
  if (!config) return complain(config.error());
  options.config = std::move(*config);
  bool failed = false;
  options.on_fatal = [&failed](const std::string& why) {
    if (!std::exchange(failed, true)) std::fprintf(stderr, "kz dev: %s\n", why.c_str());
    request_stop();
  };

  hold_stop_signals();
  std::string log;
  if (!parsed.has("verbose")) {
    // The log file lives in the directory, which must be ours before anything is written to it; --fresh keeps the lock
    // between the two steps by emptying in the first.
    auto lock = server::DevServer::prepare_directory(storage::posix_fs(), options.data_dir, options.fresh);
    if (!lock) return complain(lock.error());
    options.fresh = false;
    log = options.data_dir + "/kz-dev.log";
  }
  start_server_logging(LogLayout::kKafka, log::Level::kInfo, log);
  auto dev = server::DevServer::start(storage::posix_fs(), options);
  if (!dev) {
    stop_logging();
    return complain(dev.error());
  }
  greet(**dev, options, log.empty() ? "" : " (log: kz-dev.log in it)");
  wait_for_stop_signal();
  (*dev)->stop();
  dev->reset();
  return failed ? 1 : 0;
}

}  // namespace

const Command kDevCommand{
    "dev",
    {},
    "run ZooKeeper and a broker in one process, for development",
    "[options]",
    "Starts a ZooKeeper server and a Kafka broker that talk over loopback, prints where they listen, where the data is "
    "and what to try, and runs until Ctrl-C. Defaults suit one machine: the internal topics have one replica, and "
    "groups "
    "do not wait for more members before their first rebalance.\n\n"
    "A port that is taken, a directory in use and a directory without permission are told in one line, exit status 1.",
    kOptions,
    Grammar::kPlain,
    run};

}  // namespace kz::cmd
