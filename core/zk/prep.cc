#include "core/zk/prep.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/zk/path.h"
#include "core/zk/reconfig.h"

namespace kz::zk {
namespace {

std::unexpected<KeeperCode> refuse(KeeperCode code) { return std::unexpected(code); }

bool is_sequential(CreateMode mode) {
  return mode == CreateMode::kPersistentSequential || mode == CreateMode::kEphemeralSequential ||
         mode == CreateMode::kPersistentSequentialTtl;
}
bool is_ephemeral(CreateMode mode) {
  return mode == CreateMode::kEphemeral || mode == CreateMode::kEphemeralSequential;
}
bool is_ttl(CreateMode mode) {
  return mode == CreateMode::kPersistentTtl || mode == CreateMode::kPersistentSequentialTtl;
}

// The version after a change, or BadVersion. -1 matches any; versions wrap as Java's int.
std::expected<int32_t, KeeperCode> next_version(int32_t current, int32_t expected) {
  if (expected != -1 && expected != current) return refuse(KeeperCode::kBadVersion);
  return static_cast<int32_t>(static_cast<uint32_t>(current) + 1);
}

// The parent of a node that may be deleted.
std::expected<std::string_view, KeeperCode> parent_of_deletable(std::string_view path) {
  if (path.find('/') == std::string_view::npos || path.find('\0') != std::string_view::npos || special_path(path)) {
    return refuse(KeeperCode::kBadArguments);
  }
  return parent_path(path);
}

}  // namespace

struct Prep::Context {
  const PrepRequest& request;
  Zxid zxid;
  int64_t wall_ms;
  bool error_digest = false;  // the error transaction carries a digest
};

#define KZ_PREP_TRY(decl, expr)                                                             \
  auto KZ_CONCAT(kz_prep_, __LINE__) = (expr);                                              \
  if (!KZ_CONCAT(kz_prep_, __LINE__)) return refuse(KZ_CONCAT(kz_prep_, __LINE__).error()); \
  decl = std::move(*KZ_CONCAT(kz_prep_, __LINE__))
#define KZ_PREP_CHECK(expr)                                                                       \
  do {                                                                                            \
    if (const KeeperCode kz_code_ = (expr); kz_code_ != KeeperCode::kOk) return refuse(kz_code_); \
  } while (false)

Proposal Prep::prepare(const PrepRequest& request, int64_t wall_ms) {
  Context c{request, ++last_zxid_, wall_ms};
  Reader r(request.body);
  Outcome outcome = body_of(c, request.type, r);
  Proposal proposal;
  Txn& txn = proposal.txn;
  txn.header = {request.session, request.cxid, c.zxid, wall_ms, static_cast<int32_t>(request.type)};
  if (outcome) {
    txn.body = std::move(*outcome);
    if (config_.digest_enabled) txn.digest = TxnDigest{2, static_cast<int64_t>(delta_.digest())};
  } else {
    // As Java's: an error transaction carries no digest, but for the one case where it fails after the digest was set.
    if (c.error_digest && config_.digest_enabled) txn.digest = TxnDigest{2, static_cast<int64_t>(delta_.digest())};
    txn.header.type = static_cast<int32_t>(OpCode::kError);
    txn.body = ErrorTxn{static_cast<int32_t>(outcome.error())};
  }
  proposal.payload = encode_txn(txn);
  return proposal;
}

Prep::Outcome Prep::body_of(Context& c, OpCode type, Reader& r) {
  switch (type) {
    case OpCode::kCreate:
    case OpCode::kCreate2:
    case OpCode::kCreateContainer: {
      CreateRequest q;
      if (!jute::read(r, q, config_.jute)) break;
      return create(c, type, {std::move(q.path), std::move(q.data), std::move(q.acl), q.flags, -1});
    }
    case OpCode::kCreateTtl: {
      CreateTtlRequest q;
      if (!jute::read(r, q, config_.jute)) break;
      return create(c, type, std::move(q));
    }
    case OpCode::kDelete: {
      KZ_PREP_CHECK(sessions_.check(c.request.session, c.request.owner));
      DeleteRequest q;
      if (!jute::read(r, q, config_.jute)) break;
      return remove(c, q);
    }
    case OpCode::kDeleteContainer:
      return remove_container(c, r.text(r.remaining()));
    case OpCode::kSetData: {
      KZ_PREP_CHECK(sessions_.check(c.request.session, c.request.owner));
      SetDataRequest q;
      if (!jute::read(r, q, config_.jute)) break;
      return set_data(c, std::move(q));
    }
    case OpCode::kSetAcl: {
      KZ_PREP_CHECK(sessions_.check(c.request.session, c.request.owner));
      SetAclRequest q;
      if (!jute::read(r, q, config_.jute)) break;
      return set_acl(c, std::move(q));
    }
    case OpCode::kCheck: {
      KZ_PREP_CHECK(sessions_.check(c.request.session, c.request.owner));
      CheckVersionRequest q;
      if (!jute::read(r, q, config_.jute)) break;
      return check(c, q);
    }
    case OpCode::kReconfig:
      return reconfig(c, r);
    case OpCode::kMulti:
      return multi(c, r);
    case OpCode::kCreateSession: {
      const int32_t timeout_ms = r.i32();
      if (!r.ok()) break;
      return TxnBody(CreateSessionTxn{timeout_ms});
    }
    case OpCode::kCloseSession:
      return close_session(c);
    default:
      break;
  }
  return refuse(KeeperCode::kMarshallingError);
}

Prep::Outcome Prep::create(Context& c, OpCode type, CreateTtlRequest q) {
  if (q.flags < 0 || q.flags > 6) return refuse(KeeperCode::kBadArguments);
  const auto mode = static_cast<CreateMode>(q.flags);
  if (is_ttl(mode) && !config_.extended_types_enabled) return refuse(KeeperCode::kUnimplemented);
  if (is_ttl(mode) ? q.ttl_ms <= 0 || q.ttl_ms > kTtlMaxMs : q.ttl_ms >= 0) return refuse(KeeperCode::kBadArguments);
  if (type == OpCode::kCreateTtl && !is_ttl(mode)) return refuse(KeeperCode::kBadArguments);
  KZ_PREP_CHECK(is_ephemeral(mode) ? sessions_.check_global(c.request.session, c.request.owner)
                                   : sessions_.check(c.request.session, c.request.owner));

  const size_t slash = q.path.rfind('/');
  if (slash == std::string::npos || q.path.find('\0') != std::string::npos) return refuse(KeeperCode::kBadArguments);
  const std::string parent_name = q.path.substr(0, slash);
  std::optional<AclList> acl = auth_.fix_up(q.acl, *c.request.auth);
  if (!acl) return refuse(KeeperCode::kInvalidAcl);
  std::optional<ChangeRecord> parent = delta_.get(parent_name);
  if (!parent) return refuse(KeeperCode::kNoNode);
  if (!auth_.allowed(delta_.acl_of(*parent), kPermCreate, *c.request.auth)) return refuse(KeeperCode::kNoAuth);
  if (is_sequential(mode)) q.path += fmt::format("{:010d}", parent->stat.cversion);
  if (!path_valid(q.path)) return refuse(KeeperCode::kBadArguments);
  if (delta_.get(q.path)) return refuse(KeeperCode::kNodeExists);
  if (owner_kind(parent->stat.ephemeral_owner, tree_.options()) == OwnerKind::kSession) {
    return refuse(KeeperCode::kNoChildrenForEphemerals);
  }
  if (config_.enforce_quota) {
    const std::string_view root = tree_.quota_root(q.path);
    const int64_t bytes = q.data ? static_cast<int64_t>(q.data->size()) : 0;
    if (!root.empty()) KZ_PREP_CHECK(check_quota(tree_, root, bytes, 1, c.wall_ms, quota_log_));
  }

  const auto cversion = static_cast<int32_t>(static_cast<uint32_t>(parent->stat.cversion) + 1);
  parent->zxid = c.zxid;
  ++parent->child_count;
  parent->stat.cversion = cversion;
  parent->stat.pzxid = c.zxid;
  delta_.put(parent_name, std::move(*parent));

  // What the transaction will make, which the type decides and not the flags (a container flag on a plain create is
  // a plain node).
  int64_t owner = 0;
  if (type == OpCode::kCreateContainer) {
    owner = kContainerOwner;
  } else if (type == OpCode::kCreateTtl) {
    owner = ttl_owner(q.ttl_ms);
  } else if (is_ephemeral(mode)) {
    owner = c.request.session;
  }
  ChangeRecord record;
  record.zxid = c.zxid;
  record.stat.czxid = record.stat.mzxid = record.stat.pzxid = c.zxid;
  record.stat.ctime = record.stat.mtime = c.wall_ms;
  record.stat.ephemeral_owner = owner;
  record.acl = std::make_shared<const AclList>(*acl);
  record.data = q.data;
  delta_.put(q.path, std::move(record));

  if (type == OpCode::kCreateContainer) {
    return TxnBody(CreateContainerTxn{std::move(q.path), std::move(q.data), std::move(*acl), cversion});
  }
  if (type == OpCode::kCreateTtl) {
    return TxnBody(CreateTtlTxn{std::move(q.path), std::move(q.data), std::move(*acl), cversion, q.ttl_ms});
  }
  return TxnBody(CreateTxn{std::move(q.path), std::move(q.data), std::move(*acl), is_ephemeral(mode), cversion});
}

void Prep::delete_record(Context& c, std::string_view path, std::string_view parent_name, ChangeRecord parent) {
  parent.zxid = c.zxid;
  --parent.child_count;
  parent.stat.pzxid = c.zxid;
  delta_.put(parent_name, std::move(parent));
  delta_.remove(path, c.zxid);
}

Prep::Outcome Prep::remove(Context& c, const PathVersion& q) {
  KZ_PREP_TRY(const std::string_view parent_name, parent_of_deletable(q.path));
  std::optional<ChangeRecord> parent = delta_.get(parent_name);
  if (!parent) return refuse(KeeperCode::kNoNode);
  if (!auth_.allowed(delta_.acl_of(*parent), kPermDelete, *c.request.auth)) return refuse(KeeperCode::kNoAuth);
  const std::optional<ChangeRecord> node = delta_.get(q.path);
  if (!node) return refuse(KeeperCode::kNoNode);
  if (const auto version = next_version(node->stat.version, q.version); !version) return refuse(version.error());
  if (node->child_count > 0) return refuse(KeeperCode::kNotEmpty);
  delete_record(c, q.path, parent_name, std::move(*parent));
  return TxnBody(DeleteTxn{q.path});
}

Prep::Outcome Prep::remove_container(Context& c, const std::string& path) {
  KZ_PREP_TRY(const std::string_view parent_name, parent_of_deletable(path));
  const std::optional<ChangeRecord> node = delta_.get(path);
  if (!node) return refuse(KeeperCode::kNoNode);
  if (node->child_count > 0) return refuse(KeeperCode::kNotEmpty);
  if (owner_kind(node->stat.ephemeral_owner, tree_.options()) == OwnerKind::kSession) {
    return refuse(KeeperCode::kBadVersion);
  }
  std::optional<ChangeRecord> parent = delta_.get(parent_name);
  if (!parent) return refuse(KeeperCode::kNoNode);
  delete_record(c, path, parent_name, std::move(*parent));
  return TxnBody(DeleteTxn{path});
}

Prep::Outcome Prep::set_data(Context& c, SetDataRequest q) {
  if (!path_valid(q.path)) return refuse(KeeperCode::kBadArguments);
  std::optional<ChangeRecord> node = delta_.get(q.path);
  if (!node) return refuse(KeeperCode::kNoNode);
  if (!auth_.allowed(delta_.acl_of(*node), kPermWrite, *c.request.auth)) return refuse(KeeperCode::kNoAuth);
  if (config_.enforce_quota) {
    const std::string_view root = tree_.quota_root(q.path);
    const int64_t bytes = q.data ? static_cast<int64_t>(q.data->size()) : 0;
    if (!root.empty())
      KZ_PREP_CHECK(check_quota(tree_, root, bytes - delta_.data_size_of(*node), 0, c.wall_ms, quota_log_));
  }
  KZ_PREP_TRY(const int32_t version, next_version(node->stat.version, q.version));
  node->zxid = c.zxid;
  node->stat.version = version;
  node->stat.mtime = c.wall_ms;
  node->stat.mzxid = c.zxid;
  node->data = q.data;
  delta_.put(q.path, std::move(*node));
  return TxnBody(SetDataTxn{std::move(q.path), std::move(q.data), version});
}

Prep::Outcome Prep::set_acl(Context& c, SetAclRequest q) {
  if (!path_valid(q.path)) return refuse(KeeperCode::kBadArguments);
  std::optional<AclList> acl = auth_.fix_up(q.acl, *c.request.auth);
  if (!acl) return refuse(KeeperCode::kInvalidAcl);
  std::optional<ChangeRecord> node = delta_.get(q.path);
  if (!node) return refuse(KeeperCode::kNoNode);
  if (!auth_.allowed(delta_.acl_of(*node), kPermAdmin, *c.request.auth)) return refuse(KeeperCode::kNoAuth);
  KZ_PREP_TRY(const int32_t version, next_version(node->stat.aversion, q.version));
  node->zxid = c.zxid;
  node->stat.aversion = version;
  node->acl = std::make_shared<const AclList>(*acl);
  delta_.put(q.path, std::move(*node));
  return TxnBody(SetAclTxn{std::move(q.path), std::move(*acl), version});
}

Prep::Outcome Prep::check(Context& c, const PathVersion& q) {
  if (!path_valid(q.path)) return refuse(KeeperCode::kBadArguments);
  const std::optional<ChangeRecord> node = delta_.get(q.path);
  if (!node) return refuse(KeeperCode::kNoNode);
  if (!auth_.allowed(delta_.acl_of(*node), kPermRead, *c.request.auth)) return refuse(KeeperCode::kNoAuth);
  KZ_PREP_TRY(const int32_t version, next_version(node->stat.version, q.version));
  return TxnBody(CheckVersionTxn{q.path, version});
}

Prep::Outcome Prep::reconfig(Context& c, Reader& r) {
  ReconfigRequest q;
  if (!jute::read(r, q, config_.jute)) return refuse(KeeperCode::kMarshallingError);
  if (!config_.reconfig_enabled) return refuse(KeeperCode::kReconfigDisabled);
  KZ_PREP_CHECK(sessions_.check(c.request.session, c.request.owner));
  const Membership* membership = broadcast_ ? broadcast_->membership() : nullptr;
  if (!membership) return refuse(KeeperCode::kUnimplemented);  // as a standalone server answers
  KZ_PREP_TRY(const QuorumConfig next,
              reconfigured(q, c.zxid, *membership, {config_.standalone_enabled, config_.multi_address_enabled}));
  std::optional<ChangeRecord> node = delta_.get(kConfigNode);
  if (!node) return refuse(KeeperCode::kNoNode);
  if (!auth_.allowed(delta_.acl_of(*node), kPermWrite, *c.request.auth)) return refuse(KeeperCode::kNoAuth);
  // Always version -1: what changes is the version inside.
  const Slice text = Slice::copy_of(next.text());
  node->zxid = c.zxid;
  node->stat.version = -1;
  node->stat.mtime = c.wall_ms;
  node->stat.mzxid = c.zxid;
  node->data = NullableBytes(text);
  delta_.put(kConfigNode, std::move(*node));
  return TxnBody(SetDataTxn{std::string(kConfigNode), NullableBytes(text), -1});
}

Prep::Outcome Prep::sub_op(Context& c, MultiOp& op) {
  if (auto* create_request = std::get_if<CreateRequest>(&op.request)) {
    // The type follows from the flags: create2 becomes create, because 3.8 applies no create2 inside a multi.
    op.type = create_request->flags == static_cast<int32_t>(CreateMode::kContainer) ? OpCode::kCreateContainer
                                                                                    : OpCode::kCreate;
    return create(c, op.type,
                  {std::move(create_request->path), std::move(create_request->data), std::move(create_request->acl),
                   create_request->flags, -1});
  }
  if (auto* ttl = std::get_if<CreateTtlRequest>(&op.request)) return create(c, op.type, std::move(*ttl));
  KZ_PREP_CHECK(sessions_.check(c.request.session, c.request.owner));
  if (auto* set = std::get_if<SetDataRequest>(&op.request)) return set_data(c, std::move(*set));
  const auto* versioned = std::get_if<PathVersion>(&op.request);
  if (!versioned) return refuse(KeeperCode::kMarshallingError);
  return op.type == OpCode::kDelete ? remove(c, *versioned) : check(c, *versioned);
}

Prep::Outcome Prep::multi(Context& c, Reader& r) {
  auto ops = decode_multi(r, config_.jute);
  if (!ops) return refuse(KeeperCode::kMarshallingError);
  if (!ops->empty() && std::holds_alternative<PathRequest>(ops->front().request)) {
    c.error_digest = true;
    return refuse(KeeperCode::kMarshallingError);
  }
  MultiTxn txn;
  txn.txns.reserve(ops->size());
  std::optional<KeeperCode> failure;
  delta_.begin(c.zxid);
  for (MultiOp& op : *ops) {
    TxnBody body = ErrorTxn{static_cast<int32_t>(KeeperCode::kRuntimeInconsistency)};
    auto type = static_cast<int32_t>(OpCode::kError);
    if (!failure) {
      Outcome outcome = sub_op(c, op);
      if (outcome) {
        body = std::move(*outcome);
        type = static_cast<int32_t>(op.type);
      } else {
        failure = outcome.error();
        body = ErrorTxn{static_cast<int32_t>(*failure)};
        delta_.rollback();
      }
    }
    txn.txns.push_back({type, encode_txn_body(body)});
  }
  delta_.commit_group();
  return TxnBody(std::move(txn));
}

Prep::Outcome Prep::close_session(Context& c) {
  std::vector<std::string> paths = tree_.ephemerals_of(c.request.session);
  // Outstanding changes: deletions take theirs off the list, creations come onto it.
  std::vector<std::string> gone, young;
  delta_.for_each([&](std::string_view path, const ChangeRecord& record) {
    if (record.deleted) {
      gone.emplace_back(path);
    } else if (record.stat.ephemeral_owner == c.request.session && c.request.session != 0) {
      young.emplace_back(path);
    }
  });
  std::sort(gone.begin(), gone.end());
  std::erase_if(paths, [&](const std::string& path) { return std::binary_search(gone.begin(), gone.end(), path); });
  paths.insert(paths.end(), young.begin(), young.end());
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  for (const std::string& path : paths) {
    const std::string_view parent_name = parent_path(path);
    std::optional<ChangeRecord> parent = delta_.get(parent_name);
    if (parent) delete_record(c, path, parent_name, std::move(*parent));
  }
  sessions_.set_closing(c.request.session);
  if (!config_.close_session_txn_enabled) return TxnBody(std::monostate{});
  return TxnBody(CloseSessionTxn{std::move(paths)});
}

}  // namespace kz::zk
