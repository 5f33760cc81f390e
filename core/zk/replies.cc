// Pipeline: what is answered to reads and to applied writes.
#include <algorithm>

#include "core/zk/connection.h"
#include "core/zk/path.h"
#include "core/zk/pipeline.h"

namespace kz::zk {

const char* stat_name(OpCode op) {
  switch (op) {
    case OpCode::kPing:
      return "PING";
    case OpCode::kCreateSession:
      return "SESS";
    case OpCode::kMulti:
      return "MULT";
    case OpCode::kMultiRead:
      return "MLTR";
    case OpCode::kCreate:
    case OpCode::kCreate2:
    case OpCode::kCreateTtl:
    case OpCode::kCreateContainer:
      return "CREA";
    case OpCode::kDelete:
    case OpCode::kDeleteContainer:
      return "DELE";
    case OpCode::kSetData:
      return "SETD";
    case OpCode::kReconfig:
      return "RECO";
    case OpCode::kSetAcl:
      return "SETA";
    case OpCode::kCloseSession:
      return "CLOS";
    case OpCode::kSync:
      return "SYNC";
    case OpCode::kCheck:
      return "CHEC";
    case OpCode::kExists:
      return "EXIS";
    case OpCode::kGetData:
      return "GETD";
    case OpCode::kSetWatches:
      return "SETW";
    case OpCode::kSetWatches2:
      return "STW2";
    case OpCode::kAddWatch:
      return "ADDW";
    case OpCode::kGetAcl:
      return "GETA";
    case OpCode::kGetChildren:
    case OpCode::kGetChildren2:
      return "GETC";
    case OpCode::kGetAllChildrenNumber:
      return "GETACN";
    case OpCode::kCheckWatches:
      return "CHKW";
    case OpCode::kRemoveWatches:
      return "REMW";
    case OpCode::kWhoAmI:
      return "HOMI";
    case OpCode::kGetEphemerals:
      return "GETE";
    default:
      return "NA";
  }
}

void Pipeline::send(Connection& c, Slice bytes, Effects& out) {
  ++stats_.packets_sent;
  ++c.stats.sent;
  out.emplace_back(Send{c.id, std::move(bytes)});
}

void Pipeline::reply_header(Connection& c, const ReplyHeader& header, Effects& out) {
  send(c, jute::encode_frame(header), out);
}

void Pipeline::reply(Connection& c, const RequestHeader& header, KeeperCode err, TimePoint received, Now now,
                     Effects& out, Percentile latency) {
  const Zxid zxid = database_->last_zxid();
  const size_t size = 16 + scratch_.size();
  Slice bytes = Slice::allocate(4 + size);
  Writer w(bytes.mutable_bytes());
  w.i32(static_cast<int32_t>(size));
  w.i32(header.xid);
  w.i64(zxid);
  w.i32(static_cast<int32_t>(err));
  w.raw(scratch_.bytes());
  const int64_t latency_ms = (now.mono.ns - received.ns) / 1'000'000;
  stats_.latency.add(latency_ms);
  stats_.responses.add(static_cast<int64_t>(size));
  metrics_.add(latency, latency_ms);
  if (header.xid != kXidPing) metrics_.add(Counter::kResponseBytes, static_cast<int64_t>(size));
  c.stats.latency.add(latency_ms);
  c.stats.last_latency_ms = latency_ms;
  c.stats.last_response_ms = now.mono.ns / 1'000'000;
  c.stats.last_op = stat_name(static_cast<OpCode>(header.type));
  c.stats.last_zxid = zxid;
  if (header.xid >= 0) c.stats.last_cxid = header.xid;
  send(c, std::move(bytes), out);
}

void Pipeline::reply_to_write(Connection& c, const Entry& entry, const Txn& txn, const TxnResult& result, Now now,
                              Effects& out) {
  scratch_.clear();
  jute::Encoder e(scratch_);
  KeeperCode err = result.err;
  if (txn.header.type != static_cast<int32_t>(OpCode::kError)) {
    switch (static_cast<OpCode>(entry.header.type)) {
      case OpCode::kCreate:
        e.put(result.path);
        break;
      case OpCode::kCreate2:
      case OpCode::kCreateTtl:
      case OpCode::kCreateContainer:
        e.put(result.path);
        e.put(result.stat);
        break;
      case OpCode::kSetData:
      case OpCode::kSetAcl:
        e.put(result.stat);
        break;
      case OpCode::kReconfig: {
        const auto* set = std::get_if<SetDataTxn>(&txn.body);
        e.put(set ? set->data : NullableBytes());
        e.put(result.stat);
        break;
      }
      case OpCode::kMulti: {
        // Errors of a multi are in its body alone.
        err = KeeperCode::kOk;
        std::vector<MultiResult> results;
        results.reserve(result.multi.size());
        for (const TxnResult& one : result.multi) {
          OpCode type = one.type;
          if (type == OpCode::kCreateTtl || type == OpCode::kCreateContainer) type = OpCode::kCreate2;
          results.push_back({type, one.err, one.path, one.stat, {}, {}});
        }
        write_multi_response(scratch_, results);
        break;
      }
      default:
        break;
    }
  }
  reply(c, entry.header, err, entry.received, now, out, Percentile::kUpdateLatency);
}

void Pipeline::reply_to_read(Connection& c, const Entry& entry, Now now, Effects& out) {
  if (entry.refused == KeeperCode::kNoAuth || entry.refused == KeeperCode::kInvalidAcl) {
    // The eager check's, with the zxid that Java gives it.
    return reply_header(c, {entry.header.xid, 0, static_cast<int32_t>(entry.refused)}, out);
  }
  if (entry.refused != KeeperCode::kOk) {
    scratch_.clear();
    return reply(c, entry.header, entry.refused, entry.received, now, out);
  }
  if (static_cast<OpCode>(entry.header.type) == OpCode::kCloseSession) {
    return close_local(c, entry.header, entry.received, now, out);
  }
  Reader r(entry.frame);
  r.skip(8);
  scratch_.clear();
  const KeeperCode session = sessions_.check(c.session, SessionTracker::kHere);
  const auto op = static_cast<OpCode>(entry.header.type);
  const KeeperCode err = session == KeeperCode::kOk ? read(c, op, r, out) : session;
  // A multiRead that fails in the middle shows what came before.
  if (err != KeeperCode::kOk && op != OpCode::kMultiRead) scratch_.clear();
  reply(c, entry.header, err, entry.received, now, out);
}

KeeperCode Pipeline::read(Connection& c, OpCode op, Reader& r, Effects& out) {
  jute::Encoder e(scratch_);
  const JuteLimits& limits = config_.jute;
  DataTree& tree = database_->tree;
  switch (op) {
    case OpCode::kExists:
    case OpCode::kGetData:
    case OpCode::kGetChildren:
    case OpCode::kGetChildren2: {
      PathRequest q;
      if (!jute::read(r, q, limits)) break;
      return read_node(c, op, q, scratch_);
    }
    case OpCode::kGetAcl: {
      PathOnly q;
      if (!jute::read(r, q, limits)) break;
      return read_acl(c, q.path);
    }
    case OpCode::kSync: {
      PathOnly q;
      if (!jute::read(r, q, limits)) break;
      e.put(q.path);
      return KeeperCode::kOk;
    }
    case OpCode::kGetAllChildrenNumber: {
      PathOnly q;
      if (!jute::read(r, q, limits)) break;
      const Node* node = tree.find(q.path);
      if (!node) return KeeperCode::kNoNode;
      if (!auth_.allowed(tree.acl_of(*node), kPermRead, c.auth)) return KeeperCode::kNoAuth;
      e.put(static_cast<int32_t>(tree.descendants(*node)));
      return KeeperCode::kOk;
    }
    case OpCode::kGetEphemerals: {
      std::optional<std::string> prefix;
      jute::Decoder(r, limits).get(prefix);
      if (!r.ok()) break;
      std::vector<std::string> paths = tree.ephemerals_of(c.session);
      const bool all = !prefix || prefix->find_first_not_of(" \t\r\n") == std::string::npos || *prefix == "/";
      if (!all) std::erase_if(paths, [&](const std::string& path) { return !path.starts_with(*prefix); });
      e.put(paths);
      return KeeperCode::kOk;
    }
    case OpCode::kMultiRead:
      return read_many(c, r);
    case OpCode::kSetWatches: {
      SetWatches q;
      if (!jute::read(r, q, limits)) break;
      set_watches(c, {q.relative_zxid, std::move(q.data), std::move(q.exist), std::move(q.child), {}, {}}, out);
      return KeeperCode::kOk;
    }
    case OpCode::kSetWatches2: {
      SetWatches2 q;
      if (!jute::read(r, q, limits)) break;
      set_watches(c, q, out);
      return KeeperCode::kOk;
    }
    case OpCode::kAddWatch: {
      AddWatchRequest q;
      if (!jute::read(r, q, limits) || q.mode < 0 || q.mode > 1) break;
      watches_.add_persistent(q.path, c.id, q.mode == static_cast<int32_t>(AddWatchMode::kPersistentRecursive));
      e.put(int32_t{0});
      return KeeperCode::kOk;
    }
    case OpCode::kCheckWatches:
    case OpCode::kRemoveWatches: {
      PathType q;
      if (!jute::read(r, q, limits) || q.type < 1 || q.type > 3) break;
      const auto type = static_cast<WatcherType>(q.type);
      const bool found =
          op == OpCode::kCheckWatches ? watches_.contains(q.path, type, c.id) : watches_.remove(q.path, type, c.id);
      return found ? KeeperCode::kOk : KeeperCode::kNoWatcher;
    }
    case OpCode::kWhoAmI: {
      WhoAmIResponse response;
      Ids ids = c.auth;
      std::sort(ids.begin(), ids.end());  // Java's is a hash set; a fixed order is kinder
      for (const Id& id : ids) response.client_info.push_back(Authenticator::client_info(id));
      e.put(response);
      return KeeperCode::kOk;
    }
    default:
      break;
  }
  return KeeperCode::kMarshallingError;
}

KeeperCode Pipeline::read_node(Connection& c, OpCode op, const PathRequest& q, Buffer& body) {
  DataTree& tree = database_->tree;
  jute::Encoder e(body);
  if (op == OpCode::kExists) {
    if (q.path.find('\0') != std::string::npos) return KeeperCode::kBadArguments;
    if (q.watch) watches_.data.add(q.path, c.id, WatchMode::kStandard);
    const Node* found = tree.find(q.path);
    if (!found) return KeeperCode::kNoNode;
    e.put(tree.stat_of(*found));
    count_read(q.path, 0);
    return KeeperCode::kOk;
  }
  const Node* node = tree.find(q.path);
  if (!node) return KeeperCode::kNoNode;
  if (!auth_.allowed(tree.acl_of(*node), kPermRead, c.auth)) return KeeperCode::kNoAuth;
  if (q.watch) (op == OpCode::kGetData ? watches_.data : watches_.child).add(q.path, c.id, WatchMode::kStandard);
  if (op == OpCode::kGetData) {
    body.i32(node->data_size);
    body.raw(node->data());
    e.put(tree.stat_of(*node));
    count_read(q.path, node->data().size());
    return KeeperCode::kOk;
  }
  body.i32(static_cast<int32_t>(node->children.size()));
  const size_t before = body.size();
  node->children.for_each([&](const Node* child) { e.put(child->name()); });
  count_read(q.path, body.size() - before - 4 * node->children.size());
  if (op == OpCode::kGetChildren2) e.put(tree.stat_of(*node));
  return KeeperCode::kOk;
}

KeeperCode Pipeline::read_acl(const Connection& c, const std::string& path) {
  DataTree& tree = database_->tree;
  const Node* node = tree.find(path);
  if (!node) return KeeperCode::kNoNode;
  AclList acl = tree.acl_of(*node);
  if (!auth_.allowed(acl, kPermRead | kPermAdmin, c.auth)) return KeeperCode::kNoAuth;
  if (!auth_.allowed(acl, kPermAdmin, c.auth)) {
    for (Acl& entry : acl) {
      const size_t colon = entry.id.scheme == "digest" ? entry.id.id.find(':') : std::string::npos;
      if (colon != std::string::npos) entry.id.id = entry.id.id.substr(0, colon) + ":x";
    }
  }
  jute::Encoder e(scratch_);
  e.put(acl);
  e.put(tree.stat_of(*node));
  return KeeperCode::kOk;
}

KeeperCode Pipeline::read_many(Connection& c, Reader& r) {
  const auto ops = decode_multi(r, config_.jute);
  if (!ops) return KeeperCode::kMarshallingError;
  for (const MultiOp& op : *ops) {
    const auto* q = std::get_if<PathRequest>(&op.request);
    if (!q) {
      jute::write(scratch_, MultiHeader{-1, true, -1});
      return KeeperCode::kMarshallingError;
    }
    Buffer body;
    // The watch flag means nothing here, as in Java.
    const KeeperCode err = read_node(c, op.type, {q->path, false}, body);
    const bool ok = err == KeeperCode::kOk;
    const OpCode type = ok ? op.type : OpCode::kError;
    jute::write(scratch_, MultiHeader{static_cast<int32_t>(type), false, static_cast<int32_t>(err)});
    if (ok) {
      scratch_.raw(body.bytes());
    } else {
      scratch_.i32(static_cast<int32_t>(err));
    }
  }
  jute::write(scratch_, MultiHeader{-1, true, -1});
  return KeeperCode::kOk;
}

void Pipeline::set_watches(Connection& c, const SetWatches2& q, Effects& out) {
  DataTree& tree = database_->tree;
  events_out_ = &out;
  const auto fire = [&](EventType type, const std::string& path) { notify({c.id, type, path}); };
  for (const std::string& path : q.data) {
    const Node* node = tree.find(path);
    if (!node) {
      fire(EventType::kNodeDeleted, path);
    } else if (node->mzxid > q.relative_zxid) {
      fire(EventType::kNodeDataChanged, path);
    } else {
      watches_.data.add(path, c.id, WatchMode::kStandard);
    }
  }
  for (const std::string& path : q.exist) {
    if (tree.find(path)) {
      fire(EventType::kNodeCreated, path);
    } else {
      watches_.data.add(path, c.id, WatchMode::kStandard);
    }
  }
  for (const std::string& path : q.child) {
    const Node* node = tree.find(path);
    if (!node) {
      fire(EventType::kNodeDeleted, path);
    } else if (node->pzxid > q.relative_zxid) {
      fire(EventType::kNodeChildrenChanged, path);
    } else {
      watches_.child.add(path, c.id, WatchMode::kStandard);
    }
  }
  for (const std::string& path : q.persistent) watches_.add_persistent(path, c.id, false);
  for (const std::string& path : q.persistent_recursive) watches_.add_persistent(path, c.id, true);
  events_out_ = nullptr;
}

}  // namespace kz::zk
