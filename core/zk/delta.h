// Delta: the state that proposed but uncommitted transactions will have made, so that pipelined writes see each other.
// A ChangeRecord is a node as of its latest outstanding change; the digest runs along.
// Source: ZooKeeperServer.ChangeRecord, outstandingChanges, PrepRequestProcessor @ 3.8.0.
// Owned by Prep; not thread-safe.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/zk/tree.h"

namespace kz::zk {

struct ChangeRecord {
  Zxid zxid = 0;
  bool deleted = false;
  StatPersisted stat;
  int32_t child_count = 0;
  uint32_t digest = 0;
  // The ACL and the data are the tree's as long as no outstanding change replaced them: the node cannot go or change
  // before this record does, because transactions are applied in order.
  const Node* node = nullptr;
  std::shared_ptr<const AclList> acl;  // null: the node's
  std::optional<NullableBytes> data;   // nullopt: the node's
};

class Delta {
 public:
  explicit Delta(DataTree& tree) : tree_(tree) {}

  // The node as it will be; nullopt when it does not (or will not) exist.
  std::optional<ChangeRecord> get(std::string_view path) const;
  const AclList& acl_of(const ChangeRecord& record) const;
  int64_t data_size_of(const ChangeRecord& record) const;  // 0 for null
  // Stores a record (its zxid set by the caller), with the digest of its new content.
  void put(std::string_view path, ChangeRecord record);
  void remove(std::string_view path, Zxid zxid);
  // The tree's digest after everything that is outstanding.
  uint64_t digest() const { return order_.empty() ? tree_.digest() : digest_; }

  // A multi: everything put after begin() goes again with rollback().
  void begin(Zxid zxid);
  void rollback();
  void commit_group() { group_ = 0; }

  // The transaction was applied to the tree: its records go.
  void applied(Zxid zxid);
  bool empty() const { return order_.empty(); }
  size_t size() const { return order_.size(); }  // changes, several of one node included
  // fn(path, record) for every outstanding one.
  template <class F>
  void for_each(F&& fn) const {
    for (const auto& [path, record] : records_) fn(std::string_view(path), record);
  }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  using Records = std::unordered_map<std::string, ChangeRecord, Hash, std::equal_to<>>;
  struct Undo {
    std::string path;
    std::optional<ChangeRecord> before;
  };
  void store(std::string_view path, ChangeRecord record, uint32_t old_digest);

  DataTree& tree_;
  Records records_;
  std::deque<std::pair<Zxid, Records::value_type*>> order_;
  uint64_t digest_ = 0;
  Zxid group_ = 0;  // the multi's zxid while one is prepared
  size_t group_start_ = 0;
  uint64_t group_digest_ = 0;
  std::vector<Undo> undo_;
};

}  // namespace kz::zk
