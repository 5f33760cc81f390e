// A ZooKeeper in one object for tests of what the broker does with it: nodes, versions, ephemerals, watches, multi,
// sessions that expire. Every write is noted, so that tests can compare orders.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/executor.h"
#include "core/broker/zk/zk_port.h"

namespace kz::test {

using broker::ZkCode;
using broker::ZkMode;
using broker::ZkOp;
using broker::ZkPort;
using broker::ZkResult;
using broker::ZkStat;
using broker::ZkWatch;

class FakeZkSession;

class FakeZk {
 public:
  explicit FakeZk(Executor& executor) : executor_(executor) { nodes_["/"] = {}; }

  struct Node {
    std::string data;
    ZkStat stat;
    int64_t next_sequence = 0;
  };
  // "create /a", "set /a", "delete /a" in the order in which they took effect.
  std::vector<std::string> writes;

  bool has(const std::string& path) const { return nodes_.contains(path); }
  std::string data(const std::string& path) const { return nodes_.at(path).data; }
  const ZkStat& stat(const std::string& path) const { return nodes_.at(path).stat; }
  std::vector<std::string> children(const std::string& path) const {
    std::vector<std::string> out;
    const std::string prefix = path == "/" ? "/" : path + "/";
    for (auto it = nodes_.lower_bound(prefix); it != nodes_.end() && it->first.starts_with(prefix); ++it) {
      const std::string rest = it->first.substr(prefix.size());
      if (!rest.empty() && rest.find('/') == std::string::npos) out.push_back(rest);
    }
    return out;
  }
  Executor& executor() { return executor_; }

 private:
  friend class FakeZkSession;
  static std::string parent(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
  }
  // One operation; on success appends the watches that it fires.
  ZkCode apply(const ZkOp& op, SessionId session, std::string& created, ZkStat& stat,
               std::vector<std::pair<ZkWatch, std::string>>& fired) {
    auto node = nodes_.find(op.path);
    switch (op.kind) {
      case ZkOp::Kind::kCheck:
        if (node == nodes_.end()) return ZkCode::kNoNode;
        return op.version == -1 || op.version == node->second.stat.version ? ZkCode::kOk : ZkCode::kBadVersion;
      case ZkOp::Kind::kCreate: {
        auto up = nodes_.find(parent(op.path));
        if (up == nodes_.end()) return ZkCode::kNoNode;
        std::string path = op.path;
        if (op.mode == ZkMode::kPersistentSequential || op.mode == ZkMode::kEphemeralSequential) {
          char digits[16];
          std::snprintf(digits, sizeof digits, "%010lld", static_cast<long long>(up->second.next_sequence));
          path += digits;
        }
        if (nodes_.contains(path)) return ZkCode::kNodeExists;
        ++up->second.next_sequence;
        ++up->second.stat.cversion;
        Node& made = nodes_[path];
        made.data = op.data;
        made.stat.czxid = made.stat.mzxid = made.stat.pzxid = ++zxid_;
        made.stat.ctime = made.stat.mtime = executor_.now().wall_ms;
        if (op.mode == ZkMode::kEphemeral || op.mode == ZkMode::kEphemeralSequential)
          made.stat.ephemeral_owner = session;
        created = path;
        stat = made.stat;
        writes.push_back("create " + path);
        fired.emplace_back(ZkWatch::kCreated, path);
        fired.emplace_back(ZkWatch::kChildrenChanged, parent(path));
        return ZkCode::kOk;
      }
      case ZkOp::Kind::kDelete:
        if (node == nodes_.end()) return ZkCode::kNoNode;
        if (op.version != -1 && op.version != node->second.stat.version) return ZkCode::kBadVersion;
        if (!children(op.path).empty()) return ZkCode::kNotEmpty;
        nodes_.erase(node);
        ++zxid_;
        writes.push_back("delete " + op.path);
        fired.emplace_back(ZkWatch::kDeleted, op.path);
        fired.emplace_back(ZkWatch::kChildrenChanged, parent(op.path));
        return ZkCode::kOk;
      case ZkOp::Kind::kSetData:
        if (node == nodes_.end()) return ZkCode::kNoNode;
        if (op.version != -1 && op.version != node->second.stat.version) return ZkCode::kBadVersion;
        node->second.data = op.data;
        ++node->second.stat.version;
        node->second.stat.mzxid = ++zxid_;
        stat = node->second.stat;
        writes.push_back("set " + op.path);
        fired.emplace_back(ZkWatch::kDataChanged, op.path);
        return ZkCode::kOk;
    }
    return ZkCode::kMarshalling;
  }
  void fire(const std::vector<std::pair<ZkWatch, std::string>>& events);

  Executor& executor_;
  std::map<std::string, Node> nodes_;
  int64_t zxid_ = 0;
  SessionId last_session_ = 100;
  std::vector<FakeZkSession*> sessions_;
};

class FakeZkSession final : public ZkPort {
 public:
  explicit FakeZkSession(FakeZk& zk) : zk_(zk), id_(++zk.last_session_) { zk_.sessions_.push_back(this); }
  ~FakeZkSession() override {
    close();
    std::erase(zk_.sessions_, this);
  }

