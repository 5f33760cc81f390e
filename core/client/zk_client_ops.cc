// The operations of ZkClient: each encodes its record and decodes its answer.
#include <memory>
#include <utility>

#include "core/bytes/reader.h"
#include "core/client/zk_client.h"
#include "core/zk/jute.h"

namespace kz::client {
namespace {

using zk::KeeperCode;
using zk::OpCode;

// Decodes a reply body into T; what does not decode becomes kMarshallingError.
template <class T>
KeeperCode take(KeeperCode err, const Slice& body, T& out) {
  if (err != KeeperCode::kOk) return err;
  Reader r(body);
  return zk::jute::read(r, out) ? KeeperCode::kOk : KeeperCode::kMarshallingError;
}

template <class Body>
ZkSession::Request make(OpCode type, const Body& body, ZkSession::ReplyFn done) {
  ZkSession::Request r;
  r.type = type;
  r.body = zk::jute::encode(body);
  r.done = std::move(done);
  return r;
}

// Answers that are one Stat.
ZkSession::ReplyFn stat_reply(ZkClient::StatDone done) {
  return [done = std::move(done)](KeeperCode err, const Slice& body) mutable {
    zk::StatResponse response;
    err = take(err, body, response);
    done(err, response.stat);
  };
}

zk::NullableBytes bytes_of(const std::string& data) { return Slice::copy_of(data); }

}  // namespace

void ZkClient::create(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags, CreateDone done) {
  zk::CreateRequest body{full(path), bytes_of(data), std::move(acl), flags};
  submit(make(OpCode::kCreate, body, [this, done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
    zk::CreateResponse response;
    err = take(err, reply, response);
    done(err, strip(std::move(response.path)), {});
  }));
}

void ZkClient::create_null(std::string path, std::vector<zk::Acl> acl, int32_t flags, CreateDone done) {
  zk::CreateRequest body{full(path), std::nullopt, std::move(acl), flags};
  submit(make(OpCode::kCreate, body, [this, done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
    zk::CreateResponse response;
    err = take(err, reply, response);
    done(err, strip(std::move(response.path)), {});
  }));
}

void ZkClient::create2(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags, CreateDone done) {
  zk::CreateRequest body{full(path), bytes_of(data), std::move(acl), flags};
  const bool container = flags == static_cast<int32_t>(zk::CreateMode::kContainer);
  submit(make(container ? OpCode::kCreateContainer : OpCode::kCreate2, body,
              [this, done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
                zk::Create2Response response;
                err = take(err, reply, response);
                done(err, strip(std::move(response.path)), response.stat);
              }));
}

void ZkClient::create_ttl(std::string path, std::string data, std::vector<zk::Acl> acl, int32_t flags, int64_t ttl_ms,
                          CreateDone done) {
  zk::CreateTtlRequest body{full(path), bytes_of(data), std::move(acl), flags, ttl_ms};
  submit(make(OpCode::kCreateTtl, body, [this, done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
    zk::Create2Response response;
    err = take(err, reply, response);
    done(err, strip(std::move(response.path)), response.stat);
  }));
}

void ZkClient::remove(std::string path, int32_t version, Done done) {
  submit(make(OpCode::kDelete, zk::DeleteRequest{full(path), version},
              [done = std::move(done)](KeeperCode err, const Slice&) mutable { done(err); }));
}

void ZkClient::exists(std::string path, Watcher watcher, StatDone done) {
  zk::ExistsRequest body{full(path), static_cast<bool>(watcher)};
  auto request = make(OpCode::kExists, body, stat_reply(std::move(done)));
  request.watch = ZkSession::WatchKind::kExists;
  request.path = body.path;
  request.watcher = wrap(std::move(watcher));
  submit(std::move(request));
}

void ZkClient::get(std::string path, Watcher watcher, DataDone done) {
  zk::GetDataRequest body{full(path), static_cast<bool>(watcher)};
  auto request = make(OpCode::kGetData, body, [done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
    zk::GetDataResponse response;
    err = take(err, reply, response);
    std::optional<std::string> data;
    if (err == KeeperCode::kOk && response.data) data = std::string(response.data->text());
    done(err, std::move(data), response.stat);
  });
  request.watch = ZkSession::WatchKind::kData;
  request.path = body.path;
  request.watcher = wrap(std::move(watcher));
  submit(std::move(request));
}

void ZkClient::set(std::string path, std::string data, int32_t version, StatDone done) {
  submit(make(OpCode::kSetData, zk::SetDataRequest{full(path), bytes_of(data), version}, stat_reply(std::move(done))));
}

void ZkClient::set_null(std::string path, int32_t version, StatDone done) {
  submit(make(OpCode::kSetData, zk::SetDataRequest{full(path), std::nullopt, version}, stat_reply(std::move(done))));
}

void ZkClient::children(std::string path, Watcher watcher, ChildrenDone done) {
  zk::GetChildren2Request body{full(path), static_cast<bool>(watcher)};
  auto request =
      make(OpCode::kGetChildren2, body, [done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
        zk::GetChildren2Response response;
        err = take(err, reply, response);
        done(err, std::move(response.children), response.stat);
      });
  request.watch = ZkSession::WatchKind::kChild;
  request.path = body.path;
  request.watcher = wrap(std::move(watcher));
  submit(std::move(request));
}

void ZkClient::get_acl(std::string path, AclDone done) {
  submit(make(OpCode::kGetAcl, zk::GetAclRequest{full(path)},
              [done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
                zk::GetAclResponse response;
                err = take(err, reply, response);
                done(err, std::move(response.acl), response.stat);
              }));
}

void ZkClient::set_acl(std::string path, std::vector<zk::Acl> acl, int32_t version, StatDone done) {
  submit(make(OpCode::kSetAcl, zk::SetAclRequest{full(path), std::move(acl), version}, stat_reply(std::move(done))));
}

void ZkClient::sync(std::string path, Done done) {
  submit(make(OpCode::kSync, zk::SyncRequest{full(path)},
              [done = std::move(done)](KeeperCode err, const Slice&) mutable { done(err); }));
}

void ZkClient::multi(std::vector<Op> ops, MultiDone done) {
  std::vector<zk::MultiOp> items;
  items.reserve(ops.size());
  for (Op& op : ops) {
    std::string path = full(op.path);
    switch (op.kind) {
      case Op::Kind::kCreate:
        items.push_back(
            {OpCode::kCreate, zk::CreateRequest{std::move(path), bytes_of(op.data), std::move(op.acl), op.flags}});
        break;
      case Op::Kind::kDelete:
        items.push_back({OpCode::kDelete, zk::PathVersion{std::move(path), op.version}});
        break;
      case Op::Kind::kSet:
        items.push_back({OpCode::kSetData, zk::SetDataRequest{std::move(path), bytes_of(op.data), op.version}});
        break;
      case Op::Kind::kCheck:
        items.push_back({OpCode::kCheck, zk::PathVersion{std::move(path), op.version}});
        break;
    }
  }
  ZkSession::Request request;
  request.type = OpCode::kMulti;
  request.body = zk::encode_multi(items);
  request.done = [this, done = std::move(done)](KeeperCode err, const Slice& reply) mutable {
    std::vector<OpResult> results;
    if (err == KeeperCode::kOk) {
      Reader r(reply);
      auto decoded = zk::decode_multi_response(r);
      if (!decoded) return done(KeeperCode::kMarshallingError, {});
      for (zk::MultiResult& item : *decoded) {
        // The header of a failed multi says Ok: the first real error among the items is the answer (as Java's client).
        if (err == KeeperCode::kOk && item.err != KeeperCode::kOk) err = item.err;
        results.push_back({item.err, strip(std::move(item.path)), item.stat});
      }
    }
    done(err, std::move(results));
  };
  submit(std::move(request));
}

void ZkClient::raw(zk::OpCode type, Slice body, std::move_only_function<void(KeeperCode, Slice body)> done,
                   WatchOn watch) {
  ZkSession::Request request;
  request.type = type;
  request.body = std::move(body);
  request.done = std::move(done);
  request.watch = watch.kind;
  if (watch.kind != ZkSession::WatchKind::kNone) {
    request.path = std::move(watch.path);
    request.watcher = default_watcher_;
  }
  submit(std::move(request));
}

void ZkClient::add_watch(std::string path, zk::AddWatchMode mode, Done done) {
  const bool recursive = mode == zk::AddWatchMode::kPersistentRecursive;
  raw(OpCode::kAddWatch, zk::jute::encode(zk::AddWatchRequest{full(path), static_cast<int32_t>(mode)}),
      [done = std::move(done)](KeeperCode err, const Slice&) mutable { done(err); },
      {recursive ? ZkSession::WatchKind::kRecursive : ZkSession::WatchKind::kPersistent, full(path)});
}

void ZkClient::remove_watches(std::string path, zk::WatcherType type, bool local, Done done) {
  auto request = make(OpCode::kRemoveWatches, zk::RemoveWatchesRequest{full(path), static_cast<int32_t>(type)},
                      [done = std::move(done)](KeeperCode err, const Slice&) mutable { done(err); });
  request.watch = ZkSession::WatchKind::kRemove;
  request.path = full(path);
  request.remove_type = type;
  request.remove_local = local;
  submit(std::move(request));
}

void ZkClient::add_auth(std::string scheme, std::string auth, Done done) {
  ZkSession::Output out;
  session_.add_auth(std::move(scheme), std::move(auth), std::move(done), executor_.now().mono, out);
  run(std::move(out));
}

void ZkClient::create_recursive(std::string path, std::string data, std::vector<zk::Acl> acl, Done done) {
  create(path, data, acl, 0,
         [this, path, data, acl, done = std::move(done)](KeeperCode err, const std::string&, const zk::Stat&) mutable {
           const size_t slash = path.rfind('/');
           if (err == KeeperCode::kNodeExists) err = KeeperCode::kOk;
           if (err != KeeperCode::kNoNode || slash == 0 || slash == std::string::npos) return done(err);
           const std::string parent = path.substr(0, slash);
           create_recursive(
               parent, "", acl, [this, path, data, acl, done = std::move(done)](KeeperCode parent_err) mutable {
                 if (parent_err != KeeperCode::kOk) return done(parent_err);
                 create(path, data, acl, 0,
                        [done = std::move(done)](KeeperCode e, const std::string&, const zk::Stat&) mutable {
                          done(e == KeeperCode::kNodeExists ? KeeperCode::kOk : e);
                        });
               });
         });
}

}  // namespace kz::client
