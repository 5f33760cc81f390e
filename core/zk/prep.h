// Prep: turns a write request into the transaction that will be logged, checked against the tree as it will be when the
// outstanding transactions have been applied. A failed write is a transaction too (type error): it takes a zxid.
// Source: PrepRequestProcessor @ 3.8.0 (the order of its checks is what clients see). Only where zxids are given out.
// Owned by the pipeline; not thread-safe.
#pragma once
#include "core/zk/auth.h"
#include "core/zk/broadcast.h"
#include "core/zk/config.h"
#include "core/zk/delta.h"
#include "core/zk/session.h"

namespace kz::zk {

struct PrepRequest {
  SessionId session = 0;
  int32_t cxid = 0;
  OpCode type = OpCode::kError;
  Slice body;  // after the request header
  const Ids* auth = nullptr;
  uint64_t owner = 0;  // who owns the session (this server, or a learner's handler); 0: not checked
};

class Prep {
 public:
  // broadcast: asked who the members are when they shall change; null: nobody is.
  Prep(const ZooConfig& config, DataTree& tree, SessionTracker& sessions, const Authenticator& auth,
       const Broadcast* broadcast = nullptr)
      : config_(config),
        tree_(tree),
        sessions_(sessions),
        auth_(auth),
        broadcast_(broadcast),
        delta_(tree),
        last_zxid_(tree.last_zxid()) {}

  // The next transaction. Never fails: what is refused becomes an error transaction.
  Proposal prepare(const PrepRequest& request, int64_t wall_ms);
  // Committed and applied to the tree.
  void applied(Zxid zxid) { delta_.applied(zxid); }
  Zxid last_zxid() const { return last_zxid_; }
  // The epoch of a new leader, or what recovery found. Nothing may be outstanding.
  void set_last_zxid(Zxid zxid) { last_zxid_ = zxid; }
  const Delta& delta() const { return delta_; }

 private:
  struct Context;
  using Outcome = std::expected<TxnBody, KeeperCode>;
  Outcome body_of(Context& c, OpCode type, Reader& r);
  Outcome create(Context& c, OpCode type, CreateTtlRequest request);
  Outcome remove(Context& c, const PathVersion& request);
  Outcome remove_container(Context& c, const std::string& path);
  Outcome set_data(Context& c, SetDataRequest request);
  Outcome set_acl(Context& c, SetAclRequest request);
  Outcome check(Context& c, const PathVersion& request);
  Outcome reconfig(Context& c, Reader& r);
  Outcome multi(Context& c, Reader& r);
  Outcome close_session(Context& c);
  Outcome sub_op(Context& c, MultiOp& op);
  void delete_record(Context& c, std::string_view path, std::string_view parent, ChangeRecord parent_record);

  const ZooConfig& config_;
  DataTree& tree_;
  SessionTracker& sessions_;
  const Authenticator& auth_;
  const Broadcast* broadcast_;
  Delta delta_;
  Zxid last_zxid_;
  QuotaLog quota_log_;
};

}  // namespace kz::zk
