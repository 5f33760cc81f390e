#include "core/zk/proto.h"

namespace kz::zk {

const char* op_name(OpCode op) {
  switch (op) {
    case OpCode::kNotification:
      return "notification";
    case OpCode::kCreate:
      return "create";
    case OpCode::kDelete:
      return "delete";
    case OpCode::kExists:
      return "exists";
    case OpCode::kGetData:
      return "getData";
    case OpCode::kSetData:
      return "setData";
    case OpCode::kGetAcl:
      return "getACL";
    case OpCode::kSetAcl:
      return "setACL";
    case OpCode::kGetChildren:
      return "getChildren";
    case OpCode::kSync:
      return "sync";
    case OpCode::kPing:
      return "ping";
    case OpCode::kGetChildren2:
      return "getChildren2";
    case OpCode::kCheck:
      return "check";
    case OpCode::kMulti:
      return "multi";
    case OpCode::kCreate2:
      return "create2";
    case OpCode::kReconfig:
      return "reconfig";
    case OpCode::kCheckWatches:
      return "checkWatches";
    case OpCode::kRemoveWatches:
      return "removeWatches";
    case OpCode::kCreateContainer:
      return "createContainer";
    case OpCode::kDeleteContainer:
      return "deleteContainer";
    case OpCode::kCreateTtl:
      return "createTtl";
    case OpCode::kMultiRead:
      return "multiRead";
    case OpCode::kAuth:
      return "auth";
    case OpCode::kSetWatches:
      return "setWatches";
    case OpCode::kSasl:
      return "sasl";
    case OpCode::kGetEphemerals:
      return "getEphemerals";
    case OpCode::kGetAllChildrenNumber:
      return "getAllChildrenNumber";
    case OpCode::kSetWatches2:
      return "setWatches2";
    case OpCode::kAddWatch:
      return "addWatch";
    case OpCode::kWhoAmI:
      return "whoAmI";
    case OpCode::kCreateSession:
      return "createSession";
    case OpCode::kCloseSession:
      return "closeSession";
    case OpCode::kError:
      return "error";
  }
  return nullptr;
}

namespace {

template <class T>
Result<T> decode_with_tail(const Slice& frame) {
  Reader r(frame);
  KZ_TRY(T value, jute::decode<T>(r));
  if (r.remaining() > 0) value.read_only = r.boolean();
  return value;
}

template <class T>
Slice encode_with_tail(const T& value) {
  return value.read_only ? jute::encode_frame(value, *value.read_only) : jute::encode_frame(value);
}

constexpr MultiHeader kMultiEnd{-1, true, -1};

template <class T>
bool read_op(Reader& r, MultiOp& op, const JuteLimits& limits) {
  return jute::read(r, op.request.emplace<T>(), limits);
}

bool read_request(Reader& r, MultiOp& op, const JuteLimits& limits) {
  switch (op.type) {
    case OpCode::kCreate:
    case OpCode::kCreate2:
    case OpCode::kCreateContainer:
      return read_op<CreateRequest>(r, op, limits);
    case OpCode::kCreateTtl:
      return read_op<CreateTtlRequest>(r, op, limits);
    case OpCode::kDelete:
    case OpCode::kCheck:
      return read_op<PathVersion>(r, op, limits);
    case OpCode::kSetData:
      return read_op<SetDataRequest>(r, op, limits);
    case OpCode::kGetData:
    case OpCode::kGetChildren:
      return read_op<PathRequest>(r, op, limits);
    default:
      return false;
  }
}

bool is_read(OpCode op) { return op == OpCode::kGetData || op == OpCode::kGetChildren; }

}  // namespace

Result<ConnectRequest> decode_connect_request(const Slice& frame) { return decode_with_tail<ConnectRequest>(frame); }
Result<ConnectResponse> decode_connect_response(const Slice& frame) { return decode_with_tail<ConnectResponse>(frame); }
Slice encode_connect_request(const ConnectRequest& request) { return encode_with_tail(request); }
Slice encode_connect_response(const ConnectResponse& response) { return encode_with_tail(response); }

Result<std::vector<MultiOp>> decode_multi(Reader& r, const JuteLimits& limits) {
  std::vector<MultiOp> ops;
  for (;;) {
    MultiHeader header;
    if (!jute::read(r, header, limits)) return fail(Errc::kMalformed, "multi header");
    if (header.done) return ops;
    MultiOp& op = ops.emplace_back();
    op.type = static_cast<OpCode>(header.type);
    if (!read_request(r, op, limits)) return fail(Errc::kMalformed, "multi op", header.type);
    if (is_read(op.type) != is_read(ops.front().type)) return fail(Errc::kMalformed, "reads and writes in one multi");
  }
}

Slice encode_multi(const std::vector<MultiOp>& ops) {
  Buffer out;
  for (const MultiOp& op : ops) {
    jute::write(out, MultiHeader{static_cast<int32_t>(op.type), false, -1});
    std::visit([&](const auto& request) { jute::write(out, request); }, op.request);
  }
  jute::write(out, kMultiEnd);
  return out.to_slice();
}

Result<std::vector<MultiResult>> decode_multi_response(Reader& r, const JuteLimits& limits) {
  std::vector<MultiResult> results;
  for (;;) {
    MultiHeader header;
    if (!jute::read(r, header, limits)) return fail(Errc::kMalformed, "multi result header");
    if (header.done) return results;
    MultiResult& result = results.emplace_back();
    result.type = static_cast<OpCode>(header.type);
    jute::Decoder d(r, limits);
    switch (result.type) {
      case OpCode::kCreate:
        d.get(result.path);
        break;
      case OpCode::kCreate2:
        d.get(result.path);
        d.get(result.stat);
        break;
      case OpCode::kDelete:
      case OpCode::kCheck:
        break;
      case OpCode::kSetData:
        d.get(result.stat);
        break;
      case OpCode::kGetData:
        d.get(result.data);
        d.get(result.stat);
        break;
      case OpCode::kGetChildren:
        d.get(result.children);
        break;
      case OpCode::kError:
        result.err = static_cast<KeeperCode>(r.i32());
        break;
      default:
        return fail(Errc::kMalformed, "multi result type", header.type);
    }
    if (!r.ok()) return fail(Errc::kMalformed, "multi result", header.type);
  }
}

void write_multi_response(Buffer& w, const std::vector<MultiResult>& results) {
  jute::Encoder e(w);
  for (const MultiResult& result : results) {
    const bool error = result.type == OpCode::kError;
    e.put(MultiHeader{static_cast<int32_t>(result.type), false, error ? static_cast<int32_t>(result.err) : 0});
    switch (result.type) {
      case OpCode::kCreate:
        e.put(result.path);
        break;
      case OpCode::kCreate2:
        e.put(result.path);
        e.put(result.stat);
        break;
      case OpCode::kSetData:
        e.put(result.stat);
        break;
      case OpCode::kGetData:
        e.put(result.data);
        e.put(result.stat);
        break;
      case OpCode::kGetChildren:
        e.put(result.children);
        break;
      case OpCode::kError:
        e.put(static_cast<int32_t>(result.err));
        break;
      default:
        break;
    }
  }
  e.put(kMultiEnd);
}

}  // namespace kz::zk
