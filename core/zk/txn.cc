#include "core/zk/txn.h"

#include <fmt/format.h>

namespace kz::zk {
namespace {

template <class T>
Result<TxnBody> body(Reader& r, const JuteLimits& limits) {
  T value;
  if (!jute::read(r, value, limits)) return fail(Errc::kMalformed, "transaction body");
  return TxnBody(std::move(value));
}

// A body of before 3.4, without parentCVersion, ends where the int would start.
Result<TxnBody> create_body(Reader& r, const JuteLimits& limits) {
  CreateTxnV0 old;
  if (!jute::read(r, old, limits)) return fail(Errc::kMalformed, "create transaction");
  CreateTxn txn{std::move(old.path), std::move(old.data), std::move(old.acl), old.ephemeral, -1};
  if (r.remaining() > 0) txn.parent_cversion = r.i32();
  if (!r.ok()) return fail(Errc::kMalformed, "create transaction");
  return TxnBody(std::move(txn));
}

// closeSession's list is 3.6+. A digest alone (12 bytes) may follow a missing list: no list can be told from it only by
// its count, because a digest's version 2 would be a count of 2 with paths that do not fit.
Result<TxnBody> close_session_body(Reader& r, const JuteLimits& limits) {
  if (r.remaining() == 0) return TxnBody(std::monostate{});
  return body<CloseSessionTxn>(r, limits);
}

// A CloseSessionTxn has to leave nothing or a digest (12 bytes) behind it.
bool close_session_list_fits(Reader r, const JuteLimits& limits) {
  CloseSessionTxn txn;
  return jute::read(r, txn, limits) && (r.remaining() == 0 || r.remaining() == 12);
}

}  // namespace

Result<TxnBody> decode_txn_body(int32_t type, Reader& r, const JuteLimits& limits) {
  switch (static_cast<OpCode>(type)) {
    case OpCode::kCreate:
    case OpCode::kCreate2:
      return create_body(r, limits);
    case OpCode::kCreateContainer:
      return body<CreateContainerTxn>(r, limits);
    case OpCode::kCreateTtl:
      return body<CreateTtlTxn>(r, limits);
    case OpCode::kDelete:
    case OpCode::kDeleteContainer:
      return body<DeleteTxn>(r, limits);
    case OpCode::kSetData:
    case OpCode::kReconfig:
      return body<SetDataTxn>(r, limits);
    case OpCode::kSetAcl:
      return body<SetAclTxn>(r, limits);
    case OpCode::kCheck:
      return body<CheckVersionTxn>(r, limits);
    case OpCode::kCreateSession:
      return body<CreateSessionTxn>(r, limits);
    case OpCode::kCloseSession:
      return close_session_body(r, limits);
    case OpCode::kError:
      return body<ErrorTxn>(r, limits);
    case OpCode::kMulti:
      return body<MultiTxn>(r, limits);
    default:
      return fail(Errc::kUnsupportedVersion, "transaction type", type);
  }
}

Result<Txn> decode_txn(const Slice& payload, const JuteLimits& limits) {
  Reader r(payload);
  Txn txn;
  if (!jute::read(r, txn.header, limits)) return fail(Errc::kMalformed, "transaction header");
  if (txn.header.type == static_cast<int32_t>(OpCode::kCloseSession) && r.remaining() == 12 &&
      !close_session_list_fits(r, limits)) {
    txn.body = std::monostate{};  // closeSessionTxn.enabled=false with digests on: the digest alone
  } else {
    KZ_TRY(txn.body, decode_txn_body(txn.header.type, r, limits));
  }
  // Surplus bytes that are no digest are ignored, as Java does.
  if (r.remaining() >= 12) jute::read(r, txn.digest.emplace(), limits);
  return txn;
}

namespace {

void put_body(auto& sink, const TxnBody& value) {
  std::visit(
      [&](const auto& b) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(b)>, std::monostate>) sink.put(b);
      },
      value);
}

}  // namespace

Slice encode_txn(const Txn& txn) {
  jute::Sizer sizer;
  sizer.put(txn.header);
  put_body(sizer, txn.body);
  if (txn.digest) sizer.put(*txn.digest);
  Slice out = Slice::allocate(sizer.size());
  Writer w(out.mutable_bytes());
  jute::Encoder e(w);
  e.put(txn.header);
  put_body(e, txn.body);
  if (txn.digest) e.put(*txn.digest);
  return out;
}

Slice encode_txn_body(const TxnBody& value) {
  jute::Sizer sizer;
  put_body(sizer, value);
  Slice out = Slice::allocate(sizer.size());
  Writer w(out.mutable_bytes());
  jute::Encoder e(w);
  put_body(e, value);
  return out;
}

std::string print_txn(const Txn& txn) {
  const char* name = op_name(static_cast<OpCode>(txn.header.type));
  std::string text =
      fmt::format("session=0x{:x} cxid=0x{:x} zxid=0x{:x} time={} type={}", static_cast<uint64_t>(txn.header.client_id),
                  static_cast<uint32_t>(txn.header.cxid), static_cast<uint64_t>(txn.header.zxid), txn.header.time_ms,
                  name ? name : std::to_string(txn.header.type));
  std::visit(
      [&](const auto& b) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(b)>, std::monostate>) text += " " + jute::print(b);
      },
      txn.body);
  if (txn.digest) {
    text += fmt::format(" digest={},0x{:x}", txn.digest->version, static_cast<uint64_t>(txn.digest->tree_digest));
  }
  return text;
}

}  // namespace kz::zk
