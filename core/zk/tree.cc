#include "core/zk/tree.h"

#include <algorithm>

#include "core/bytes/checksum.h"
#include "core/zk/path.h"

namespace kz::zk {
namespace {

constexpr uint64_t kExtendedMask = 0xff00000000000000;
constexpr uint64_t kReservedMask = 0x00ffff0000000000;

}  // namespace

OwnerKind owner_kind(int64_t owner, const TreeOptions& options) {
  if (owner == 0) return OwnerKind::kPlain;
  if (options.extended_types) {
    if (options.emulate_353_ttl && owner < 0 && owner != kContainerOwner) return OwnerKind::kTtl;
    const auto bits = static_cast<uint64_t>(owner);
    if ((bits & kExtendedMask) == kExtendedMask && (bits & kReservedMask) == 0) return OwnerKind::kTtl;
  }
  return owner == kContainerOwner ? OwnerKind::kContainer : OwnerKind::kSession;
}

int64_t ttl_owner(int64_t ttl_ms) { return static_cast<int64_t>(kExtendedMask | static_cast<uint64_t>(ttl_ms)); }

int64_t ttl_of(int64_t owner, const TreeOptions& options) {
  return owner_kind(owner, options) == OwnerKind::kTtl ? owner & kTtlMaxMs : 0;
}

uint32_t node_digest(std::string_view path, const Bytes* data, const StatPersisted& stat) {
  if (path.starts_with("/zookeeper/")) return 0;
  if (path == "/") path = "";
  std::byte block[60];
  Writer w(block);
  w.i64(stat.czxid);
  w.i64(stat.mzxid);
  w.i64(stat.pzxid);
  w.i64(stat.ctime);
  w.i64(stat.mtime);
  w.i32(stat.version);
  w.i32(stat.cversion);
  w.i32(stat.aversion);
  w.i64(stat.ephemeral_owner);
  uint32_t crc = crc32(as_bytes(path));
  if (data && !data->empty()) crc = crc32(*data, crc);
  return crc32(block, crc);
}

DataTree::DataTree(TreeOptions options) : options_(options) {
  const Bytes none;
  root_ = add_node(nullptr, "", &none);
  const Status status = finish_load();
  KZ_ASSERT(status.has_value());
}

DataTree::~DataTree() {
  KZ_ASSERT_MSG(cursors_.empty(), "a snapshot outlives its tree");
  clear();
}

Node* DataTree::find(std::string_view path) const {
  if (path.empty() || path == "/") return root_;
  if (path[0] != '/') return nullptr;
  Node* node = root_;
  for (size_t at = 1; node;) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (end == at) return nullptr;
    node = node->children.find(path.substr(at, end - at));
    if (end == path.size()) return node;
    at = end + 1;
  }
  return nullptr;
}

std::string DataTree::path_of(const Node& node) const {
  size_t size = 0;
  for (const Node* n = &node; n->parent; n = n->parent) size += 1 + n->name_size;
  std::string path(size, '/');
  for (const Node* n = &node; n->parent; n = n->parent) {
    size -= n->name_size;
    path.replace(size, n->name_size, n->name());
    --size;
  }
  return path;
}

Stat DataTree::stat_of(const Node& node) const {
  Stat s;
  s.czxid = node.czxid;
  s.mzxid = node.mzxid;
  s.ctime = node.ctime;
  s.mtime = node.mtime;
  s.version = node.version;
  s.aversion = node.aversion;
  s.pzxid = node.pzxid;
  s.ephemeral_owner = owner_kind(node.ephemeral_owner, options_) == OwnerKind::kSession ? node.ephemeral_owner : 0;
  s.data_length = std::max(node.data_size, 0);
  s.num_children = static_cast<int32_t>(node.children.size());
  // The stored cversion counts creates; clients see creates and deletes. Java's int arithmetic wraps.
  s.cversion = static_cast<int32_t>(static_cast<uint32_t>(node.cversion) * 2 - static_cast<uint32_t>(s.num_children));
  return s;
}

size_t DataTree::ephemeral_count() const {
  size_t n = 0;
  for (const auto& [session, nodes] : ephemerals_) n += nodes.size();
  return n;
}

