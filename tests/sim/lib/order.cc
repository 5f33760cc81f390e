#include "tests/sim/lib/order.h"

#include <fmt/format.h>

#include <algorithm>

namespace kz::sim {

void Order::fail(std::string what) {
  if (!broken_) broken_ = std::move(what);
}

const Slice* Order::payload(Zxid zxid) const {
  const auto it = payloads_.find(zxid);
  return it == payloads_.end() ? nullptr : &it->second;
}

void Order::proposed(ServerId leader, Zxid zxid, const Slice& payload) {
  const auto [it, fresh] = payloads_.emplace(zxid, payload);
  if (!fresh && it->second.text() != payload.text())
    fail(fmt::format("server {} proposes 0x{:x}, which means something else already", leader, zxid));
}

void Order::append(Zxid zxid) {
  const Slice* bytes = payload(zxid);
  if (bytes == nullptr) return fail(fmt::format("0x{:x} was never proposed", zxid));
  zxids_.push_back(zxid);
  const auto txn = zk::decode_txn(*bytes, {});
  if (!txn) return fail(fmt::format("0x{:x} cannot be decoded", zxid));
  model_.apply(*txn);
  digests_[zxid] = model_.tree.digest();
  if (model_.digest_mismatches > 0)
    return fail(fmt::format("0x{:x} carries a digest that its leader's tree cannot have had", zxid));
  const SessionId session = txn->header.client_id;
  switch (static_cast<zk::OpCode>(txn->header.type)) {
    case zk::OpCode::kCloseSession:
      if (!closed_.insert(session).second) fail(fmt::format("session 0x{:x} is closed again by 0x{:x}", session, zxid));
      if (!model_.tree.ephemerals_of(session).empty())
        fail(fmt::format("0x{:x} closes session 0x{:x} and leaves its nodes", zxid, session));
      break;
    case zk::OpCode::kError:
    case zk::OpCode::kCreateSession:
      break;
    default:
      if (closed_.contains(session)) fail(fmt::format("0x{:x} is a write of the closed session 0x{:x}", zxid, session));
  }
}

void Order::delivered(ServerId server, Zxid zxid) {
  if (zxid > last()) return append(zxid);
  if (!std::ranges::binary_search(zxids_, zxid))
    fail(fmt::format("server {} delivers 0x{:x}, which is not in the committed order", server, zxid));
}

void Order::leads(ServerId server, int64_t epoch, const std::vector<Zxid>& history) {
  const auto [it, fresh] = leaders_.emplace(epoch, server);
  if (!fresh) return fail(fmt::format("servers {} and {} both lead epoch {}", it->second, server, epoch));
  if (!std::ranges::includes(history, zxids_)) {
    const auto missing = std::ranges::find_if(zxids_, [&](Zxid z) { return !std::ranges::binary_search(history, z); });
    return fail(fmt::format("server {} leads epoch {} without 0x{:x}, which was committed", server, epoch, *missing));
  }
  // What the new leader has on top becomes part of the order with it.
  for (const Zxid z : history) {
    if (z > last()) append(z);
  }
}

void Order::serves(ServerId server, const std::vector<Zxid>& history) {
  for (const Zxid z : history) {
    if (!std::ranges::binary_search(zxids_, z))
      return fail(fmt::format("server {} serves 0x{:x}, which is not in the committed order", server, z));
  }
}

void Order::stands(ServerId server, Zxid zxid, uint64_t digest) {
  const auto it = digests_.find(zxid);
  if (it != digests_.end() && it->second != digest)
    fail(fmt::format("server {} has another tree at 0x{:x}: digest {:x}, not {:x}", server, zxid, digest, it->second));
}

void Order::acknowledged(SessionId session, int32_t cxid, Zxid zxid) {
  if (!std::ranges::binary_search(zxids_, zxid))
    return fail(fmt::format("a client was told of 0x{:x}, which is not in the committed order", zxid));
  const auto txn = zk::decode_txn(*payload(zxid), {});
  if (!txn || txn->header.client_id != session || txn->header.cxid != cxid)
    fail(fmt::format("the request {} of session 0x{:x} was answered with 0x{:x}, another's", cxid, session, zxid));
}

}  // namespace kz::sim
