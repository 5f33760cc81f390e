#include "core/zk/acl_cache.h"

#include <limits>

#include "core/base/check.h"

namespace kz::zk {

int32_t AclCache::add(const AclList& acl) {
  static const AclList kOpenList = open_acl();
  if (acl == kOpenList || acl.empty()) return kOpen;
  auto [it, added] = by_acl_.try_emplace(acl, 0);
  if (added) {
    // A damaged snapshot may have set the last index to anything.
    last_index_ = last_index_ == INT32_MAX ? 1 : last_index_ + 1;
    while (by_index_.contains(last_index_)) last_index_ = last_index_ == INT32_MAX ? 1 : last_index_ + 1;
    it->second = last_index_;
    by_index_[it->second].acl = acl;
  }
  ++by_index_[it->second].uses;
  return it->second;
}

void AclCache::add_use(int32_t index) {
  if (index == kOpen) return;
  const auto it = by_index_.find(index);
  if (it != by_index_.end()) ++it->second.uses;
}

void AclCache::remove_use(int32_t index) {
  if (index == kOpen) return;
  const auto it = by_index_.find(index);
  KZ_ASSERT(it != by_index_.end());
  if (--it->second.uses <= 0) forget(it);
}

void AclCache::forget(std::map<int32_t, Entry>::iterator it) {
  // Two indexes for one list may come from a fuzzy snapshot; the later one serves new nodes.
  const auto named = by_acl_.find(it->second.acl);
  if (named != by_acl_.end() && named->second == it->first) by_acl_.erase(named);
  by_index_.erase(it);
}

const AclList& AclCache::get(int32_t index) const {
  static const AclList kOpenList = open_acl();
  if (index == kOpen) return kOpenList;
  const auto it = by_index_.find(index);
  KZ_ASSERT_MSG(it != by_index_.end(), "a node refers to an unknown ACL");
  return it->second.acl;
}

void AclCache::clear() {
  by_index_.clear();
  by_acl_.clear();
  last_index_ = 0;
}

Status AclCache::load(int64_t index, AclList acl) {
  if (index <= 0 || index > std::numeric_limits<int32_t>::max()) return fail(Errc::kCorrupt, "ACL index", index);
  const auto at = static_cast<int32_t>(index);
  last_index_ = std::max(last_index_, at);
  by_acl_[acl] = at;
  by_index_[at] = Entry{std::move(acl), 0};
  return {};
}

void AclCache::purge_unused() {
  for (auto it = by_index_.begin(); it != by_index_.end();) {
    const auto at = it++;
    if (at->second.uses <= 0) forget(at);
  }
}

}  // namespace kz::zk
