// Transactions: what is logged, proposed and replayed.
//   payload := TxnHeader body [TxnDigest]          body by TxnHeader.type (wire.md 5)
// The digest tail is 3.6+; closeSession's body is 3.6+ too (absent = delete every ephemeral of the session).
// Source: zookeeper.jute (module txn), SerializeUtils @ 3.8.0.
#pragma once
#include <optional>
#include <variant>
#include <vector>

#include "core/zk/proto.h"

namespace kz::zk {

struct TxnHeader {
  int64_t client_id = 0;  // session
  int32_t cxid = 0;       // the client's xid
  int64_t zxid = 0;
  int64_t time_ms = 0;
  int32_t type = 0;  // OpCode
  static constexpr void fields(auto&& v, auto& m) {
    v(m.client_id, "clientId");
    v(m.cxid, "cxid");
    v(m.zxid, "zxid");
    v(m.time_ms, "time");
    v(m.type, "type");
  }
  friend bool operator==(const TxnHeader&, const TxnHeader&) = default;
};

// A tree digest and the version of its rule.
struct TxnDigest {
  int32_t version = 2;
  int64_t tree_digest = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.version, "version");
    v(m.tree_digest, "treeDigest");
  }
  friend bool operator==(const TxnDigest&, const TxnDigest&) = default;
};

struct CreateTxn {  // create, create2
  std::string path;
  NullableBytes data;
  AclList acl;
  bool ephemeral = false;
  int32_t parent_cversion = -1;  // -1: the parent's + 1 (logs of 3.3)
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.acl, "acl");
    v(m.ephemeral, "ephemeral");
    v(m.parent_cversion, "parentCVersion");
  }
};
struct CreateTxnV0 {
  std::string path;
  NullableBytes data;
  AclList acl;
  bool ephemeral = false;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.acl, "acl");
    v(m.ephemeral, "ephemeral");
  }
};
struct CreateContainerTxn {
  std::string path;
  NullableBytes data;
  AclList acl;
  int32_t parent_cversion = -1;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.acl, "acl");
    v(m.parent_cversion, "parentCVersion");
  }
};
struct CreateTtlTxn {
  std::string path;
  NullableBytes data;
  AclList acl;
  int32_t parent_cversion = -1;
  int64_t ttl_ms = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.acl, "acl");
    v(m.parent_cversion, "parentCVersion");
    v(m.ttl_ms, "ttl");
  }
};
struct DeleteTxn {  // delete, deleteContainer
  std::string path;
  static constexpr void fields(auto&& v, auto& m) { v(m.path, "path"); }
};
struct SetDataTxn {  // setData, reconfig
  std::string path;
  NullableBytes data;
  int32_t version = 0;  // the new one
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.version, "version");
  }
};
struct SetAclTxn {
  std::string path;
  AclList acl;
  int32_t version = 0;  // the new one
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.acl, "acl");
    v(m.version, "version");
  }
};
struct CheckVersionTxn {
  std::string path;
  int32_t version = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.version, "version");
  }
};
struct CreateSessionTxn {
  int32_t timeout_ms = 0;
  static constexpr void fields(auto&& v, auto& m) { v(m.timeout_ms, "timeOut"); }
};
struct CloseSessionTxn {
  std::vector<std::string> paths;
  static constexpr void fields(auto&& v, auto& m) { v(m.paths, "paths2Delete"); }
};
struct ErrorTxn {
  int32_t err = 0;
  static constexpr void fields(auto&& v, auto& m) { v(m.err, "err"); }
};
struct SubTxn {  // an op of a MultiTxn: its type and its serialised body
  int32_t type = 0;
  NullableBytes data;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.type, "type");
    v(m.data, "data");
  }
};
struct MultiTxn {
  std::vector<SubTxn> txns;
  static constexpr void fields(auto&& v, auto& m) { v(m.txns, "txns"); }
};

// monostate: a type without a body (closeSession of 3.5), or a type this server does not know.
using TxnBody = std::variant<std::monostate, CreateTxn, CreateContainerTxn, CreateTtlTxn, DeleteTxn, SetDataTxn,
                             SetAclTxn, CheckVersionTxn, CreateSessionTxn, CloseSessionTxn, ErrorTxn, MultiTxn>;

struct Txn {
  TxnHeader header;
  TxnBody body;
  std::optional<TxnDigest> digest;
};

// The body of a type (also of a multi's sub-txn). Buffers share the reader's slab. kUnsupportedVersion: unknown type.
Result<TxnBody> decode_txn_body(int32_t type, Reader& r, const JuteLimits& limits = {});
// A whole payload.
Result<Txn> decode_txn(const Slice& payload, const JuteLimits& limits = {});
Slice encode_txn(const Txn& txn);
Slice encode_txn_body(const TxnBody& body);
std::string print_txn(const Txn& txn);

// ---- headers of the files (storage/zk) ----

struct FileHeader {
  int32_t magic = 0;
  int32_t version = 2;
  int64_t dbid = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.magic, "magic");
    v(m.version, "version");
    v(m.dbid, "dbid");
  }
};
inline constexpr int32_t kTxnLogMagic = 0x5a4b4c47;    // "ZKLG"
inline constexpr int32_t kSnapshotMagic = 0x5a4b534e;  // "ZKSN"

}  // namespace kz::zk
