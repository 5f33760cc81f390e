// Broadcast: how the pipeline's writes enter the one order. Standalone: the log; leader: ZAB; learner: the leader.
// The pipeline does not know which: it proposes (or forwards) and waits for Pipeline::on_committed.
#pragma once
#include "core/base/time.h"
#include "core/zk/effects.h"
#include "core/zk/txn.h"

namespace kz::zk {

// A prepared transaction and its bytes.
struct Proposal {
  Txn txn;
  Slice payload;  // encode_txn(txn)
};

// A client's request on its way from a learner to its leader (QuorumPacket REQUEST).
struct ForwardedRequest {
  SessionId session = 0;
  int32_t cxid = 0;
  OpCode type = OpCode::kError;
  Slice body;
  std::vector<Id> auth;
  uint64_t owner = 0;  // the learner's handler, for SessionTracker::check
};

class Membership;

class Broadcast {
 public:
  virtual ~Broadcast() = default;
  // True where zxids are given out (standalone, leader): requests are prepared here. False on learners.
  virtual bool orders() const = 0;
  // Only if orders(). Proposals come in zxid order; Pipeline::on_committed(zxid) reports them in the same order.
  virtual void propose(const Proposal& proposal, Effects& out) = 0;
  // Only if !orders(). The transaction comes back through Pipeline::on_committed_txn.
  virtual void forward(const ForwardedRequest& request, Effects& out) = 0;
  // A client's sync. True: nothing to wait for. False: Pipeline::on_synced(session, cxid) follows.
  virtual bool sync(SessionId session, int32_t cxid, Effects& out) = 0;
  // A session that this server does not own comes back. True: decided here by the session tracker (standalone,
  // leader). False: Pipeline::on_revalidated follows.
  virtual bool revalidate(SessionId session, int32_t timeout_ms, Effects& out) = 0;
  // Who the members of the ensemble are (reconfig.h); null where that cannot be changed: standalone, learners.
  virtual const Membership* membership() const { return nullptr; }
};

// Standalone: a proposal is appended to the log, and durable means committed.
class LogBroadcast : public Broadcast {
 public:
  bool orders() const override { return true; }
  void propose(const Proposal& proposal, Effects& out) override {
    out.emplace_back(Append{proposal.txn.header.zxid, proposal.payload});
  }
  void forward(const ForwardedRequest&, Effects&) override { KZ_UNREACHABLE("a standalone server has no leader"); }
  bool sync(SessionId, int32_t, Effects&) override { return true; }
  bool revalidate(SessionId, int32_t, Effects&) override { return true; }
};

}  // namespace kz::zk
