// Database: what a server recovers and keeps: the tree and the sessions with their timeouts. Replaying a log goes
// through apply(); so does every committed transaction. Source: ZKDatabase, FileTxnSnapLog.processTransaction @ 3.8.0.
// Owned by the pipeline (or by a tool); not thread-safe.
#pragma once
#include "core/zk/snapshot_codec.h"
#include "core/zk/tree.h"
#include "core/zk/txn.h"

namespace kz::zk {

struct Database {
  explicit Database(TreeOptions options = {}) : tree(options) {}
  DataTree tree;
  SessionTimeouts sessions;

  // Applies to tree and sessions.
  TxnResult apply(const Txn& txn, TreeEvents* events = nullptr);
  // One payload from the log; transactions at or below last_zxid() are skipped. A digest that differs from the one in
  // the transaction only counts (digest_mismatches): ZooKeeper's rule too.
  Status replay(const Slice& payload, const JuteLimits& limits = {});
  Zxid last_zxid() const { return tree.last_zxid(); }
  // A snapshot named by `zxid` was read into tree and sessions; tail: the digest behind it, which the replay must
  // reach.
  void loaded(Zxid zxid, const std::optional<SnapshotDigest>& tail);

  uint64_t digest_mismatches = 0;

 private:
  void check_digest(const std::optional<TxnDigest>& digest);
  bool fuzzy_ = false;  // between a snapshot and its tail's zxid: digests differ rightly
  std::optional<SnapshotDigest> tail_;
};

}  // namespace kz::zk
