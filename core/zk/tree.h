// DataTree: the znodes, their ACLs, ephemerals, containers and TTL nodes, with the 3.6 digest kept incrementally.
// A transaction is applied as wire.md 5 says, idempotently: replaying the log over a fuzzy snapshot gives the same
// tree. Source: DataTree, ReferenceCountedACLCache, DigestCalculator @ 3.8.0. Owned by the pipeline; not thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/zk/acl_cache.h"
#include "core/zk/node.h"
#include "core/zk/node_pool.h"
#include "core/zk/proto.h"
#include "core/zk/quota.h"
#include "core/zk/txn.h"

namespace kz::zk {

// How extended ephemeral owners are read (extendedTypesEnabled, emulate353TTLNodes).
struct TreeOptions {
  bool digest_enabled = true;
  bool extended_types = false;
  bool emulate_353_ttl = false;
};

// ephemeralOwner's kinds (EphemeralType).
enum class OwnerKind : uint8_t { kPlain, kSession, kContainer, kTtl };
inline constexpr int64_t kContainerOwner = INT64_MIN;
inline constexpr int64_t kTtlMaxMs = 0xffffffffff;  // 40 bits
OwnerKind owner_kind(int64_t ephemeral_owner, const TreeOptions& options);
int64_t ttl_owner(int64_t ttl_ms);  // 0xff00 in the top 16 bits, reserved 8 bits 0, the TTL below
int64_t ttl_of(int64_t ephemeral_owner, const TreeOptions& options);

// What watches and quotas hear of an applied transaction, in the order in which Java fires watches.
class TreeEvents {
 public:
  virtual ~TreeEvents() = default;
  virtual void on_created(std::string_view path) = 0;  // then the parent's children changed
  virtual void on_deleted(std::string_view path) = 0;  // then the parent's children changed
  virtual void on_data_changed(std::string_view path) = 0;
};

// What a transaction did, as the reply needs it.
struct TxnResult {
  int64_t client_id = 0;
  int32_t cxid = 0;
  Zxid zxid = 0;
  OpCode type = OpCode::kError;
  KeeperCode err = KeeperCode::kOk;
  std::string path;
  Stat stat;                     // create*, setData, setACL, reconfig
  std::vector<TxnResult> multi;  // one per op
};

// A node's digest: CRC-32 over path ("/" counts as ""), data and the 60 bytes of its stat; 0 below /zookeeper/.
uint32_t node_digest(std::string_view path, const Bytes* data, const StatPersisted& stat);

class DataTree {
 public:
  explicit DataTree(TreeOptions options = {});  // "", /zookeeper, /zookeeper/quota, /zookeeper/config
  ~DataTree();
  DataTree(const DataTree&) = delete;
  DataTree& operator=(const DataTree&) = delete;

  const TreeOptions& options() const { return options_; }

  // ---- reading ----
  Node* find(std::string_view path) const;  // "/" and "" are the root; null when absent
  std::string path_of(const Node& node) const;
  Stat stat_of(const Node& node) const;  // as clients see it
  const AclList& acl_of(const Node& node) const { return acls_.get(node.acl); }
  size_t node_count() const { return count_; }
  int64_t data_bytes() const { return data_bytes_; }  // paths and data, as approximate_data_size
  size_t ephemeral_count() const;
  uint64_t digest() const { return digest_; }
  Zxid last_zxid() const { return last_zxid_; }
  void set_last_zxid(Zxid zxid) { last_zxid_ = zxid; }
  std::vector<std::string> ephemerals_of(SessionId session) const;  // sorted
  std::vector<SessionId> sessions_with_ephemerals() const;          // sorted
  int64_t descendants(const Node& node) const;
  const AclCache& acls() const { return acls_; }
  // The deepest path with a quota that covers `path`; empty when none.
  std::string_view quota_root(std::string_view path) const { return quotas_.empty() ? "" : quotas_.find(path); }
  // fn(path) for every path with a quota.
  template <class F>
  void for_each_quota(F&& fn) const {
    quotas_.for_each(std::forward<F>(fn));
  }
  // Containers that are empty and were used, TTL nodes that are empty and expired (ContainerManager); sorted, limited.
  std::vector<std::string> container_candidates(int64_t wall_ms, int64_t max_never_used_ms, size_t limit) const;

  // ---- writing ----
  // Applies one transaction. Its zxid becomes last_zxid() when larger. Errors in the result are what a replay meets.
  TxnResult apply(const TxnHeader& header, const TxnBody& body, TreeEvents* events = nullptr);
  // Changes a quota's statistics node in place: no version, no zxid, not in the digest.
  void set_data_quietly(Node& node, std::string_view data);
  // Data and stat of /zookeeper/config, as the ensemble writes it outside transactions: each member for itself.
  void set_config(std::string_view text, int64_t version, int64_t wall_ms);

  // ---- snapshots ----
  void clear();  // empty, without even the root: what a snapshot is read into
  Status load_acl(int64_t index, AclList acl) { return acls_.load(index, std::move(acl)); }
  // A node as read from a snapshot; parents come first. kCorrupt: no parent. An ACL index that the snapshot does not
  // define belongs to a setACL that the replay will bring (fuzzy); until then only a superuser may touch the node.
  Status load_node(std::string_view path, const Bytes* data, int64_t acl, const StatPersisted& stat);
  Status finish_load();  // kCorrupt without a root; adds the special nodes that old snapshots lack

  // Walks all nodes that exist at construction, parents before children, while transactions go on in between.
  class Cursor {
   public:
    explicit Cursor(DataTree& tree);
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    Node* next();  // null at the end

   private:
    friend class DataTree;
    DataTree& tree_;
    Node* next_;
    Node* last_;  // the last one to visit
  };

  // For tests: the digest computed from scratch; equality of everything that is persisted.
  uint64_t recompute_digest() const;
  bool equals(const DataTree& other, std::string* difference = nullptr) const;

 private:
  friend class Cursor;
  using NodeSet = boost::unordered_flat_set<Node*>;

  TxnResult apply_one(const TxnHeader& header, int32_t type, const TxnBody& body, TreeEvents* events);
  void apply_multi(const TxnHeader& header, const MultiTxn& multi, TreeEvents* events, TxnResult& result);
  KeeperCode create(const TxnHeader& header, std::string_view path, const NullableBytes& data, const AclList& acl,
                    int64_t owner, int32_t parent_cversion, TreeEvents* events, TxnResult& result);
  KeeperCode remove(std::string_view path, Zxid zxid, TreeEvents* events);
  void kill_session(const TxnHeader& header, const TxnBody& body, TreeEvents* events);
  Node* add_node(Node* parent, std::string_view name, const Bytes* data);
  void unlink_and_free(Node* node);
  void track_owner(Node* node, bool add);
  void quota_changed(std::string_view path, int64_t bytes_diff, int64_t count_diff);
  void recount_quota(std::string_view root);
  void redigest(Node* node, std::string_view path);  // after its stat or data changed

  TreeOptions options_;
  NodePool pool_;
  AclCache acls_;
  Node* root_ = nullptr;
  Node* head_ = nullptr;
  Node* tail_ = nullptr;
  size_t count_ = 0;
  int64_t data_bytes_ = 0;
  uint64_t digest_ = 0;
  Zxid last_zxid_ = 0;
  boost::unordered_flat_map<SessionId, NodeSet> ephemerals_;
  NodeSet containers_;
  NodeSet ttls_;
  std::vector<Cursor*> cursors_;
  QuotaIndex quotas_;
  Node* last_parent_ = nullptr;  // while a snapshot is loaded
  std::string last_parent_path_;
};

}  // namespace kz::zk
