#include "core/broker/zk/zk_batch.h"

#include <memory>
#include <utility>

namespace kz::broker {
namespace {

ZkRequest make(ZkRequest::Kind kind, std::string path) {
  ZkRequest out;
  out.kind = kind;
  out.path = std::move(path);
  return out;
}

struct Gather {
  std::vector<ZkResult> results;
  size_t missing = 0;
  ZkAllDone done;
};

struct Walk {
  ZkPort* zk = nullptr;
  std::vector<std::string> found;
  size_t next = 0;  // found[next..] are still to be listed
  std::move_only_function<void(ZkCode, std::vector<std::string>)> done;
};

void walk_on(const std::shared_ptr<Walk>& walk) {
  if (walk->next == walk->found.size()) {
    walk->done(ZkCode::kOk, std::move(walk->found));
    return;
  }
  std::vector<ZkRequest> level;
  const size_t from = walk->next;
  for (; walk->next < walk->found.size(); ++walk->next) level.push_back(ZkRequest::children(walk->found[walk->next]));
  zk_all(*walk->zk, std::move(level), [walk, from](std::vector<ZkResult> results) {
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].code == ZkCode::kNoNode) continue;
      if (!results[i].ok()) {
        walk->done(results[i].code, {});
        return;
      }
      const std::string parent = walk->found[from + i];
      for (const std::string& child : results[i].children) walk->found.push_back(parent + "/" + child);
    }
    walk_on(walk);
  });
}

}  // namespace

ZkRequest ZkRequest::create(std::string path, std::string data, ZkMode mode) {
  ZkRequest out = make(Kind::kCreate, std::move(path));
  out.data = std::move(data);
  out.mode = mode;
  return out;
}
ZkRequest ZkRequest::remove(std::string path, int32_t version) {
  ZkRequest out = make(Kind::kRemove, std::move(path));
  out.version = version;
  return out;
}
ZkRequest ZkRequest::get(std::string path, bool watch) {
  ZkRequest out = make(Kind::kGet, std::move(path));
  out.watch = watch;
  return out;
}
ZkRequest ZkRequest::set(std::string path, std::string data, int32_t version) {
  ZkRequest out = make(Kind::kSet, std::move(path));
  out.data = std::move(data);
  out.version = version;
  return out;
}
ZkRequest ZkRequest::exists(std::string path, bool watch) {
  ZkRequest out = make(Kind::kExists, std::move(path));
  out.watch = watch;
  return out;
}
ZkRequest ZkRequest::children(std::string path, bool watch) {
  ZkRequest out = make(Kind::kChildren, std::move(path));
  out.watch = watch;
  return out;
}
ZkRequest ZkRequest::multi(std::vector<ZkOp> ops) {
  ZkRequest out = make(Kind::kMulti, {});
  out.ops = std::move(ops);
  return out;
}

void zk_all(ZkPort& zk, std::vector<ZkRequest> requests, ZkAllDone done) {
  if (requests.empty()) {
    done({});
    return;
  }
  auto gather = std::make_shared<Gather>();
  gather->results.resize(requests.size());
  gather->missing = requests.size();
  gather->done = std::move(done);
  for (size_t i = 0; i < requests.size(); ++i) {
    ZkRequest& request = requests[i];
    auto one = [gather, i](ZkResult result) {
      gather->results[i] = std::move(result);
      if (--gather->missing > 0) return;
      auto run = std::move(gather->done);
      run(std::move(gather->results));
    };
    switch (request.kind) {
      case ZkRequest::Kind::kCreate:
        zk.create(std::move(request.path), std::move(request.data), request.mode, std::move(one));
        break;
      case ZkRequest::Kind::kRemove:
        zk.remove(std::move(request.path), request.version, std::move(one));
        break;
      case ZkRequest::Kind::kGet:
        zk.get(std::move(request.path), request.watch, std::move(one));
        break;
      case ZkRequest::Kind::kSet:
        zk.set(std::move(request.path), std::move(request.data), request.version, std::move(one));
        break;
      case ZkRequest::Kind::kExists:
        zk.exists(std::move(request.path), request.watch, std::move(one));
        break;
      case ZkRequest::Kind::kChildren:
        zk.children(std::move(request.path), request.watch, std::move(one));
        break;
      case ZkRequest::Kind::kMulti:
        zk.multi(std::move(request.ops), std::move(one));
        break;
    }
  }
}

void zk_list_recursive(ZkPort& zk, std::string path,
                       std::move_only_function<void(ZkCode, std::vector<std::string>)> done) {
  auto walk = std::make_shared<Walk>();
  walk->zk = &zk;
  walk->done = std::move(done);
  zk.exists(path, false, [walk, path](const ZkResult& result) {
    if (result.ok()) walk->found.push_back(path);
    if (!result.ok() && result.code != ZkCode::kNoNode) {
      walk->done(result.code, {});
      return;
    }
    walk_on(walk);
  });
}

}  // namespace kz::broker
