// Every record of ZooKeeper's client protocol, its op codes and constants.
// Source: zookeeper.jute, ZooDefs.OpCode, MultiOperationRecord, ClientCnxn @ 3.8.0.
//   3.5: create2, reconfig, checkWatches, removeWatches, createContainer; 3.5.3: createTTL;
//   3.6: multiRead, getEphemerals, getAllChildrenNumber, setWatches2, addWatch; 3.7: whoAmI.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/zk/error.h"
#include "core/zk/jute.h"

namespace kz::zk {

enum class OpCode : int32_t {
  kNotification = 0,
  kCreate = 1,
  kDelete = 2,
  kExists = 3,
  kGetData = 4,
  kSetData = 5,
  kGetAcl = 6,
  kSetAcl = 7,
  kGetChildren = 8,
  kSync = 9,
  kPing = 11,
  kGetChildren2 = 12,
  kCheck = 13,
  kMulti = 14,
  kCreate2 = 15,
  kReconfig = 16,
  kCheckWatches = 17,
  kRemoveWatches = 18,
  kCreateContainer = 19,
  kDeleteContainer = 20,
  kCreateTtl = 21,
  kMultiRead = 22,
  kAuth = 100,
  kSetWatches = 101,
  kSasl = 102,
  kGetEphemerals = 103,
  kGetAllChildrenNumber = 104,
  kSetWatches2 = 105,
  kAddWatch = 106,
  kWhoAmI = 107,
  kCreateSession = -10,
  kCloseSession = -11,
  kError = -1,
};
// "create2", "getData"...; as Request.op2String (used by cons and logs). "unknown N" is the caller's business: nullptr.
const char* op_name(OpCode op);

// Special xids.
inline constexpr int32_t kXidNotification = -1;
inline constexpr int32_t kXidPing = -2;
inline constexpr int32_t kXidAuth = -4;
inline constexpr int32_t kXidSetWatches = -8;

enum Perm : int32_t { kPermRead = 1, kPermWrite = 2, kPermCreate = 4, kPermDelete = 8, kPermAdmin = 16, kPermAll = 31 };

enum class EventType : int32_t {
  kNone = -1,
  kNodeCreated = 1,
  kNodeDeleted = 2,
  kNodeDataChanged = 3,
  kNodeChildrenChanged = 4,
  kDataWatchRemoved = 5,
  kChildWatchRemoved = 6,
  kPersistentWatchRemoved = 7,
};
enum class KeeperState : int32_t {
  kDisconnected = 0,
  kSyncConnected = 3,
  kAuthFailed = 4,
  kConnectedReadOnly = 5,
  kSaslAuthenticated = 6,
  kExpired = -112,
  kClosed = 7,
};

// Create flags on the wire.
enum class CreateMode : int32_t {
  kPersistent = 0,
  kEphemeral = 1,
  kPersistentSequential = 2,
  kEphemeralSequential = 3,
  kContainer = 4,
  kPersistentTtl = 5,
  kPersistentSequentialTtl = 6,
};

enum class AddWatchMode : int32_t { kPersistent = 0, kPersistentRecursive = 1 };
enum class WatcherType : int32_t { kChildren = 1, kData = 2, kAny = 3 };

// ---- data ----

struct Id {
  std::string scheme;
  std::string id;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.scheme, "scheme");
    v(m.id, "id");
  }
  friend auto operator<=>(const Id&, const Id&) = default;
};

struct Acl {
  int32_t perms = 0;
  Id id;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.perms, "perms");
    v(m.id, "id");
  }
  friend auto operator<=>(const Acl&, const Acl&) = default;
};
using AclList = std::vector<Acl>;
inline AclList open_acl() { return {{kPermAll, {"world", "anyone"}}}; }

// As sent to clients: cversion and ephemeralOwner are derived (tree.h).
struct Stat {
  int64_t czxid = 0, mzxid = 0, ctime = 0, mtime = 0;
  int32_t version = 0, cversion = 0, aversion = 0;
  int64_t ephemeral_owner = 0;
  int32_t data_length = 0, num_children = 0;
  int64_t pzxid = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.czxid, "czxid");
    v(m.mzxid, "mzxid");
    v(m.ctime, "ctime");
    v(m.mtime, "mtime");
    v(m.version, "version");
    v(m.cversion, "cversion");
    v(m.aversion, "aversion");
    v(m.ephemeral_owner, "ephemeralOwner");
    v(m.data_length, "dataLength");
    v(m.num_children, "numChildren");
    v(m.pzxid, "pzxid");
  }
  friend bool operator==(const Stat&, const Stat&) = default;
};

