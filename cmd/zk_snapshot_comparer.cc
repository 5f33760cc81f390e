// zk-snapshot-comparer = zkSnapshotComparer.sh: where two snapshots differ in size and number of nodes, layer by layer.
// Source: SnapshotComparer @ 3.8.0.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>

#include "cmd/client_support.h"
#include "cmd/help.h"
#include "cmd/zk_cli_args.h"
#include "cmd/zk_snapshot_tree.h"
#include "cmd/zk_tools.h"

namespace kz::cmd {
namespace {

constexpr int kInvalidInvocation = 2;
constexpr const char* kUsage =
    "usage: java -cp <classPath> org.apache.zookeeper.server.SnapshotComparer\n"
    " -b,--bytes <BYTETHRESHOLD>   (Required) The node data delta size threshold, in bytes, for printing the node.\n"
    " -d,--debug                   Use debug output.\n"
    " -i,--interactive             Enter interactive mode.\n"
    " -l,--left <LEFT>             (Required) The left snapshot file.\n"
    " -n,--nodes <NODETHRESHOLD>   (Required) The descendant node delta size threshold, in nodes, for printing the "
    "node.\n"
    " -r,--right <RIGHT>           (Required) The right snapshot file.\n";

constexpr ZkOption kParsed[] = {{"l", true, "", false, "left", true},  {"r", true, "", false, "right", true},
                                {"b", true, "", false, "bytes", true}, {"n", true, "", false, "nodes", true},
                                {"d", false, "", false, "debug"},      {"i", false, "", false, "interactive"}};

struct TreeNode {
  std::string path;   // "" for the root
  int64_t size = 0;   // of the subtree's data
  int64_t count = 0;  // of the nodes below
  std::vector<const TreeNode*> children;
};
using Layer = std::vector<const TreeNode*>;

struct TreeInfo {
  std::map<std::string, TreeNode> by_path;
  std::vector<Layer> depths;
};

const TreeNode& add(TreeInfo& info, const SnapshotTree& snapshot, const zk::Node& node, const std::string& path,
                    size_t depth) {
  TreeNode made;
  made.path = path;
  made.size = static_cast<int64_t>(node.data().size());
  for (const zk::Node* child : snapshot.children(node)) {
    const TreeNode& below = add(info, snapshot, *child, path + "/" + std::string(child->name()), depth + 1);
    made.size += below.size;
    made.count += below.count + 1;
    made.children.push_back(&below);
  }
  const auto at = info.by_path.emplace(path, std::move(made)).first;
  if (info.depths.size() <= depth) info.depths.resize(depth + 1);
  info.depths[depth].push_back(&at->second);
  return at->second;
}

class Comparison {
 public:
  Comparison(TreeInfo left, TreeInfo right, int32_t bytes, int32_t nodes, bool debug, bool interactive, Output& out)
      : left_(std::move(left)),
        right_(std::move(right)),
        bytes_(bytes),
        nodes_(nodes),
        all_(debug || interactive),
        debug_(debug),
        interactive_(interactive),
        out_(out) {}

  void run() {
    const size_t depths = std::max(left_.depths.size(), right_.depths.size());
    if (interactive_) {
      ask(depths);
    } else {
      thresholds();
      for (size_t depth = 0; depth < depths; ++depth) layer(depth);
    }
    out_.put("All layers compared.\n");
  }

 private:
  void thresholds() {
    out_.put(
        fmt::format("Printing analysis for nodes difference larger than {} bytes or node count difference larger "
                    "than {}.\n",
                    bytes_, nodes_));
  }
  void layer(size_t depth) {
    out_.put(fmt::format("Analysis for depth {}\n", depth));
    const auto of = [&](const TreeInfo& t) { return depth < t.depths.size() ? t.depths[depth] : Layer(); };
    compare(of(left_), of(right_));
  }

