// zk-server-initialize = zkServer-initialize.sh: an empty data directory, with or without a myid.
// Source: bin/zkServer-initialize.sh @ 3.8.0; texts, streams and exit statuses are its own.
#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "cmd/zk_script_env.h"
#include "cmd/zk_tools.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

struct Options {
  std::string config;
  std::string myid;
  bool force = false;
};

int usage(const std::string& called, const std::string& config) {
  fmt::print(
      "usage: {} <parameters>\n  Optional parameters:\n"
      "     -h                                                    Display this message\n"
      "     --help                                                Display this message\n"
      "     --configfile={:<40} ZooKeeper config file\n"
      "     --myid=#                                              Set the myid to be used, if any (1-255)\n"
      "     --force                                               Force creation of the data/txnlog dirs\n",
      called, config);
  return 1;
}

// What was there goes, and an empty version-2 comes. An error line, or empty.
std::string reset(storage::FileSystem& fs, const std::string& directory) {
  for (const char* part : {"/myid", "/version-2"}) {
    if (fs.exists(directory + part) && !fs.remove_tree(directory + part)) return "cannot remove " + directory + part;
  }
  if (const Status made = fs.create_directories(directory + "/version-2"); !made)
    return "cannot create " + directory + "/version-2: " + std::strerror(static_cast<int>(made.error().detail));
  return {};
}

int initialize(const Options& o) {
  auto& fs = storage::posix_fs();
  const auto text = fs.read_file(o.config);
  if (!text) {
    fmt::print("Unable to find config file at {}\n", o.config);
    return 1;
  }
  const std::string data = grep_config(*text, "dataDir").value_or("");
  const std::string log = grep_config(*text, "dataLogDir").value_or("");
  if (data.empty()) {
    fmt::print("Unable to determine dataDir from {}\n", o.config);
    return 1;
  }
  if (o.force) {
    fmt::print("Force enabled, data/txnlog directories will be re-initialized\n");
  } else if (fs.exists(data + "/version-2")) {
    fmt::print("ZooKeeper data directory already exists at {} (or use --force to force re-initialization)\n", data);
    return 1;
  } else if (!log.empty() && fs.exists(log + "/version-2")) {
    fmt::print("ZooKeeper txnlog directory already exists at {} (or use --force to force re-initialization)\n", log);
    return 1;
  }
  for (const std::string& directory : {data, log}) {
    if (directory.empty()) continue;
    if (const std::string problem = reset(fs, directory); !problem.empty()) {
      fmt::print(stderr, "{}\n", problem);
      return 1;
    }
  }
  if (o.myid.empty()) {
    fmt::print("No myid provided, be sure to specify it in {}/myid if using non-standalone\n", data);
  } else {
    fmt::print("Using myid of {}\n", o.myid);
    if (!fs.write_atomically(data + "/myid", o.myid + "\n")) {
      fmt::print(stderr, "cannot write {}/myid\n", data);
      return 1;
    }
  }
  if (!fs.write_atomically(data + "/initialize", "")) {
    fmt::print(stderr, "cannot write {}/initialize\n", data);
    return 1;
  }
  return 0;
}

int run(const Invocation& invocation, const Parsed&) {
  Invocation bare = invocation;
  bare.args.clear();
  Options o;
  o.config = zk_script_env(bare).config_file;
  const auto& args = invocation.args;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--force") {
      o.force = true;
    } else if (arg.starts_with("--configfile=") && arg.size() > 13) {
      o.config = arg.substr(13);
    } else if (arg.starts_with("--myid=") && arg.size() > 7) {
      o.myid = arg.substr(7);
    } else if ((arg == "--configfile" || arg == "--myid") && i + 1 < args.size()) {
      (arg == "--myid" ? o.myid : o.config) = args[i + 1];
      ++i;
    } else {
      const bool help = arg == "-h" || arg == "--help";
      if (!help) fmt::print("Unknown option: {}\n", arg);
      const int status = usage(invocation.called_path, o.config);
      return help ? 0 : status;
    }
  }
  return initialize(o);
}

constexpr Option kOptions[] = {
    {.name = "configfile",
     .kind = ArgKind::kString,
     .metavar = "FILE",
     .help = "The zoo.cfg whose dataDir and dataLogDir are meant; else conf/zoo.cfg, as zk-server finds it."},
    {.name = "myid", .kind = ArgKind::kString, .metavar = "N", .help = "Written to dataDir/myid."},
    {.name = "force", .help = "Also where there is data: it is removed."},
};

}  // namespace

const Command kZkServerInitializeCommand{
    .name = "zk-server-initialize",
    .aliases = {"zkServer-initialize", "zkServer-initialize.sh"},
    .summary = "make the data directories of a ZooKeeper server, empty",
    .synopsis = "[--configfile FILE] [--myid N] [--force]",
    .description =
        "Makes dataDir/version-2 (and dataLogDir/version-2), writes myid when one is given, and leaves the file "
        "`initialize`, which tells the server that an empty directory is meant to be empty. With data already there it "
        "refuses, unless --force is given: then the data is lost.",
    .options = kOptions,
    .grammar = Grammar::kRaw,
    .run = run,
};

}  // namespace kz::cmd
