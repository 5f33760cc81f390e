// What the broker asks of ZooKeeper: a narrow port over a session, implemented by the adapter on client::ZkClient, by
// the in-process tree in tests. Source of the semantics: kafka/zookeeper/ZooKeeperClient.scala @ 3.4.0.
// Thread rule: all calls and all callbacks on the executor of the session's owner; no callback before the call returns.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace kz::broker {

// ZooKeeper's answer codes that someone here reacts to (KeeperException.Code).
enum class ZkCode : int32_t {
  kOk = 0,
  kRuntimeInconsistency = -2,  // the other ops of a failed multi
  kConnectionLoss = -4,        // the adapter retries; seen only while closing
  kMarshalling = -5,
  kNoNode = -101,
  kNoAuth = -102,
  kBadVersion = -103,
  kNodeExists = -110,
  kNotEmpty = -111,
  kSessionExpired = -112,
  kInvalidAcl = -114,
  kAuthFailed = -115,
};
std::string_view zk_code_name(ZkCode code);  // "NONODE"

struct ZkStat {
  Zxid czxid = 0;
  Zxid mzxid = 0;
  int64_t ctime = 0;  // ms since the epoch
  int64_t mtime = 0;
  int32_t version = 0;
  int32_t cversion = 0;
  SessionId ephemeral_owner = 0;
  int32_t num_children = 0;
  Zxid pzxid = 0;
};

enum class ZkMode : int32_t { kPersistent = 0, kEphemeral = 1, kPersistentSequential = 2, kEphemeralSequential = 3 };

// One operation of a multi.
struct ZkOp {
  enum class Kind : uint8_t { kCreate, kDelete, kSetData, kCheck };
  Kind kind = Kind::kCheck;
  std::string path;
  std::string data;
  ZkMode mode = ZkMode::kPersistent;
  int32_t version = -1;
  static ZkOp create(std::string path, std::string data, ZkMode mode = ZkMode::kPersistent) {
    return {Kind::kCreate, std::move(path), std::move(data), mode, -1};
  }
  static ZkOp remove(std::string path, int32_t version = -1) {
    return {Kind::kDelete, std::move(path), {}, ZkMode::kPersistent, version};
  }
  static ZkOp set(std::string path, std::string data, int32_t version = -1) {
    return {Kind::kSetData, std::move(path), std::move(data), ZkMode::kPersistent, version};
  }
  static ZkOp check(std::string path, int32_t version) {
    return {Kind::kCheck, std::move(path), {}, ZkMode::kPersistent, version};
  }
};

struct ZkOpResult {
  ZkCode code = ZkCode::kOk;
  std::string path;  // of a create
  ZkStat stat;       // of a set
};

// The answer to any single operation; fields that the operation does not have stay empty.
struct ZkResult {
  ZkCode code = ZkCode::kOk;
  std::string path;                   // create: the name given; others: the path asked
  std::string data;                   // get
  std::vector<std::string> children;  // children
  ZkStat stat;                        // get, set, exists, children
  std::vector<ZkOpResult> results;    // multi; code is the first failure
  bool ok() const { return code == ZkCode::kOk; }
};

enum class ZkWatch : uint8_t { kCreated, kDeleted, kDataChanged, kChildrenChanged };

class ZkPort {
 public:
  using Done = std::move_only_function<void(ZkResult)>;
  virtual ~ZkPort() = default;
  // Paths are relative to the chroot. version -1: any. A lost connection is retried until the session is back or
  // expired (kSessionExpired), so a write may have happened although its answer says kNodeExists or kBadVersion.
  virtual void create(std::string path, std::string data, ZkMode mode, Done done) = 0;
  virtual void remove(std::string path, int32_t version, Done done) = 0;
  virtual void get(std::string path, bool watch, Done done) = 0;
  virtual void set(std::string path, std::string data, int32_t version, Done done) = 0;
  virtual void exists(std::string path, bool watch, Done done) = 0;
  virtual void children(std::string path, bool watch, Done done) = 0;
  virtual void multi(std::vector<ZkOp> ops, Done done) = 0;
  virtual SessionId session_id() const = 0;
  // One listener per concern; called for every watch that fires and for every end of the session. After
  // on_session_expired a new session is being made; on_session_ready says that it is there. Owned by the caller, must
  // outlive the port or be removed.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_watch(ZkWatch what, const std::string& path) = 0;
    virtual void on_session_expired() {}
    virtual void on_session_ready() {}
  };
  virtual void add_listener(Listener* listener) = 0;
  virtual void remove_listener(Listener* listener) = 0;
};

}  // namespace kz::broker