// As stored: snapshots, digests.
struct StatPersisted {
  int64_t czxid = 0, mzxid = 0, ctime = 0, mtime = 0;
  int32_t version = 0, cversion = 0, aversion = 0;
  int64_t ephemeral_owner = 0, pzxid = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.czxid, "czxid");
    v(m.mzxid, "mzxid");
    v(m.ctime, "ctime");
    v(m.mtime, "mtime");
    v(m.version, "version");
    v(m.cversion, "cversion");
    v(m.aversion, "aversion");
    v(m.ephemeral_owner, "ephemeralOwner");
    v(m.pzxid, "pzxid");
  }
  friend bool operator==(const StatPersisted&, const StatPersisted&) = default;
};

// ---- session set-up (no headers) ----

// read_only: absent from clients before 3.4; then it is absent from the response too.
struct ConnectRequest {
  int32_t protocol_version = 0;
  int64_t last_zxid_seen = 0;
  int32_t timeout_ms = 0;
  int64_t session_id = 0;
  NullableBytes password;
  std::optional<bool> read_only;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.protocol_version, "protocolVersion");
    v(m.last_zxid_seen, "lastZxidSeen");
    v(m.timeout_ms, "timeOut");
    v(m.session_id, "sessionId");
    v(m.password, "passwd");
  }
};
struct ConnectResponse {
  int32_t protocol_version = 0;
  int32_t timeout_ms = 0;
  int64_t session_id = 0;
  NullableBytes password;
  std::optional<bool> read_only;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.protocol_version, "protocolVersion");
    v(m.timeout_ms, "timeOut");
    v(m.session_id, "sessionId");
    v(m.password, "passwd");
  }
};
// These two carry the optional tail, which a field list cannot say.
Result<ConnectRequest> decode_connect_request(const Slice& frame);
Result<ConnectResponse> decode_connect_response(const Slice& frame);
Slice encode_connect_request(const ConnectRequest& request);     // a frame, length included
Slice encode_connect_response(const ConnectResponse& response);  // a frame, length included

// ---- headers ----

struct RequestHeader {
  int32_t xid = 0;
  int32_t type = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.xid, "xid");
    v(m.type, "type");
  }
};
struct ReplyHeader {
  int32_t xid = 0;
  int64_t zxid = 0;
  int32_t err = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.xid, "xid");
    v(m.zxid, "zxid");
    v(m.err, "err");
  }
};
struct MultiHeader {
  int32_t type = 0;
  bool done = false;
  int32_t err = -1;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.type, "type");
    v(m.done, "done");
    v(m.err, "err");
  }
};
struct WatcherEvent {
  int32_t type = 0;
  int32_t state = 0;
  std::string path;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.type, "type");
    v(m.state, "state");
    v(m.path, "path");
  }
  friend bool operator==(const WatcherEvent&, const WatcherEvent&) = default;
};

// ---- requests and responses ----

struct PathRequest {  // exists, getData, getChildren, getChildren2
  std::string path;
  bool watch = false;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.watch, "watch");
  }
};
using ExistsRequest = PathRequest;
using GetDataRequest = PathRequest;
using GetChildrenRequest = PathRequest;
using GetChildren2Request = PathRequest;

struct PathOnly {  // getACL, sync and its response, getAllChildrenNumber, getEphemerals, create's response
  std::string path;
  static constexpr void fields(auto&& v, auto& m) { v(m.path, "path"); }
};
using GetAclRequest = PathOnly;
using SyncRequest = PathOnly;
using SyncResponse = PathOnly;
using GetAllChildrenNumberRequest = PathOnly;
using GetEphemeralsRequest = PathOnly;
using CreateResponse = PathOnly;

struct CreateRequest {  // create, create2, createContainer
  std::string path;
  NullableBytes data;
  AclList acl;
  int32_t flags = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.acl, "acl");
    v(m.flags, "flags");
  }
};
struct CreateTtlRequest {
  std::string path;
  NullableBytes data;
  AclList acl;
  int32_t flags = 0;
  int64_t ttl_ms = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.acl, "acl");
    v(m.flags, "flags");
    v(m.ttl_ms, "ttl");
  }
};
struct PathVersion {  // delete, check
  std::string path;
  int32_t version = -1;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.version, "version");
  }
};
using DeleteRequest = PathVersion;
using CheckVersionRequest = PathVersion;

