// A stream of transactions such as a server logs, from a seed: creates of every kind, changes, deletes, multis,
// sessions. Each carries the digest of the tree after it.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/zk/database.h"
#include "storage/zk/txn_log.h"

namespace kz::test {

class ZkWorkload {
 public:
  explicit ZkWorkload(uint64_t seed) : rng_(seed) {}

  // The next transaction, applied to the model.
  storage::zk::LogRecord next() {
    zk::Txn txn;
    txn.header = {0x100, ++cxid_, model_.last_zxid() + 1, 1'600'000'000'000 + cxid_, 0};
    fill(txn);
    model_.apply(txn);
    txn.digest = zk::TxnDigest{2, static_cast<int64_t>(model_.tree.digest())};
    const storage::zk::LogRecord record{txn.header.zxid, zk::encode_txn(txn)};
    history_.push_back(record);
    return record;
  }
  const zk::Database& model() const { return model_; }
  zk::Database& model() { return model_; }

  // The state after the first transactions up to zxid; then the stream continues from there.
  void forget_after(Zxid zxid) {
    history_.resize(static_cast<size_t>(zxid));
    sessions_.clear();
    model_.tree.~DataTree();
    new (&model_.tree) zk::DataTree();
    model_.sessions.clear();
    for (const auto& record : history_) (void)model_.replay(record.payload);
    for (const auto& [id, timeout] : model_.sessions) sessions_.push_back(id);
    paths_.clear();
    collect(*model_.tree.find("/"));
  }
  const std::vector<storage::zk::LogRecord>& history() const { return history_; }

 private:
  void collect(const zk::Node& node) {
    node.children.for_each([this](zk::Node* child) {
      const std::string path = model_.tree.path_of(*child);
      if (path.starts_with("/zookeeper")) return;
      paths_.push_back(path);
      collect(*child);
    });
    std::sort(paths_.begin(), paths_.end());
  }
  zk::NullableBytes data() {
    if (rng_.chance(0.1)) return std::nullopt;
    return Slice::copy_of(std::string(rng_.below(300), static_cast<char>('a' + rng_.below(26))));
  }
  std::string any_path() { return paths_.empty() ? "/none" : paths_[rng_.below(paths_.size())]; }
  int32_t stored_cversion(const std::string& path) {
    const zk::Node* node = model_.tree.find(path);
    return node ? node->cversion : 0;
  }
  zk::CreateTxn create(bool ephemeral) {
    std::string parent;
    if (!paths_.empty() && rng_.chance(0.6)) {
      parent = any_path();
      const zk::Node* node = model_.tree.find(parent);
      if (!node || node->ephemeral_owner != 0) parent.clear();
    }
    zk::CreateTxn txn{parent + "/n" + std::to_string(cxid_), data(), zk::open_acl(), ephemeral, 0};
    if (rng_.chance(0.2)) txn.acl = {{zk::kPermRead, {"ip", "10.0.0." + std::to_string(rng_.below(4))}}};
    txn.parent_cversion = stored_cversion(parent.empty() ? "/" : parent) + 1;
    paths_.push_back(txn.path);
    return txn;
  }
  void fill(zk::Txn& txn) {
    const auto as = [&](zk::OpCode type) { txn.header.type = static_cast<int32_t>(type); };
    switch (rng_.below(10)) {
      case 0: {
        as(zk::OpCode::kCreateSession);
        txn.header.client_id = 0x1000 + cxid_;
        sessions_.push_back(txn.header.client_id);
        txn.body = zk::CreateSessionTxn{30000};
        return;
      }
      case 1: {
        if (sessions_.empty()) break;
        as(zk::OpCode::kCloseSession);
        txn.header.client_id = sessions_.front();
        sessions_.erase(sessions_.begin());
        txn.body = zk::CloseSessionTxn{model_.tree.ephemerals_of(txn.header.client_id)};
        return;
      }
      case 2: {
        if (sessions_.empty()) break;
        as(zk::OpCode::kCreate);
        txn.header.client_id = sessions_[rng_.below(sessions_.size())];
        txn.body = create(true);
        return;
      }
      case 3:
      case 4: {
        const std::string path = any_path();
        const zk::Node* node = model_.tree.find(path);
        if (!node) break;
        as(zk::OpCode::kSetData);
        txn.body = zk::SetDataTxn{path, data(), node->version + 1};
        return;
      }
      case 5: {
        const std::string path = any_path();
        const zk::Node* node = model_.tree.find(path);
        if (!node || !node->children.empty()) break;
        as(zk::OpCode::kDelete);
        txn.body = zk::DeleteTxn{path};
        std::erase(paths_, path);
        return;
      }
      case 6: {
        const std::string path = any_path();
        const zk::Node* node = model_.tree.find(path);
        if (!node) break;
        as(zk::OpCode::kSetAcl);
        txn.body =
            zk::SetAclTxn{path, {{zk::kPermAll, {"digest", "bob:x" + std::to_string(cxid_)}}}, node->aversion + 1};
        return;
      }
      case 7: {
        as(zk::OpCode::kError);
        txn.body = zk::ErrorTxn{-110};
        return;
      }
      case 8: {
        as(zk::OpCode::kMulti);
        zk::MultiTxn multi;
        multi.txns.push_back({static_cast<int32_t>(zk::OpCode::kCreate), zk::encode_txn_body(create(false))});
        txn.body = std::move(multi);
        return;
      }
      default:
        break;
    }
    as(zk::OpCode::kCreate);
    txn.body = create(false);
  }

  Rng rng_;
  int32_t cxid_ = 0;
  zk::Database model_;
  std::vector<std::string> paths_;
  std::vector<SessionId> sessions_;
  std::vector<storage::zk::LogRecord> history_;
};

}  // namespace kz::test
