#include "core/zk/database.h"

#include "core/base/log.h"

namespace kz::zk {

TxnResult Database::apply(const Txn& txn, TreeEvents* events) {
  if (const auto* create = std::get_if<CreateSessionTxn>(&txn.body)) {
    sessions[txn.header.client_id] = create->timeout_ms;
  } else if (txn.header.type == static_cast<int32_t>(OpCode::kCloseSession)) {
    sessions.erase(txn.header.client_id);
  }
  TxnResult result = tree.apply(txn.header, txn.body, events);
  check_digest(txn.digest);
  return result;
}

Status Database::replay(const Slice& payload, const JuteLimits& limits) {
  KZ_TRY(const Txn txn, decode_txn(payload, limits));
  if (txn.header.zxid > last_zxid()) apply(txn);
  return {};
}

void Database::loaded(Zxid zxid, const std::optional<SnapshotDigest>& tail) {
  tree.set_last_zxid(zxid);
  tail_ = tail && tail->version == 2 && tail->zxid > 0 ? tail : std::nullopt;
  fuzzy_ = true;
  check_digest(std::nullopt);
}

void Database::check_digest(const std::optional<TxnDigest>& digest) {
  if (!tree.options().digest_enabled) return;
  std::optional<int64_t> expected;
  if (fuzzy_) {
    if (!tail_ || last_zxid() < tail_->zxid) return;
    fuzzy_ = false;
    if (last_zxid() == tail_->zxid) expected = tail_->digest;
  } else if (digest && digest->version == 2) {
    expected = digest->tree_digest;
  }
  if (!expected || static_cast<uint64_t>(*expected) == tree.digest()) return;
  static const log::Logger kLog("org.apache.zookeeper.server.DataTree");
  if (digest_mismatches++ == 0) {
    kLog.warn("Digests are not matching. Value is Zxid. zxid=0x{:x} expected=0x{:x} actual=0x{:x}",
              static_cast<uint64_t>(last_zxid()), static_cast<uint64_t>(*expected), tree.digest());
  }
}

}  // namespace kz::zk