struct SetDataRequest {
  std::string path;
  NullableBytes data;
  int32_t version = -1;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.data, "data");
    v(m.version, "version");
  }
};
struct SetAclRequest {
  std::string path;
  AclList acl;
  int32_t version = -1;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.acl, "acl");
    v(m.version, "version");
  }
};
struct ReconfigRequest {
  NullableString joining, leaving, new_members;
  int64_t cur_config_id = -1;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.joining, "joiningServers");
    v(m.leaving, "leavingServers");
    v(m.new_members, "newMembers");
    v(m.cur_config_id, "curConfigId");
  }
};
struct AuthPacket {
  int32_t type = 0;
  std::string scheme;
  NullableBytes auth;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.type, "type");
    v(m.scheme, "scheme");
    v(m.auth, "auth");
  }
};
struct SaslToken {  // request and response
  NullableBytes token;
  static constexpr void fields(auto&& v, auto& m) { v(m.token, "token"); }
};
struct SetWatches {
  int64_t relative_zxid = 0;
  std::vector<std::string> data, exist, child;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.relative_zxid, "relativeZxid");
    v(m.data, "dataWatches");
    v(m.exist, "existWatches");
    v(m.child, "childWatches");
  }
};
struct SetWatches2 {
  int64_t relative_zxid = 0;
  std::vector<std::string> data, exist, child, persistent, persistent_recursive;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.relative_zxid, "relativeZxid");
    v(m.data, "dataWatches");
    v(m.exist, "existWatches");
    v(m.child, "childWatches");
    v(m.persistent, "persistentWatches");
    v(m.persistent_recursive, "persistentRecursiveWatches");
  }
};
struct AddWatchRequest {
  std::string path;
  int32_t mode = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.mode, "mode");
  }
};
struct PathType {  // checkWatches, removeWatches
  std::string path;
  int32_t type = 0;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.type, "type");
  }
};
using CheckWatchesRequest = PathType;
using RemoveWatchesRequest = PathType;

struct StatResponse {  // exists, setData, setACL
  Stat stat;
  static constexpr void fields(auto&& v, auto& m) { v(m.stat, "stat"); }
};
using ExistsResponse = StatResponse;
using SetDataResponse = StatResponse;
using SetAclResponse = StatResponse;

struct Create2Response {
  std::string path;
  Stat stat;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.path, "path");
    v(m.stat, "stat");
  }
};
struct GetDataResponse {  // reconfig too
  NullableBytes data;
  Stat stat;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.data, "data");
    v(m.stat, "stat");
  }
};
struct StringsResponse {  // getChildren, getEphemerals
  std::vector<std::string> items;
  static constexpr void fields(auto&& v, auto& m) { v(m.items, "items"); }
};
using GetChildrenResponse = StringsResponse;
using GetEphemeralsResponse = StringsResponse;

struct GetChildren2Response {
  std::vector<std::string> children;
  Stat stat;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.children, "children");
    v(m.stat, "stat");
  }
};
struct GetAclResponse {
  AclList acl;
  Stat stat;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.acl, "acl");
    v(m.stat, "stat");
  }
};
struct GetAllChildrenNumberResponse {
  int32_t total = 0;
  static constexpr void fields(auto&& v, auto& m) { v(m.total, "totalNumber"); }
};
struct ErrorResponse {  // also addWatch's response
  int32_t err = 0;
  static constexpr void fields(auto&& v, auto& m) { v(m.err, "err"); }
};
struct ClientInfo {
  std::string auth_scheme;
  std::string user;
  static constexpr void fields(auto&& v, auto& m) {
    v(m.auth_scheme, "authScheme");
    v(m.user, "user");
  }
};
struct WhoAmIResponse {
  std::vector<ClientInfo> client_info;
  static constexpr void fields(auto&& v, auto& m) { v(m.client_info, "clientInfo"); }
};

// ---- multi and multiRead ----

// One op of a multi: its type on the wire, and the record that the type says.
struct MultiOp {
  OpCode type = OpCode::kError;
  std::variant<CreateRequest, CreateTtlRequest, PathVersion, SetDataRequest, PathRequest> request;
};
// The ops of a request body up to the end header. kMalformed for an op type that is not allowed, for a mix of reads
// and writes, or for broken bytes.
Result<std::vector<MultiOp>> decode_multi(Reader& r, const JuteLimits& limits = {});
// The request body that decode_multi reads.
Slice encode_multi(const std::vector<MultiOp>& ops);

// One result of a multi's reply.
struct MultiResult {
  OpCode type = OpCode::kError;
  KeeperCode err = KeeperCode::kOk;   // with type kError
  std::string path;                   // create, create2
  Stat stat;                          // create2, setData, getData
  NullableBytes data;                 // getData
  std::vector<std::string> children;  // getChildren
};
Result<std::vector<MultiResult>> decode_multi_response(Reader& r, const JuteLimits& limits = {});
void write_multi_response(Buffer& w, const std::vector<MultiResult>& results);

}  // namespace kz::zk