  // The server drops the session: ephemerals go, watches are forgotten. With anew, the client makes another one.
  void expire(bool anew = true) {
    close();
    const auto listeners = listeners_;
    for (Listener* l : listeners) l->on_session_expired();
    if (!anew) return;
    id_ = ++zk_.last_session_;
    for (Listener* l : listeners) l->on_session_ready();
  }
  // A read of this path is answered as when the session ends before the answer.
  std::string lose_get;
  // Keeps its ephemerals, as after SIGKILL: nobody hears of it any more.
  void abandon() {
    abandoned_ = true;
    data_.clear();
    child_.clear();
  }
  // The server notices that the abandoned session is over.
  void close() {
    data_.clear();
    child_.clear();
    std::vector<std::string> mine;
    for (const auto& [path, node] : zk_.nodes_) {
      if (node.stat.ephemeral_owner == id_) mine.push_back(path);
    }
    std::vector<std::pair<ZkWatch, std::string>> fired;
    std::string created;
    ZkStat stat;
    for (const std::string& path : mine) zk_.apply(ZkOp::remove(path), id_, created, stat, fired);
    zk_.fire(fired);
  }

  void create(std::string path, std::string data, ZkMode mode, Done done) override {
    one(ZkOp::create(std::move(path), std::move(data), mode), std::move(done));
  }
  void remove(std::string path, int32_t version, Done done) override {
    one(ZkOp::remove(std::move(path), version), std::move(done));
  }
  void set(std::string path, std::string data, int32_t version, Done done) override {
    one(ZkOp::set(std::move(path), std::move(data), version), std::move(done));
  }
  void get(std::string path, bool watch, Done done) override {
    ZkResult r = look(path);
    if (r.ok()) r.data = zk_.data(path);
    if (path == lose_get) {
      r.code = ZkCode::kSessionExpired;
      lose_get.clear();
    }
    if (r.ok() && watch) data_.insert(path);
    answer(std::move(done), std::move(r));
  }
  void exists(std::string path, bool watch, Done done) override {
    if (watch) data_.insert(path);
    answer(std::move(done), look(path));
  }
  void children(std::string path, bool watch, Done done) override {
    ZkResult r = look(path);
    if (r.ok()) r.children = zk_.children(path);
    if (r.ok() && watch) child_.insert(path);
    answer(std::move(done), std::move(r));
  }
  void multi(std::vector<ZkOp> ops, Done done) override {
    const auto before = zk_.nodes_;
    const auto writes = zk_.writes;
    const int64_t zxid = zk_.zxid_;
    std::vector<std::pair<ZkWatch, std::string>> fired;
    ZkResult r;
    r.results.resize(ops.size());
    size_t failed = ops.size();
    for (size_t i = 0; i < ops.size() && failed == ops.size(); ++i) {
      zk_.zxid_ = zxid;  // one transaction, one zxid
      r.results[i].code = zk_.apply(ops[i], id_, r.results[i].path, r.results[i].stat, fired);
      if (r.results[i].code != ZkCode::kOk) failed = i;
    }
    if (failed < ops.size()) {
      zk_.nodes_ = before;
      zk_.writes = writes;
      r.code = r.results[failed].code;
      for (size_t i = failed + 1; i < ops.size(); ++i) r.results[i].code = ZkCode::kRuntimeInconsistency;
    } else {
      zk_.fire(fired);
    }
    answer(std::move(done), std::move(r));
  }
  SessionId session_id() const override { return id_; }
  void add_listener(Listener* l) override { listeners_.push_back(l); }
  void remove_listener(Listener* l) override { std::erase(listeners_, l); }

 private:
  friend class FakeZk;
  ZkResult look(const std::string& path) {
    ZkResult r;
    r.path = path;
    if (zk_.has(path)) {
      r.stat = zk_.stat(path);
      r.stat.num_children = static_cast<int32_t>(zk_.children(path).size());
    } else {
      r.code = ZkCode::kNoNode;
    }
    return r;
  }
  void one(ZkOp op, Done done) {
    ZkResult r;
    std::vector<std::pair<ZkWatch, std::string>> fired;
    r.path = op.path;
    r.code = zk_.apply(op, id_, r.path, r.stat, fired);
    zk_.fire(fired);
    answer(std::move(done), std::move(r));
  }
  void answer(Done done, ZkResult r) {
    if (abandoned_) return;
    zk_.executor_.post([d = std::move(done), r = std::move(r)]() mutable { d(std::move(r)); });
  }
  void notify(ZkWatch what, const std::string& path) {
    const bool hit = what == ZkWatch::kChildrenChanged ? child_.erase(path) > 0
                     : what == ZkWatch::kDeleted       ? data_.erase(path) + child_.erase(path) > 0
                                                       : data_.erase(path) > 0;
    if (!hit) return;
    const SessionId session = id_;
    zk_.executor_.post([this, what, path, session] {
      if (session != id_ || abandoned_) return;
      const auto listeners = listeners_;
      for (Listener* l : listeners) l->on_watch(what, path);
    });
  }

  FakeZk& zk_;
  SessionId id_;
  bool abandoned_ = false;
  std::set<std::string> data_;
  std::set<std::string> child_;
  std::vector<Listener*> listeners_;
};

inline void FakeZk::fire(const std::vector<std::pair<ZkWatch, std::string>>& events) {
  for (const auto& [what, path] : events) {
    for (FakeZkSession* s : std::vector(sessions_)) s->notify(what, path);
  }
}

}  // namespace kz::test
