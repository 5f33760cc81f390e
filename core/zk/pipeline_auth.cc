// Pipeline: who a connection is: auth packets, SASL exchanges, and writes refused before they are proposed.
// Source: ZooKeeperServer.processPacket, processSasl, authWriteRequest @ 3.8.0.
#include "core/zk/connection.h"
#include "core/zk/path.h"
#include "core/zk/pipeline.h"

namespace kz::zk {

namespace {

// Every write of a follower's client takes its ids along to the leader, which bounds them (core/zab/packet.cc): one
// client must not be able to break that connection.
constexpr size_t kIdsMax = 512;
constexpr size_t kIdsBytesMax = 60 * 1024;

bool ids_fit(const Ids& ids) {
  size_t bytes = 0;
  for (const Id& id : ids) bytes += id.scheme.size() + id.id.size();
  return ids.size() <= kIdsMax && bytes <= kIdsBytesMax;
}

}  // namespace

void Pipeline::authenticate(Connection& c, const RequestHeader& header, Reader& r, Now now, Effects& out) {
  sessions_.touch(c.session, c.timeout_ms, now);
  AuthPacket packet;
  if (!jute::read(r, packet, config_.jute)) {
    log_.warn("Closing a connection from /{}: a malformed auth packet", c.stats.ip);
    return drop(c, out);
  }
  KeeperCode code = auth_.authenticate(packet.scheme, packet.auth, c.auth);
  if (packet.scheme == "ensemble" && !config_.ensemble_auth_names.empty()) {
    const bool named = packet.auth && !packet.auth->bytes().empty();
    metrics_.add(code != KeeperCode::kOk ? Counter::kEnsembleAuthFail
                 : named                 ? Counter::kEnsembleAuthSuccess
                                         : Counter::kEnsembleAuthSkip);
  }
  if (code == KeeperCode::kOk && !ids_fit(c.auth)) {
    log_.warn("A client of /{} has more than {} auth ids or {} bytes of them", c.stats.ip, kIdsMax, kIdsBytesMax);
    code = KeeperCode::kAuthFailed;
  }
  if (code != KeeperCode::kOk) ++stats_.auth_failed;
  if (code == KeeperCode::kBadArguments) {
    log_.warn("Unexpected ensemble name of client /{}: it must try another server (ensembleAuthName)", c.stats.ip);
    return drop(c, out);
  }
  reply_header(c, {header.xid, 0, static_cast<int32_t>(code)}, out);
  if (code != KeeperCode::kOk) {
    log_.warn("Authentication failed for scheme: {}", packet.scheme);
    drop(c, out);
  }
}

void Pipeline::sasl(Connection& c, const RequestHeader& header, Reader& r, Now now, Effects& out) {
  constexpr size_t kNonceBytes = 24;
  sessions_.touch(c.session, c.timeout_ms, now);
  SaslToken request;
  if (!jute::read(r, request, config_.jute) || !request.token) {
    log_.warn("Closing a connection from /{}: a malformed SASL packet", c.stats.ip);
    return drop(c, out);
  }
  const auto answer = [&](KeeperCode code, const NullableBytes& token) {
    send(c, jute::encode_frame(ReplyHeader{header.xid, 0, static_cast<int32_t>(code)}, SaslToken{token}), out);
  };
  // A server without a JAAS login has no token to give.
  if (!config_.sasl_users || !entropy_) return answer(KeeperCode::kOk, {});
  if (!c.sasl) {
    c.sasl =
        std::make_unique<DigestMd5Server>(kClientSaslService, *config_.sasl_users, sasl_nonce(entropy_(kNonceBytes)));
  }
  const SaslStep step = c.sasl->step(request.token->text());
  if (step.kind == SaslStep::Kind::kFailed) {
    log_.warn("Client /{}:{} failed to SASL authenticate: {}", c.stats.ip, c.stats.port, step.why);
    if (config_.sasl_failed_clients_allowed && !auth_.sasl_required()) return answer(KeeperCode::kOk, {});
    answer(auth_.sasl_required() ? KeeperCode::kSessionClosedRequireSaslAuth : KeeperCode::kAuthFailed, {});
    return drop(c, out);
  }
  if (step.kind == SaslStep::Kind::kDone) {
    auth_.add_sasl_user(c.sasl->user(), c.auth);
    log_.debug("Session 0x{:x}: adding SASL authorization for authorizationID: {}", static_cast<uint64_t>(c.session),
               c.sasl->user());
  }
  answer(KeeperCode::kOk, Slice::copy_of(step.token));
}

KeeperCode Pipeline::eager_acl_check(const Connection& c, OpCode op, const Slice& body) const {
  Reader r(body);
  std::string path;
  int32_t perm = 0;
  const auto parent = [](const std::string& child) {
    const size_t slash = child.rfind('/');
    const bool odd = slash == std::string::npos || child.find('\0') != std::string::npos || special_path(child);
    return odd ? std::string() : std::string(shown(parent_path(child)));
  };
  const auto malformed_acl = [&](const AclList& acl) { return !auth_.fix_up(acl, c.auth).has_value(); };
  if (op == OpCode::kCreate || op == OpCode::kCreate2) {
    CreateRequest q;
    if (!jute::read(r, q, config_.jute)) return KeeperCode::kOk;
    if (path = parent(q.path); path.empty()) return KeeperCode::kOk;
    if (malformed_acl(q.acl)) return KeeperCode::kInvalidAcl;
    perm = kPermCreate;
  } else if (op == OpCode::kDelete) {
    DeleteRequest q;
    if (!jute::read(r, q, config_.jute)) return KeeperCode::kOk;
    path = parent(q.path);
    perm = kPermDelete;
  } else if (op == OpCode::kSetData) {
    SetDataRequest q;
    if (!jute::read(r, q, config_.jute)) return KeeperCode::kOk;
    path = q.path;
    perm = kPermWrite;
  } else if (op == OpCode::kSetAcl) {
    SetAclRequest q;
    if (!jute::read(r, q, config_.jute)) return KeeperCode::kOk;
    if (malformed_acl(q.acl)) return KeeperCode::kInvalidAcl;
    path = q.path;
    perm = kPermAdmin;
  }
  // What is malformed or does not exist here yet is the leader's to judge.
  const Node* node = path.empty() ? nullptr : database_->tree.find(path);
  if (!node || auth_.allowed(database_->tree.acl_of(*node), perm, c.auth)) return KeeperCode::kOk;
  return KeeperCode::kNoAuth;
}

}  // namespace kz::zk
