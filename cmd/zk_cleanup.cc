// zk-cleanup = zkCleanup.sh: removes old snapshots and logs. Source: bin/zkCleanup.sh, PurgeTxnLog @ 3.8.0.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <ctime>

#include "cmd/help.h"
#include "cmd/zk_script_env.h"
#include "cmd/zk_tools.h"
#include "storage/fs.h"
#include "storage/zk/purge.h"

namespace kz::cmd {
namespace {

// DateFormat.getDateTimeInstance() in the English locale: "Nov 22, 2026, 2:49:21 AM".
std::string java_date_time(int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char month[16];
  std::strftime(month, sizeof month, "%b", &local);
  const int hour = local.tm_hour % 12 == 0 ? 12 : local.tm_hour % 12;
  return fmt::format("{} {}, {}, {}:{:02}:{:02} {}", month, local.tm_mday, local.tm_year + 1900, hour, local.tm_min,
                     local.tm_sec, local.tm_hour < 12 ? "AM" : "PM");
}

int usage() {
  std::fputs(
      "Usage:\n"
      "PurgeTxnLog dataLogDir [snapDir] -n count\n"
      "\tdataLogDir -- path to the txn log directory\n"
      "\tsnapDir -- path to the snapshot directory\n"
      "\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3\n",
      stdout);
  return 1;
}

int run(const Invocation& invocation, const Parsed&) {
  if (!invocation.args.empty() && (invocation.args[0] == "--help" || invocation.args[0] == "-h")) {
    std::fputs(command_help(*invocation.command).c_str(), stdout);
    return 0;
  }
  auto& fs = storage::posix_fs();
  // The script puts the directories of zoo.cfg before its own arguments; its second argument names no configuration.
  Invocation bare = invocation;
  const bool config_given = bare.args.size() > 1 && bare.args[0] == "--config";
  bare.args.resize(config_given ? 2 : 0);
  const std::string text = fs.read_file(zk_script_env(bare).config_file).value_or("");
  std::vector<std::string> args;
  if (const auto log = grep_config(text, "dataLogDir"); log && !log->empty()) args.push_back(*log);
  if (const auto data = grep_config(text, "dataDir"); data && !data->empty()) args.push_back(*data);
  const auto own = invocation.args.begin() + (config_given ? 2 : 0);
  // PurgeTxnLog's own form, directories first, works without a configuration too.
  if (own != invocation.args.end() && !own->starts_with('-')) args.clear();
  args.insert(args.end(), own, invocation.args.end());

  if (args.size() < 3 || args.size() > 4) return usage();
  for (size_t i = 0; i + 2 < args.size(); ++i) {
    if (fs.exists(args[i])) continue;
    fmt::print(stderr, "Path '{}' does not exist. \n", args[i]);
    return usage();
  }
  const std::string& number = args.back();
  int keep = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), keep);
  if (error != std::errc{} || end != number.data() + number.size()) {
    fmt::print(stderr, "'{}' can not be parsed to integer.\n", number);
    return usage();
  }
  if (keep < storage::zk::kSnapshotsKeptMin) {
    fmt::print(stderr, "count should be greater than or equal to {}\n", storage::zk::kSnapshotsKeptMin);
    return usage();
  }
  if (args[args.size() - 2] != "-n") return usage();

  const std::string log_dir = args[0] + "/version-2";
  const std::string snapshot_dir = (args.size() == 4 ? args[1] : args[0]) + "/version-2";
  int status = 0;
  const auto report = [&status](const std::string& path, const storage::FileInfo& info, const Status& removed) {
    fmt::print(stdout, "Removing file: {}\t{}\n", java_date_time(info.mtime_ms), path);
    if (removed) return;
    fmt::print(stderr, "Failed to remove {}\n", path);
    status = 1;
  };
  const auto done = storage::zk::purge(fs, log_dir, snapshot_dir, keep, report);
  if (done) return status;
  fmt::print(stderr, "Cannot purge {}: {}\n", snapshot_dir, errc_text(done.error().code));
  return 1;
}

constexpr Option kOptions[] = {
    {.name = "n",
     .kind = ArgKind::kInt,
     .metavar = "count",
     .help = "Snapshots to keep, with the logs they need: 3 or more."},
};

}  // namespace

const Command kZkCleanupCommand{
    .name = "zk-cleanup",
    .aliases = {"zkCleanup", "zkCleanup.sh"},
    .summary = "remove old snapshots and transaction logs of a ZooKeeper server",
    .synopsis = "[--config CONF-DIR] [DATA-LOG-DIR [DATA-DIR]] -n COUNT",
    .description =
        "Keeps the newest COUNT whole snapshots and every log that they need, and removes the rest. Without "
        "directories it takes those of zoo.cfg, found as zk-server finds it. Safe beside a running server.",
    .options = kOptions,
    .grammar = Grammar::kRaw,
    .run = run,
};

}  // namespace kz::cmd