std::vector<std::string> DataTree::ephemerals_of(SessionId session) const {
  std::vector<std::string> paths;
  const auto it = ephemerals_.find(session);
  if (it == ephemerals_.end()) return paths;
  paths.reserve(it->second.size());
  for (const Node* node : it->second) paths.push_back(path_of(*node));
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<SessionId> DataTree::sessions_with_ephemerals() const {
  std::vector<SessionId> ids;
  for (const auto& [session, nodes] : ephemerals_) ids.push_back(session);
  std::sort(ids.begin(), ids.end());
  return ids;
}

int64_t DataTree::descendants(const Node& node) const {
  if (&node == root_) return static_cast<int64_t>(count_) - 1;
  int64_t total = 0;
  std::vector<const Node*> todo{&node};
  while (!todo.empty()) {
    const Node* n = todo.back();
    todo.pop_back();
    n->children.for_each([&](Node* child) {
      ++total;
      if (!child->children.empty()) todo.push_back(child);
    });
  }
  return total;
}

std::vector<std::string> DataTree::container_candidates(int64_t wall_ms, int64_t max_never_used_ms,
                                                        size_t limit) const {
  std::vector<std::string> paths;
  for (const Node* node : containers_) {
    const bool used = node->cversion > 0 && node->children.empty();
    const bool never_used = node->cversion == 0 && max_never_used_ms > 0 && wall_ms - node->mtime > max_never_used_ms;
    if (used || never_used) paths.push_back(path_of(*node));
  }
  for (const Node* node : ttls_) {
    const int64_t ttl = ttl_of(node->ephemeral_owner, options_);
    if (ttl != 0 && node->children.empty() && wall_ms - node->mtime > ttl) paths.push_back(path_of(*node));
  }
  std::sort(paths.begin(), paths.end());
  if (paths.size() > limit) paths.resize(limit);
  return paths;
}

Node* DataTree::add_node(Node* parent, std::string_view name, const Bytes* data) {
  Node* node = pool_.make(name, data);
  node->parent = parent;
  node->prev = tail_;
  (tail_ ? tail_->next : head_) = node;
  tail_ = node;
  if (parent) parent->children.insert(node);
  ++count_;
  return node;
}

void DataTree::unlink_and_free(Node* node) {
  KZ_ASSERT(node->children.empty());
  for (Cursor* c : cursors_) {
    if (c->next_ == node) c->next_ = node == c->last_ ? nullptr : node->next;
    if (c->last_ == node) c->last_ = node->prev;
  }
  (node->prev ? node->prev->next : head_) = node->next;
  (node->next ? node->next->prev : tail_) = node->prev;
  if (node->parent) node->parent->children.erase(node);
  digest_ -= node->digest;
  --count_;
  pool_.destroy(node);
}

void DataTree::track_owner(Node* node, bool add) {
  const auto change = [&](NodeSet& set) { add ? void(set.insert(node)) : void(set.erase(node)); };
  switch (owner_kind(node->ephemeral_owner, options_)) {
    case OwnerKind::kPlain:
      return;
    case OwnerKind::kContainer:
      return change(containers_);
    case OwnerKind::kTtl:
      return change(ttls_);
    case OwnerKind::kSession: {
      if (add) {
        ephemerals_[node->ephemeral_owner].insert(node);
        return;
      }
      const auto it = ephemerals_.find(node->ephemeral_owner);
      if (it == ephemerals_.end()) return;
      it->second.erase(node);
      if (it->second.empty()) ephemerals_.erase(it);
    }
  }
}

void DataTree::redigest(Node* node, std::string_view path) {
  if (!options_.digest_enabled) return;
  const Bytes data = node->data();
  const uint32_t fresh = node_digest(path, node->has_data() ? &data : nullptr, node->stat_persisted());
  digest_ += uint64_t{fresh} - uint64_t{node->digest};
  node->digest = fresh;
}

void DataTree::set_data_quietly(Node& node, std::string_view text) {
  const Bytes data = as_bytes(text);
  data_bytes_ += static_cast<int64_t>(data.size()) - std::max(node.data_size, 0);
  node.set_data(&data);
}

void DataTree::set_config(std::string_view text, int64_t version, int64_t wall_ms) {
  Node* node = find(kConfigNode);
  if (!node) return;
  set_data_quietly(*node, text);
  node->version = -1;
  node->mzxid = version;
  node->mtime = wall_ms;
}

uint64_t DataTree::recompute_digest() const {
  if (!options_.digest_enabled) return 0;
  uint64_t sum = 0;
  for (const Node* n = head_; n; n = n->next) {
    const Bytes data = n->data();
    sum += node_digest(path_of(*n), n->has_data() ? &data : nullptr, n->stat_persisted());
  }
  return sum;
}

bool DataTree::equals(const DataTree& other, std::string* difference) const {
  const auto differs = [&](std::string what) {
    if (difference) *difference = std::move(what);
    return false;
  };
  if (count_ != other.count_) {
    return differs("node counts " + std::to_string(count_) + " and " + std::to_string(other.count_));
  }
  for (const Node* n = head_; n; n = n->next) {
    const std::string path = path_of(*n);
    const Node* o = other.find(path);
    if (!o) return differs(path + " is missing");
    if (n->stat_persisted() != o->stat_persisted()) {
      return differs(path + ": " + jute::print(n->stat_persisted()) + " and " + jute::print(o->stat_persisted()));
    }
    if (n->data_size != o->data_size || as_text(n->data()) != as_text(o->data())) return differs(path + ": data");
    if (acl_of(*n) != other.acl_of(*o)) return differs(path + ": ACL");
  }
  if (digest_ != other.digest_) return differs("digests");
  return true;
}

DataTree::Cursor::Cursor(DataTree& tree) : tree_(tree), next_(tree.head_), last_(tree.tail_) {
  tree_.cursors_.push_back(this);
}

DataTree::Cursor::~Cursor() { std::erase(tree_.cursors_, this); }

Node* DataTree::Cursor::next() {
  Node* node = next_;
  if (node) next_ = node == last_ ? nullptr : node->next;
  return node;
}

}  // namespace kz::zk
