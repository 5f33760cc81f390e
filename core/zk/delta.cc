#include "core/zk/delta.h"

namespace kz::zk {
namespace {

std::string_view key_of(std::string_view path) { return path == "/" ? std::string_view() : path; }

}  // namespace

std::optional<ChangeRecord> Delta::get(std::string_view path) const {
  const auto it = records_.find(key_of(path));
  if (it != records_.end()) {
    if (it->second.deleted) return std::nullopt;
    return it->second;
  }
  const Node* node = tree_.find(path);
  if (!node) return std::nullopt;
  ChangeRecord record;
  record.zxid = -1;
  record.stat = node->stat_persisted();
  record.child_count = static_cast<int32_t>(node->children.size());
  record.digest = node->digest;
  record.node = node;
  return record;
}

const AclList& Delta::acl_of(const ChangeRecord& record) const {
  return record.acl ? *record.acl : tree_.acl_of(*record.node);
}

int64_t Delta::data_size_of(const ChangeRecord& record) const {
  if (record.data) return *record.data ? static_cast<int64_t>((*record.data)->size()) : 0;
  return std::max(record.node->data_size, 0);
}

void Delta::store(std::string_view key, ChangeRecord record, uint32_t old_digest) {
  auto it = records_.find(key);
  if (group_ != 0) {
    undo_.push_back({std::string(key), it == records_.end() ? std::nullopt : std::optional(it->second)});
  }
  if (order_.empty()) digest_ = tree_.digest();
  digest_ += uint64_t{record.digest} - uint64_t{old_digest};
  const Zxid zxid = record.zxid;
  bool listed = false;
  if (it == records_.end()) {
    it = records_.emplace(std::string(key), std::move(record)).first;
  } else {
    listed = it->second.zxid == zxid;
    it->second = std::move(record);
  }
  if (!listed) order_.emplace_back(zxid, &*it);
}

void Delta::put(std::string_view path, ChangeRecord record) {
  const std::string_view key = key_of(path);
  uint32_t old_digest = 0;
  if (tree_.options().digest_enabled) {
    const auto before = get(key);
    old_digest = before ? before->digest : 0;
    Bytes data;
    bool null = false;
    if (record.data) {
      null = !record.data->has_value();
      if (!null) data = (*record.data)->bytes();
    } else {
      null = !record.node->has_data();
      data = record.node->data();
    }
    record.digest = node_digest(key, null ? nullptr : &data, record.stat);
  }
  store(key, std::move(record), old_digest);
}

void Delta::remove(std::string_view path, Zxid zxid) {
  const auto before = get(path);
  ChangeRecord record;
  record.zxid = zxid;
  record.deleted = true;
  store(key_of(path), std::move(record), before ? before->digest : 0);
}

void Delta::begin(Zxid zxid) {
  group_ = zxid;
  group_start_ = order_.size();
  group_digest_ = digest_;
  undo_.clear();
}

void Delta::rollback() {
  order_.resize(group_start_);
  digest_ = group_digest_;
  for (; !undo_.empty(); undo_.pop_back()) {
    Undo& undo = undo_.back();
    const auto it = records_.find(undo.path);
    if (undo.before) {
      it->second = std::move(*undo.before);
    } else {
      records_.erase(it);
    }
  }
  group_ = 0;
}

void Delta::applied(Zxid zxid) {
  while (!order_.empty() && order_.front().first <= zxid) {
    const auto [at, entry] = order_.front();
    order_.pop_front();
    // A later change of the same node keeps the record; its own entry in order_ will remove it.
    if (entry->second.zxid == at) records_.erase(records_.find(entry->first));
  }
}

}  // namespace kz::zk
