// AclCache: ACL lists by index, counted by use, as snapshots store them. Index -1 is world:anyone:cdrwa, never stored.
// Source: ReferenceCountedACLCache @ 3.8.0. Not thread-safe.
#pragma once
#include <map>

#include "core/base/result.h"
#include "core/zk/proto.h"

namespace kz::zk {

class AclCache {
 public:
  static constexpr int32_t kOpen = -1;
  int32_t add(const AclList& acl);  // counts one use
  void add_use(int32_t index);
  void remove_use(int32_t index);
  // The list of an index; open_acl() for -1. The index must be known.
  const AclList& get(int32_t index) const;
  bool knows(int32_t index) const { return index == kOpen || by_index_.contains(index); }
  size_t size() const { return by_index_.size(); }
  void clear();
  // From a snapshot: an entry without uses yet. Entries that no node uses go with purge_unused().
  Status load(int64_t index, AclList acl);
  void purge_unused();
  template <class F>
  void for_each(F&& fn) const {  // fn(index, list), by index
    for (const auto& [index, entry] : by_index_) fn(index, entry.acl);
  }

 private:
  struct Entry {
    AclList acl;
    int64_t uses = 0;
  };
  void forget(std::map<int32_t, Entry>::iterator it);
  std::map<int32_t, Entry> by_index_;
  std::map<AclList, int32_t> by_acl_;
  int32_t last_index_ = 0;
};

}  // namespace kz::zk
