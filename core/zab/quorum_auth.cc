#include "core/zab/quorum_auth.h"

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace kz::zab {
namespace {

constexpr size_t kTokenBytesMax = 64 * 1024;

Slice packet(int32_t status, std::string_view token) {
  Buffer b;
  b.i64(static_cast<int64_t>(kQuorumAuthMagic));
  b.i32(status);
  b.i32(static_cast<int32_t>(token.size()));
  b.raw(as_bytes(token));
  return b.to_slice();
}

}  // namespace

QuorumAuth QuorumAuth::server(const zk::SaslUsers& users, bool required, std::string nonce) {
  QuorumAuth auth;
  auth.server_.emplace(zk::kQuorumSaslService, users, std::move(nonce));
  auth.required_ = required;
  return auth;
}

QuorumAuth QuorumAuth::learner(std::string user, std::string password, std::string nonce) {
  QuorumAuth auth;
  auth.client_.emplace(zk::kQuorumSaslService, std::move(user), std::move(password), std::move(nonce));
  return auth;
}

Slice QuorumAuth::begin() const { return client_ ? packet(0, {}) : Slice(); }

QuorumAuth::Step QuorumAuth::on_bytes(std::string& in) {
  constexpr size_t kMagicBytes = 8, kHeadBytes = 16;
  if (in.size() < kMagicBytes) return {};
  const bool magic = static_cast<uint64_t>(Reader(as_bytes(in)).i64()) == kQuorumAuthMagic;
  if (!magic) {
    if (server_ && !begun_ && !required_) return {State::kDone, {}, {}};
    return {State::kFailed, {}, server_ && !begun_ ? "it does not try to authenticate" : "no authentication packet"};
  }
  begun_ = true;
  if (in.size() < kHeadBytes) return {};
  Reader r(as_bytes(in));
  r.skip(kMagicBytes);
  const int32_t status = r.i32();
  const int32_t length = r.i32();
  if (length < -1 || length > static_cast<int32_t>(kTokenBytesMax)) return {State::kFailed, {}, "malformed token"};
  const size_t size = length < 0 ? 0 : static_cast<size_t>(length);
  if (r.remaining() < size) return {};
  std::optional<std::string> token;
  if (length >= 0) token = r.text(size);
  in.erase(0, kHeadBytes + size);
  return on_token(status, token);
}

QuorumAuth::Step QuorumAuth::on_token(int32_t status, const std::optional<std::string>& token) {
  using Kind = zk::SaslStep::Kind;
  if (server_) {
    const zk::SaslStep step = server_->step(token.value_or(""));
    if (step.kind == Kind::kFailed) return {State::kFailed, packet(-1, {}), step.why};
    const bool done = step.kind == Kind::kDone;
    return {done ? State::kDone : State::kGoingOn, packet(done ? 1 : 0, step.token), {}};
  }
  if (status == -1) return {State::kFailed, {}, "it refused the password of quorum.auth.learner.saslLoginContext"};
  const zk::SaslStep step = client_->step(token.value_or(""));
  if (step.kind == Kind::kFailed) return {State::kFailed, {}, step.why};
  if (step.kind == Kind::kContinue) return {State::kGoingOn, packet(0, step.token), {}};
  if (status != 1) return {State::kFailed, {}, "an exchange that is done but has no success"};
  return {State::kDone, {}, {}};
}

}  // namespace kz::zab
