// DataTree: being filled from a snapshot.
#include "core/zk/path.h"
#include "core/zk/tree.h"

namespace kz::zk {

void DataTree::clear() {
  for (Node* n = head_; n;) {
    Node* next = n->next;
    pool_.destroy(n);
    n = next;
  }
  for (Cursor* c : cursors_) c->next_ = nullptr;
  pool_.release();
  head_ = tail_ = root_ = nullptr;
  count_ = 0;
  data_bytes_ = 0;
  digest_ = 0;
  ephemerals_.clear();
  containers_.clear();
  ttls_.clear();
  acls_.clear();
  quotas_.clear();
  last_parent_ = nullptr;
}

Status DataTree::load_node(std::string_view path, const Bytes* data, int64_t acl, const StatPersisted& stat) {
  Node* node = nullptr;
  if (path.empty()) {
    if (!root_) root_ = add_node(nullptr, "", data);
    node = root_;
  } else {
    if (path[0] != '/' || path.back() == '/') return fail(Errc::kCorrupt, "snapshot: node path");
    // Siblings mostly come together: the parent of the node before is tried first.
    Node* parent = nullptr;
    const std::string_view above = parent_path(path);
    if (last_parent_ && above == last_parent_path_) {
      parent = last_parent_;
    } else {
      parent = root_ ? find(above) : nullptr;
      last_parent_ = parent;
      last_parent_path_ = above;
    }
    if (!parent) return fail(Errc::kCorrupt, "snapshot: node without its parent");
    if (parent->children.find(base_name(path))) return fail(Errc::kCorrupt, "snapshot: node twice");
    node = add_node(parent, base_name(path), data);
  }
  node->czxid = stat.czxid;
  node->mzxid = stat.mzxid;
  node->pzxid = stat.pzxid;
  node->ctime = stat.ctime;
  node->mtime = stat.mtime;
  node->version = stat.version;
  node->cversion = stat.cversion;
  node->aversion = stat.aversion;
  node->ephemeral_owner = stat.ephemeral_owner;
  if (acl == AclCache::kOpen) {
    node->acl = AclCache::kOpen;
  } else if (acl > 0 && acl <= INT32_MAX && acls_.knows(static_cast<int32_t>(acl))) {
    node->acl = static_cast<int32_t>(acl);
    acls_.add_use(node->acl);
  } else {
    node->acl = acls_.add({{0, {"world", "anyone"}}});
  }
  track_owner(node, true);
  data_bytes_ += static_cast<int64_t>(path.size()) + std::max(node->data_size, 0);
  redigest(node, path);
  return {};
}

Status DataTree::finish_load() {
  last_parent_ = nullptr;
  if (!root_) return fail(Errc::kCorrupt, "snapshot: no root");
  const Bytes none;
  for (const std::string_view path : {std::string_view("/zookeeper"), kQuotaPrefix, kConfigNode}) {
    if (find(path)) continue;
    Node* node = add_node(find(parent_path(path)), base_name(path), &none);
    data_bytes_ += static_cast<int64_t>(path.size());
    if (path == kConfigNode) {
      node->acl = acls_.add({{kPermRead, {"world", "anyone"}}});
      node->aversion = -1;
    }
    redigest(node, path);
  }
  redigest(root_, "");
  acls_.purge_unused();
  // Quotas: their statistics are local and counted anew.
  std::vector<Node*> todo{find(kQuotaPrefix)};
  while (!todo.empty()) {
    Node* n = todo.back();
    todo.pop_back();
    n->children.for_each([&](Node* child) {
      if (child->name() == kLimitsNode && child->children.empty()) {
        const std::string root = path_of(*n).substr(kQuotaPrefix.size());
        if (!root.empty()) quotas_.add(root);
      }
      todo.push_back(child);
    });
  }
  quotas_.for_each([&](const std::string& root) { recount_quota(root); });
  return {};
}

}  // namespace kz::zk
