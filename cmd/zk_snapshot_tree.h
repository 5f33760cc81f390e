// A snapshot file as the offline tools see it: the tree, its sessions, and the children of a node in the order in which
// Java's HashSet gives them, so that output can be compared line by line.
#pragma once
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/zk/snapshot_codec.h"
#include "core/zk/tree.h"

namespace kz::cmd {

// String.hashCode() of text in UTF-8.
int32_t java_string_hash(std::string_view utf8);
// The places of elements with these hashes, added in this order to a HashMap of that capacity, as it iterates.
std::vector<size_t> java_hash_order(const std::vector<int32_t>& hashes, size_t capacity);
// String.compareTo() < 0: by UTF-16 units.
bool java_string_less(std::string_view a, std::string_view b);

class SnapshotTree {
 public:
  // The error is a line for standard error, as the original's last words.
  static std::expected<std::unique_ptr<SnapshotTree>, std::string> read(const std::string& path);

  zk::DataTree tree;
  zk::SessionTimeouts sessions;
  const zk::Node& root() const { return *tree.find("/"); }
  std::vector<const zk::Node*> children(const zk::Node& node) const;
  std::vector<std::pair<SessionId, int32_t>> session_list() const;

 private:
  std::unordered_map<const zk::Node*, std::vector<const zk::Node*>> children_;  // in the file's order
};

}  // namespace kz::cmd