  void ask(size_t depths) {
    for (size_t depth = 0; depth < depths;) {
      out_.put(fmt::format(
          "Current depth is {}\n- Press enter to move to print current depth layer;\n- Type a number to jump to and "
          "print all nodes at a given depth;\n- Enter an ABSOLUTE path to print the immediate subtree of a node. Path "
          "must start with '/'.\n",
          depth));
      out_.flush();
      std::string input;
      if (!std::getline(std::cin, input)) return;
      thresholds();
      int32_t number = 0;
      const auto [end, error] = std::from_chars(input.data(), input.data() + input.size(), number);
      if (input.empty()) {
        layer(depth++);
      } else if (input[0] == '/') {
        out_.put("Analysis for node " + input + "\n");
        subtree(input);
      } else if (error != std::errc{} || end != input.data() + input.size()) {
        out_.put(
            fmt::format("Input {} is not valid. Depth must be in range [0, {}]. Path must be an absolute path "
                        "which starts with '/'.\n",
                        input, depths - 1));
      } else if (number < 0 || static_cast<size_t>(number) >= depths) {
        out_.put(fmt::format("Depth must be in range [0, {}]\n", depths - 1));
        continue;
      } else {
        depth = static_cast<size_t>(number);
        layer(depth);
      }
      out_.put("\n");
    }
  }
  void subtree(const std::string& path) {
    const auto l = left_.by_path.find(path);
    const auto r = right_.by_path.find(path);
    const bool has_left = l != left_.by_path.end(), has_right = r != right_.by_path.end();
    if (!has_left && !has_right) {
      out_.put("Path " + path + " is neither found in left tree nor right tree.\n");
      return;
    }
    compare(has_left ? l->second.children : Layer(), has_right ? r->second.children : Layer());
  }

  void compare(Layer left, Layer right) {
    const auto by_path = [](const TreeNode* a, const TreeNode* b) { return java_string_less(a->path, b->path); };
    std::sort(left.begin(), left.end(), by_path);
    std::sort(right.begin(), right.end(), by_path);
    size_t l = 0, r = 0;
    while (l < left.size() || r < right.size()) {
      if (l == left.size()) {
        one("right", *right[r++]);
        continue;
      }
      if (r == right.size()) {
        one("left", *left[l++]);
        continue;
      }
      const TreeNode &a = *left[l], &b = *right[r];
      const bool less = by_path(&a, &b), greater = by_path(&b, &a);
      if (debug_)
        out_.put(fmt::format("Comparing {} to {}\n{}\n", a.path, b.path,
                             less      ? "left is less"
                             : greater ? "right is less"
                                       : "same"));
      if (less) {
        one("left", a);
        ++l;
      } else if (greater) {
        one("right", b);
        ++r;
      } else {
        both(a, b);
        ++l;
        ++r;
      }
    }
  }
  void one(const char* side, const TreeNode& n) {
    if (n.size > bytes_ || n.count > nodes_) {
      out_.put(fmt::format("Node {} found only in {} tree. Descendant size: {}. Descendant count: {}\n", n.path, side,
                           n.size, n.count));
    } else if (all_) {
      out_.put(fmt::format("Filtered {} node {} of size {}\n", side, n.path, n.size));
    }
  }
  void both(const TreeNode& l, const TreeNode& r) {
    if (std::abs(r.size - l.size) > bytes_ || std::abs(r.count - l.count) > nodes_) {
      out_.put(fmt::format("Node {} found in both trees. Delta: {} bytes, {} descendants\n", l.path, r.size - l.size,
                           r.count - l.count));
    } else if (all_) {
      out_.put(fmt::format("Filtered node {} of left size {}, right size {}\n", l.path, l.size, r.size));
    }
  }

