// Random but valid transactions over a small set of paths, as a leader would log them.
#pragma once
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/zk/tree.h"

namespace kz::zk::test {

class RandomTxns {
 public:
  explicit RandomTxns(uint64_t seed) : rng_(seed) {}

  // A transaction that succeeds on `tree` now. Not yet applied.
  Txn next(const DataTree& tree) {
    for (;;) {
      Txn txn;
      txn.header = {static_cast<int64_t>(1 + rng_.below(4)), 1, tree.last_zxid() + 1,
                    1000 + static_cast<int64_t>(rng_.below(1000)), 0};
      if (!fill(tree, txn)) continue;
      return txn;
    }
  }
  Txn apply_next(DataTree& tree) {
    Txn txn = next(tree);
    tree.apply(txn.header, txn.body);
    return txn;
  }

 private:
  std::string some_path() {
    std::string path;
    const uint64_t depth = 1 + rng_.below(3);
    for (uint64_t i = 0; i < depth; ++i) path += "/" + std::string(1, static_cast<char>('a' + rng_.below(4)));
    return path;
  }
  NullableBytes some_data() {
    if (rng_.chance(0.1)) return std::nullopt;
    return Slice::copy_of(std::string(rng_.below(20), static_cast<char>('A' + rng_.below(26))));
  }
  AclList some_acl() {
    if (rng_.chance(0.6)) return open_acl();
    return {{static_cast<int32_t>(1 + rng_.below(31)), {"digest", "u" + std::to_string(rng_.below(3)) + ":x"}}};
  }
  bool fill(const DataTree& tree, Txn& txn) {
    const auto type = [&](OpCode op) { txn.header.type = static_cast<int32_t>(op); };
    const std::string path = some_path();
    const std::string parent_name = path.substr(0, path.rfind('/'));
    const Node* node = tree.find(path);
    const Node* parent = tree.find(parent_name);
    switch (rng_.below(8)) {
      case 0:
      case 1:
      case 2: {
        if (node || !parent || owner_kind(parent->ephemeral_owner, tree.options()) == OwnerKind::kSession) return false;
        const int32_t cversion = parent->cversion + 1;
        if (rng_.chance(0.1)) {
          type(OpCode::kCreateContainer);
          txn.body = CreateContainerTxn{path, some_data(), some_acl(), cversion};
        } else if (rng_.chance(0.1)) {
          type(OpCode::kCreateTtl);
          txn.body = CreateTtlTxn{path, some_data(), some_acl(), cversion, 1 + static_cast<int64_t>(rng_.below(9))};
        } else {
          type(OpCode::kCreate);
          txn.body = CreateTxn{path, some_data(), some_acl(), rng_.chance(0.3), cversion};
        }
        return true;
      }
      case 3:
      case 4:
        if (!node || !node->children.empty()) return false;
        type(OpCode::kDelete);
        txn.body = DeleteTxn{path};
        return true;
      case 5:
        if (!node) return false;
        type(OpCode::kSetData);
        txn.body = SetDataTxn{path, some_data(), node->version + 1};
        return true;
      case 6:
        if (!node) return false;
        type(OpCode::kSetAcl);
        txn.body = SetAclTxn{path, some_acl(), node->aversion + 1};
        return true;
      default: {
        type(OpCode::kCloseSession);
        txn.body = CloseSessionTxn{tree.ephemerals_of(txn.header.client_id)};
        return rng_.chance(0.3);
      }
    }
  }
  Rng rng_;
};

}  // namespace kz::zk::test
