// DataTree: applying transactions. Every rule here must also hold when the log is replayed over a snapshot that was
// taken while the tree went on changing: creates of what is there, deletes of what is gone.
#include <algorithm>

#include "core/zk/path.h"
#include "core/zk/tree.h"

namespace kz::zk {
namespace {

// The sub-transactions that 3.8 knows inside a multi.
bool multi_type(int32_t type) {
  switch (static_cast<OpCode>(type)) {
    case OpCode::kCreate:
    case OpCode::kCreateTtl:
    case OpCode::kCreateContainer:
    case OpCode::kDelete:
    case OpCode::kDeleteContainer:
    case OpCode::kSetData:
    case OpCode::kError:
    case OpCode::kCheck:
      return true;
    default:
      return false;
  }
}

}  // namespace

TxnResult DataTree::apply(const TxnHeader& header, const TxnBody& body, TreeEvents* events) {
  TxnResult result = apply_one(header, header.type, body, events);
  last_zxid_ = std::max(last_zxid_, header.zxid);
  return result;
}

TxnResult DataTree::apply_one(const TxnHeader& header, int32_t type, const TxnBody& body, TreeEvents* events) {
  TxnResult result;
  result.client_id = header.client_id;
  result.cxid = header.cxid;
  result.zxid = header.zxid;
  result.type = static_cast<OpCode>(type);
  if (const auto* t = std::get_if<CreateTxn>(&body)) {
    result.err = create(header, t->path, t->data, t->acl, t->ephemeral ? header.client_id : 0, t->parent_cversion,
                        events, result);
  } else if (const auto* container = std::get_if<CreateContainerTxn>(&body)) {
    result.err = create(header, container->path, container->data, container->acl, kContainerOwner,
                        container->parent_cversion, events, result);
  } else if (const auto* ttl = std::get_if<CreateTtlTxn>(&body)) {
    result.err =
        create(header, ttl->path, ttl->data, ttl->acl, ttl_owner(ttl->ttl_ms), ttl->parent_cversion, events, result);
  } else if (const auto* d = std::get_if<DeleteTxn>(&body)) {
    result.path = d->path;
    result.err = remove(d->path, header.zxid, events);
  } else if (const auto* s = std::get_if<SetDataTxn>(&body)) {
    result.path = s->path;
    Node* node = find(s->path);
    if (!node) {
      result.err = KeeperCode::kNoNode;
      return result;
    }
    const int64_t before = std::max(node->data_size, 0);
    const Bytes data = s->data ? s->data->bytes() : Bytes{};
    node->set_data(s->data ? &data : nullptr);
    node->mtime = header.time_ms;
    node->mzxid = header.zxid;
    node->version = s->version;
    const int64_t diff = static_cast<int64_t>(data.size()) - before;
    data_bytes_ += diff;
    redigest(node, s->path);
    result.stat = stat_of(*node);
    quota_changed(s->path, diff, 0);
    if (events) events->on_data_changed(s->path);
  } else if (const auto* a = std::get_if<SetAclTxn>(&body)) {
    result.path = a->path;
    Node* node = find(a->path);
    if (!node) {
      result.err = KeeperCode::kNoNode;
      return result;
    }
    const int32_t old = node->acl;
    node->acl = acls_.add(a->acl);
    acls_.remove_use(old);
    node->aversion = a->version;
    redigest(node, a->path);
    result.stat = stat_of(*node);
  } else if (const auto* c = std::get_if<CheckVersionTxn>(&body)) {
    result.path = c->path;
  } else if (const auto* e = std::get_if<ErrorTxn>(&body)) {
    result.err = static_cast<KeeperCode>(e->err);
  } else if (const auto* multi = std::get_if<MultiTxn>(&body)) {
    apply_multi(header, *multi, events, result);
  } else if (result.type == OpCode::kCloseSession) {
    kill_session(header, body, events);
  }
  return result;
}

// One sub-transaction of type error anywhere means that nothing is applied: what comes before it answers Ok, what comes
// after it RuntimeInconsistency.
void DataTree::apply_multi(const TxnHeader& header, const MultiTxn& multi, TreeEvents* events, TxnResult& result) {
  constexpr auto kErrorType = static_cast<int32_t>(OpCode::kError);
  const bool failed =
      std::any_of(multi.txns.begin(), multi.txns.end(), [](const SubTxn& t) { return t.type == kErrorType; });
  bool after_failure = false;
  result.multi.reserve(multi.txns.size());
  for (const SubTxn& sub : multi.txns) {
    after_failure = after_failure || sub.type == kErrorType;
    TxnResult one;
    if (failed && sub.type != kErrorType) {
      one.type = OpCode::kError;
      one.err = after_failure ? KeeperCode::kRuntimeInconsistency : KeeperCode::kOk;
    } else {
      const Slice bytes = sub.data.value_or(Slice());
      Reader r(bytes);
      const auto body = multi_type(sub.type) ? decode_txn_body(sub.type, r) : fail(Errc::kUnsupportedVersion);
      if (!body) {
        // A Java server stops here too, in the middle; the digests tell.
        result.err = KeeperCode::kMarshallingError;
        return;
      }
      one = apply_one(header, sub.type, *body, events);
    }
    if (one.err != KeeperCode::kOk && result.err == KeeperCode::kOk) result.err = one.err;
    result.multi.push_back(std::move(one));
  }
}

KeeperCode DataTree::create(const TxnHeader& header, std::string_view path, const NullableBytes& data,
                            const AclList& acl, int64_t owner, int32_t parent_cversion, TreeEvents* events,
                            TxnResult& result) {
  result.path = path;
  if (path.empty() || path[0] != '/' || path.back() == '/') return KeeperCode::kNoNode;
  const std::string_view parent_name = parent_path(path);
  const std::string_view name = base_name(path);
  Node* parent = find(parent_name);
  if (!parent) return KeeperCode::kNoNode;
  const bool exists = parent->children.find(name) != nullptr;
  // Replays may bring creates that the parent's counters already include; they only grow. Java fixes them for a plain
  // create that meets its node, and not for the other kinds.
  if (!exists || result.type == OpCode::kCreate) {
    if (parent_cversion == -1) parent_cversion = parent->cversion + 1;
    if (parent_cversion > parent->cversion) {
      parent->cversion = parent_cversion;
      parent->pzxid = header.zxid;
      redigest(parent, parent_name);
    }
  }
  if (exists) return KeeperCode::kNodeExists;

  const Bytes bytes = data ? data->bytes() : Bytes{};
  Node* node = add_node(parent, name, data ? &bytes : nullptr);
  node->czxid = node->mzxid = node->pzxid = header.zxid;
  node->ctime = node->mtime = header.time_ms;
  node->ephemeral_owner = owner;
  node->acl = acls_.add(acl);
  track_owner(node, true);
  data_bytes_ += static_cast<int64_t>(path.size() + bytes.size());
  redigest(node, path);
  result.stat = stat_of(*node);

  if (parent_name.starts_with(kQuotaPrefix)) {
    const std::string_view root = parent_name.substr(kQuotaPrefix.size());
    if (name == kLimitsNode && !root.empty()) quotas_.add(root);
    if (name == kStatsNode) recount_quota(root);
  }
  quota_changed(path, static_cast<int64_t>(bytes.size()), 1);
  if (events) events->on_created(path);
  return KeeperCode::kOk;
}

KeeperCode DataTree::remove(std::string_view path, Zxid zxid, TreeEvents* events) {
  if (path.empty() || path[0] != '/' || path == "/") return KeeperCode::kNoNode;
  const std::string_view parent_name = parent_path(path);
  Node* parent = find(parent_name);
  if (!parent) return KeeperCode::kNoNode;
  // Also when the child is gone already: the snapshot may have the parent from before the deletion.
  if (zxid > parent->pzxid) {
    parent->pzxid = zxid;
    redigest(parent, parent_name);
  }
  const std::string_view name = base_name(path);
  Node* node = parent->children.find(name);
  if (!node) return KeeperCode::kNoNode;
  // A replay over a fuzzy snapshot can meet children that were created after this deletion's re-creation: they hang
  // below a node that must go, and their own transactions bring them back.
  while (!node->children.empty()) {
    Node* leaf = node;
    while (!leaf->children.empty()) leaf->children.for_each([&](Node* child) { leaf = child; });
    remove(path_of(*leaf), zxid, nullptr);
  }
  const int64_t size = std::max(node->data_size, 0);
  acls_.remove_use(node->acl);
  track_owner(node, false);
  data_bytes_ -= static_cast<int64_t>(path.size()) + size;
  if (parent_name.starts_with(kQuotaPrefix) && name == kLimitsNode) {
    quotas_.remove(parent_name.substr(kQuotaPrefix.size()));
  }
  unlink_and_free(node);
  quota_changed(path, -size, -1);
  if (events) events->on_deleted(path);
  return KeeperCode::kOk;
}

void DataTree::kill_session(const TxnHeader& header, const TxnBody& body, TreeEvents* events) {
  if (const auto* close = std::get_if<CloseSessionTxn>(&body)) {
    for (const std::string& path : close->paths) remove(path, header.zxid, events);
  }
  for (const std::string& path : ephemerals_of(header.client_id)) remove(path, header.zxid, events);
}

void DataTree::quota_changed(std::string_view path, int64_t bytes_diff, int64_t count_diff) {
  const std::string_view root = quota_root(path);
  if (root.empty()) return;
  Node* node = find(std::string(kQuotaPrefix) + std::string(root) + "/" + std::string(kStatsNode));
  if (!node) return;
  QuotaStats stats = QuotaStats::parse(as_text(node->data()));
  stats.count += count_diff;
  stats.bytes += bytes_diff;
  set_data_quietly(*node, stats.text());
}

void DataTree::recount_quota(std::string_view root) {
  Node* stats_node = find(std::string(kQuotaPrefix) + std::string(root) + "/" + std::string(kStatsNode));
  if (!stats_node) return;
  QuotaStats stats{0, 0, -1, -1};
  std::vector<const Node*> todo;
  if (const Node* node = find(root)) todo.push_back(node);
  while (!todo.empty()) {
    const Node* n = todo.back();
    todo.pop_back();
    ++stats.count;
    stats.bytes += std::max(n->data_size, 0);
    n->children.for_each([&](Node* child) { todo.push_back(child); });
  }
  set_data_quietly(*stats_node, stats.text());
}

}  // namespace kz::zk