  TreeInfo left_, right_;
  int64_t bytes_, nodes_;
  bool all_, debug_, interactive_;
  Output& out_;
};

std::optional<TreeInfo> load(const std::string& path, Output& out) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point t) {
    return std::chrono::duration<double>(Clock::now() - t).count();
  };
  const auto begin = Clock::now();
  const auto snapshot = SnapshotTree::read(path);
  if (!snapshot) {
    out.flush();
    fmt::print(stderr, "Exception in thread \"main\" {}\n", snapshot.error());
    return std::nullopt;
  }
  out.put(fmt::format("Deserialized snapshot in {} in {:.6f} seconds\n", path.substr(path.rfind('/') + 1),
                      seconds_since(begin)));
  const auto read = Clock::now();
  TreeInfo info;
  add(info, **snapshot, (*snapshot)->root(), "", 0);
  out.put(fmt::format("Processed data tree in {:.6f} seconds\n", seconds_since(read)));
  return info;
}

std::string summary(const TreeInfo& info) {
  std::string out = fmt::format("Node count: {}\nTotal size: {}\nMax depth: {}\n", info.by_path.size(),
                                info.by_path.at("").size, info.depths.size());
  for (size_t i = 0; i < info.depths.size(); ++i)
    out += fmt::format("Count of nodes at depth {}: {}\n", i, info.depths[i].size());
  return out + "\n";
}

int run(const Invocation& invocation, const Parsed&) {
  for (const auto& arg : invocation.args) {
    if (arg != "--help" && arg != "-h") continue;
    fmt::print("{}", command_help(*invocation.command));
    return 0;
  }
  const auto args = parse_zk_args(invocation.args, kParsed);
  if (!args) {
    fmt::print(stderr, "{}\n", args.error().substr(args.error().find(": ") + 2));
    fmt::print("{}", kUsage);
    return kInvalidInvocation;
  }
  int32_t limits[2] = {};
  for (const size_t i : {0, 1}) {
    const std::string& text = *args->value(i == 0 ? "b" : "n");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limits[i]);
    if (error == std::errc{} && end == text.data() + text.size()) continue;
    fmt::print(stderr, "Exception in thread \"main\" java.lang.NumberFormatException: For input string: \"{}\"\n",
               text);
    return 1;
  }
  Output out;
  out.put("Successfully parsed options!\n");
  auto left = load(*args->value("l"), out);
  if (!left) return 1;
  auto right = load(*args->value("r"), out);
  if (!right) return 1;
  out.put(summary(*left) + summary(*right));
  Comparison(std::move(*left), std::move(*right), limits[0], limits[1], args->has("d"), args->has("i"), out).run();
  return finish_output(out, 0);
}

constexpr Option kOptions[] = {
    {.name = "left", .kind = ArgKind::kString, .metavar = "FILE", .help = "A snapshot.", .short_name = 'l'},
    {.name = "right", .kind = ArgKind::kString, .metavar = "FILE", .help = "The other one.", .short_name = 'r'},
    {.name = "bytes",
     .kind = ArgKind::kString,
     .metavar = "N",
     .help = "Print nodes whose subtrees differ by more bytes of data than this.",
     .short_name = 'b'},
    {.name = "nodes",
     .kind = ArgKind::kString,
     .metavar = "N",
     .help = "Print nodes whose subtrees differ by more nodes than this.",
     .short_name = 'n'},
    {.name = "debug", .help = "Print what is compared, and what is below the limits.", .short_name = 'd'},
    {.name = "interactive", .help = "Ask for the depth or the path to be printed.", .short_name = 'i'},
};

}  // namespace

const Command kZkSnapshotComparerCommand{
    .name = "zk-snapshot-comparer",
    .aliases = {"zkSnapshotComparer", "zkSnapshotComparer.sh", "org.apache.zookeeper.server.SnapshotComparer"},
    .summary = "compare two ZooKeeper snapshots by size and number of nodes",
    .synopsis = "-l LEFT -r RIGHT -b BYTES -n NODES [-d] [-i]",
    .description =
        "Prints, layer by layer, the nodes whose subtrees differ in data or in number of nodes by more than the two "
        "limits, and those that only one of the snapshots has. All four options with a value are needed.",
    .options = kOptions,
    .grammar = Grammar::kRaw,
    .run = run,
};

}  // namespace kz::cmd
