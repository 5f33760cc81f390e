// zk-snapshot-toolkit = zkSnapShotToolkit.sh: prints a snapshot: every node, its data or its size, and the sessions.
// Source: SnapshotFormatter @ 3.8.0.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "cmd/client_support.h"
#include "cmd/help.h"
#include "cmd/zk_cli_text.h"
#include "cmd/zk_snapshot_tree.h"
#include "cmd/zk_tools.h"
#include "storage/fs.h"
#include "storage/zk/file_names.h"

namespace kz::cmd {
namespace {

constexpr int kInvalidInvocation = 2;
constexpr int kFirstInode = 1000;

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char directory[4096];
  return ::getcwd(directory, sizeof directory) == nullptr ? path : std::string(directory) + "/" + path;
}

// ZKUtil.validateFileInput: why the file is none, or empty.
std::string problem_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return "File '" + absolute(path) + "' does not exist.";
  if (::access(path.c_str(), R_OK) != 0) return "Read permission is denied on the file '" + absolute(path) + "'";
  if (S_ISDIR(info.st_mode)) return "'" + absolute(path) + "' is a directory. it must be a file.";
  return {};
}

std::string hex(std::string_view name, int64_t value) {
  return fmt::format("  {} = {:#016x}\n", name, static_cast<uint64_t>(value));
}

std::string base64(Bytes data) {
  std::string out(4 * ((data.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(data.data()), static_cast<int>(data.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

class Printer {
 public:
  Printer(const SnapshotTree& snapshot, bool data) : snapshot_(snapshot), data_(data) {}

  void details(Zxid zxid_of_name) {
    // Java counts the root twice: it stands under "" and under "/".
    out_.put(fmt::format("ZNode Details (count={}):\n", snapshot_.tree.node_count() + 1));
    const Zxid last = node(snapshot_.root(), "/");
    out_.put("----\nSession Details (sid, timeout, ephemeralCount):\n");
    for (const auto& [id, timeout] : snapshot_.session_list()) {
      out_.put(fmt::format("{:#016x}, {}, {}\n", static_cast<uint64_t>(id), timeout,
                           snapshot_.tree.ephemerals_of(id).size()));
    }
    out_.put(fmt::format("----\nLast zxid: 0x{:x}\n", static_cast<uint64_t>(std::max(zxid_of_name, last))));
  }

  void json() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    out_.put(fmt::format("[1,0,{{\"progname\":\"SnapshotFormatter.java\",\"progver\":\"0.01\",\"timestamp\":{}}}",
                         std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
    json_node(snapshot_.root(), "/");
    out_.put("]");
  }

  int finish() { return finish_output(out_, 0); }

 private:
  // The newest zxid in the subtree.
  Zxid node(const zk::Node& n, const std::string& path) {
    out_.put("----\n" + path + "\n");
    const zk::StatPersisted stat = n.stat_persisted();
    out_.put(hex("cZxid", stat.czxid) + "  ctime = " + java_date(stat.ctime) + "\n" + hex("mZxid", stat.mzxid) +
             "  mtime = " + java_date(stat.mtime) + "\n" + hex("pZxid", stat.pzxid) +
             fmt::format("  cversion = {}\n  dataVersion = {}\n  aclVersion = {}\n", stat.cversion, stat.version,
                         stat.aversion) +
             hex("ephemeralOwner", stat.ephemeral_owner));
    out_.put(data_ ? "  data = " + base64(n.data()) + "\n" : fmt::format("  dataLength = {}\n", n.data().size()));
    Zxid newest = std::max(stat.mzxid, stat.pzxid);
    for (const zk::Node* child : snapshot_.children(n)) {
      newest = std::max(newest, node(*child, (path == "/" ? path : path + "/") + std::string(child->name())));
    }
    return newest;
  }

  void json_node(const zk::Node& n, std::string_view name) {
    const auto children = snapshot_.children(n);
    out_.put(fmt::format(",{}{{\"name\":\"{}\",\"asize\":{},\"dsize\":{},\"dev\":0,\"ino\":{}}}",
                         children.empty() ? "" : "[", escaped(name), n.data().size(), n.data().size(), ++inode_));
    for (const zk::Node* child : children) json_node(*child, child->name());
    if (!children.empty()) out_.put("]");
  }

  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      constexpr std::string_view kPlain = "\b\t\n\f\r\"\\";
      constexpr std::string_view kLetters = "btnfr\"\\";
      if (const size_t at = kPlain.find(c); at != std::string_view::npos) {
        out += '\\';
        out += kLetters[at];
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out += fmt::format("\\u{:04X}", static_cast<int>(c));
      } else {
        out += c;
      }
    }
    return out;
  }

  const SnapshotTree& snapshot_;
  bool data_;
  Output out_;
  int inode_ = kFirstInode;
};

int run(const Invocation& invocation, const Parsed&) {
  bool data = false, json = false;
  size_t i = 0;
  const auto& args = invocation.args;
  for (; i < args.size(); ++i) {
    if (args[i] == "--help" || args[i] == "-h") {
      fmt::print("{}", command_help(*invocation.command));
      return 0;
    }
    if (args[i] != "-d" && args[i] != "-json") break;
    (args[i] == "-d" ? data : json) = true;
  }
  if (i + 1 != args.size()) {
    fmt::print(stderr,
               "USAGE: SnapshotFormatter [-d|-json] snapshot_file\n       -d dump the data for each znode\n"
               "       -json dump znode info in json format\n");
    return kInvalidInvocation;
  }
  const std::string& path = args[i];
  if (const std::string problem = problem_of(path); !problem.empty()) {
    fmt::print(stderr, "{}\n", problem);
    return kInvalidInvocation;
  }
  if (data && json) {
    fmt::print(stderr, "Cannot specify both data dump (-d) and json mode (-json) in same call\n");
    return kInvalidInvocation;
  }
  const auto snapshot = SnapshotTree::read(path);
  if (!snapshot) {
    fmt::print(stderr, "Exception in thread \"main\" {}\n", snapshot.error());
    return 1;
  }
  Printer printer(**snapshot, data);
  if (json) {
    printer.json();
  } else {
    printer.details(storage::zk::zxid_of_name(path.substr(path.rfind('/') + 1), "snapshot").value_or(-1));
  }
  return printer.finish();
}

constexpr Option kOptions[] = {
    {.name = "d", .help = "Print the data of each node, in base64, instead of its length."},
    {.name = "json", .help = "Names and sizes as JSON, in the form that ncdu reads."},
};

}  // namespace

const Command kZkSnapshotToolkitCommand{
    .name = "zk-snapshot-toolkit",
    .aliases = {"zkSnapShotToolkit", "zkSnapShotToolkit.sh", "org.apache.zookeeper.server.SnapshotFormatter"},
    .summary = "print a ZooKeeper snapshot",
    .synopsis = "[-d|-json] SNAPSHOT-FILE",
    .description =
        "Prints every node of a snapshot file with its stat and the length of its data, then the sessions and the "
        "newest zxid. Plain, gzip and snappy files are told apart by their names. The file is not changed, and a "
        "server "
        "may run meanwhile.",
    .options = kOptions,
    .grammar = Grammar::kRaw,
    .run = run,
};

}  // namespace kz::cmd
