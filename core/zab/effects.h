// What the ZAB machines want done. The driver carries them out in order; completions come back as inputs.
// Promised order: within one link, and within the log. Where more matters the machine waits for the completion.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/election/notification.h"
#include "core/zab/committed_log.h"
#include "core/zk/broadcast.h"
#include "core/zk/quorum_config.h"

namespace kz::zab {

using LinkId = ConnId;  // a connection on the quorum port

struct SendPacket {
  LinkId link;
  QuorumPacket packet;
};
// SNAP with the zxid of the database now, the snapshot, the signature; packets sent later on this link go behind it.
struct SendSnapshot {
  LinkId link;
};
// Leader only: can the log on disk bring this learner up to date? Completion: on_log_found.
struct FindInLog {
  LinkId link;
  Zxid peer_last;
  Zxid until;  // from here on memory has it
};
// Leader only: the logged transactions after `after` and below `before`, each as PROPOSAL and COMMIT; packets sent
// later on this link go behind them. When the log cannot be read: on_log_unreadable.
struct SendLog {
  LinkId link;
  Zxid after;
  Zxid before;
};
struct CloseLink {
  LinkId link;
};
// Durable epoch files; completion: on_epoch_written(same values).
struct WriteAcceptedEpoch {
  int64_t epoch;
};
struct WriteCurrentEpoch {
  int64_t epoch;
};
// Append to the transaction log. Completion: on_durable(zxid), highest only.
struct AppendTxn {
  Zxid zxid;
  Slice payload;
};
// The quorum has it: leader's pipeline on_committed(zxid).
struct Committed {
  Zxid zxid;
};
// Leader only: a learner's client asks something; the pipeline prepares it.
struct LearnerRequest {
  LinkId link;
  zk::ForwardedRequest request;
};
// Leader: sessions that a learner's clients touched. Follower: the same of its observers, for its next answer to a
// ping.
struct TouchSession {
  SessionId session;
  int32_t timeout_ms;
};
// Leader only: is this session alive? Answer: Leader::answer_revalidate.
struct RevalidateSession {
  LinkId link;
  SessionId session;
  int32_t timeout_ms;
};
// The own client's sync may be answered.
struct Synced {
  SessionId session;
  int32_t cxid;
};
// Learner only: replace the database by the snapshot that follows on the leader's link. Completion: on_snapshot_loaded.
struct ReceiveSnapshot {
  Zxid zxid;
};
// Learner only: drop everything after zxid from log and snapshots and load again. Completion: on_truncated; where the
// disk does not have that very point nothing may be dropped, and the learner asks for a snapshot instead.
struct TruncateLog {
  Zxid zxid;
};
// Learner only: make the database durable as a snapshot. Completion: on_snapshot_saved.
struct SaveSnapshot {};
// Learner only: apply to the database; nobody waits for an answer (before serving).
struct ApplyTxn {
  LoggedTxn txn;
};
// Learner only: the next committed transaction while serving: pipeline on_committed_txn.
struct DeliverTxn {
  LoggedTxn txn;
};
// Learner only: the leader's answer to a revalidation.
struct Revalidated {
  SessionId session;
  bool valid;
};
// Learner only: which sessions did our clients touch since the last ping? Answer: on_touched.
struct CollectTouches {};
// Clients are served from now on. epoch: of the leader. leader: prepare from make_zxid(epoch, 0).
struct StartServing {
  int64_t epoch;
};
// A configuration was proposed: remembered durably (the .dynamic.next file) before the effects behind it.
struct SeenConfig {
  zk::QuorumConfig config;
};
// A configuration is in force. designated: who leads it, when a reconfiguration says so.
struct CommitConfig {
  zk::QuorumConfig config;
  std::optional<ServerId> designated;
};
// ---- between the roles (quorum_peer.h) ----
struct SendVote {
  ServerId to;
  election::Notification notification;
};
// Open the election connections that are missing.
struct ConnectVoters {};
// Connect to the quorum port of the elected leader; attempts go on until on_link_open or LeaveRole.
struct ConnectToLeader {
  ServerId leader;
};
// Listen on the own quorum port.
struct OpenQuorumPort {};
// The role has ended: stop serving clients, close links and the quorum port, make the log durable, then on_role_left.
struct LeaveRole {
  std::string reason;
};
// For the Mode line, mntr and logs.
struct StateChanged {
  election::ServerState state;
  ServerId leader;
};
// This role is over; look for a leader. Every other effect of the machine comes before it.
struct BecomeLooking {
  std::string reason;
};

using Effect = std::variant<SendPacket, SendSnapshot, FindInLog, SendLog, CloseLink, WriteAcceptedEpoch,
                            WriteCurrentEpoch, AppendTxn, Committed, LearnerRequest, TouchSession, RevalidateSession,
                            Synced, ReceiveSnapshot, TruncateLog, SaveSnapshot, ApplyTxn, DeliverTxn, Revalidated,
                            CollectTouches, StartServing, SeenConfig, CommitConfig, SendVote, ConnectVoters,
                            ConnectToLeader, OpenQuorumPort, LeaveRole, StateChanged, BecomeLooking>;
using Effects = std::vector<Effect>;

}  // namespace kz::zab
