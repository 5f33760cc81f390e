// SimServer: one machine of a simulated ensemble: the real peer, pipeline, tree, transaction log and snapshots on a
// SimDisk. The driver is cmd/server's QuorumZooKeeperServer with a virtual clock. It can be killed (what is written
// stays), lose its power (what is not synced may go), stand still, and meet errors and a full disk (it ends then, as
// the real one does).
// Owned by EnsembleSim; single-threaded.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/zab/quorum_peer.h"
#include "core/zk/pipeline.h"
#include "storage/zk/data_dir.h"
#include "tests/sim/lib/order.h"
#include "tests/sim/lib/scenario.h"
#include "tests/sim/lib/sim_disk.h"
#include "tests/sim/lib/world.h"

namespace kz::sim {

class SimServer;
using SimServers = std::map<ServerId, std::unique_ptr<SimServer>>;

class SimServer final : public zk::Broadcast {
 public:
  SimServer(World& world, Order& order, SimServers& all, const EnsembleScenario& scenario, ServerId id, bool observer);
  ~SimServer() override;

  void boot();
  void kill();       // SIGKILL: the kernel closes its connections and keeps what was written
  void power_off();  // the rest of the world hears nothing
  void pause() { paused_ = true; }
  void resume();

  ServerId id() const { return id_; }
  bool up() const { return up_; }
  bool paused() const { return paused_; }
  bool serving() const { return up_ && pipeline_ != nullptr; }
  bool leads() const { return serving() && leading_; }
  bool knows_leader() const { return up_ && peer_->leader() != nullptr; }
  int64_t accepted_epoch() const { return peer_->durable().accepted_epoch; }
  Zxid applied() const { return history_.empty() ? 0 : history_.back(); }
  const zk::Database& database() const { return pipeline_ ? pipeline_->database() : *database_; }
  SimDisk& disk() { return disk_; }
  // It leads and has chosen its epoch; nobody was told yet.
  std::function<void(ServerId)> on_epoch_chosen;

  // A client opens a connection. False: refused (nobody serves).
  bool accept(Party client, std::function<void(const Frame&)> on_frame, std::function<void()> on_closed,
              uint64_t& link);

  // ---- Broadcast: the pipeline's writes ----
  bool orders() const override { return leading_; }
  void propose(const zk::Proposal& proposal, zk::Effects& out) override;
  void forward(const zk::ForwardedRequest& request, zk::Effects& out) override;
  bool sync(SessionId session, int32_t cxid, zk::Effects& out) override;
  bool revalidate(SessionId session, int32_t timeout_ms, zk::Effects& out) override;

 private:
  using LinkId = zab::LinkId;
  using History = std::vector<Zxid>;
  struct Incoming;
  struct Outgoing;
  struct Snapshot;

  // What runs later on this server: not when it was restarted meanwhile, and after the pause while it stands still.
  std::function<void()> here(std::function<void()> run);
  void later(Duration delay, std::function<void()> run) { world_.after(delay, here(std::move(run))); }
  void note(const std::string& what) const { world_.note(id_, what); }

  // ---- steps (ensemble_server.cc) ----
  void peer_step(const std::function<void(TimePoint, zab::Effects&)>& input);
  void client_step(const std::function<void(Now, zk::Effects&)>& input);
  void defer_peer(const std::function<void(zab::Effects&)>& input);
  void run_effects();
  void run(zk::Effects& effects);
  void arm_peer();
  void arm_clients();
  void close_links();
  void end();  // the process is gone

  // ---- effects (ensemble_effects.cc) ----
  void carry_out(zab::Effect& effect);
  void send_packet(LinkId link, const zab::QuorumPacket& packet);
  void send_snapshot(LinkId link);
  void snapshot_turn(LinkId link);
  void on_link_frame(LinkId link, const Frame& frame);
  void on_vote(ServerId from, const election::Notification& notification);
  void send_vote(ServerId to, const election::Notification& notification);
  void connect(ServerId leader, int attempts);
  void start_serving(int64_t epoch);
  void deliver(Zxid zxid);
  void stands();
  void leave(const std::string& reason);
  void finish_leaving();

  // ---- disk (ensemble_disk.cc) ----
  // One job after the other, as on the disk thread.
  void on_disk(Duration takes, std::function<void()> job);
  bool recover();
  bool write_epoch(const char* name, int64_t epoch);
  void take_epoch(const char* name, int64_t accepted, int64_t current);
  void append(Zxid zxid, const Slice& payload);
  void write_log();
  void truncate(Zxid zxid);
  void cut(Zxid zxid);
  void find_in_log(const zab::FindInLog& asked);
  void send_log(const zab::SendLog& asked);
  Status forget_after(Zxid zxid);
  void save_snapshot();
  void begin_snapshot();
  void continue_snapshot();
  void failed(const std::string& what);

  World& world_;
  Order& order_;
  SimServers& all_;
  const EnsembleScenario& scenario_;
  const ServerId id_;
  const bool observer_;
  zk::ZooConfig config_;
  zab::PeerOptions peer_options_;

  // The machine's.
  SimDisk disk_;
  std::map<Zxid, std::pair<History, Zxid>> snapshot_contents_;  // by the zxid in the name: history, fuzzy until

  // The process's.
  bool up_ = false;
  bool paused_ = false;
  uint64_t life_ = 0;
  std::vector<std::function<void()>> held_;
  std::unique_ptr<storage::zk::DataDir> data_dir_;
  std::unique_ptr<zk::Database> database_;  // empty while the pipeline has it
  std::unique_ptr<zab::CommittedLog> committed_;
  std::unique_ptr<zab::QuorumPeer> peer_;
  std::unique_ptr<zk::Pipeline> pipeline_;
  History history_;       // what the tree holds
  Zxid fuzzy_until_ = 0;  // and perhaps parts of what follows, up to here
  bool leading_ = false;
  bool port_open_ = false;
  std::deque<zab::Effect> effects_;
  bool running_effects_ = false;
  std::deque<storage::zk::LogRecord> unwritten_;
  bool writing_ = false;
  Zxid appended_ = 0;
  Zxid durable_ = 0;
  Zxid log_base_ = 0;  // from here on the log has no gap
  int64_t since_snapshot_ = 0;
  bool unsaved_snapshot_ = false;
  int disk_jobs_ = 0;  // the role is not left before they are done
  TimePoint disk_free_;
  bool leaving_ = false;
  std::unique_ptr<Incoming> incoming_;
  std::map<LinkId, std::unique_ptr<Outgoing>> sending_;
  std::unique_ptr<Snapshot> snapshot_;
  std::map<LinkId, uint64_t> links_;  // peer's link -> world's
  std::set<LinkId> mute_;             // nothing more goes there: what came before could not be read
  std::map<ConnId, uint64_t> clients_;
  std::deque<Zxid> proposed_;  // leader: given out, not committed
  TimePoint peer_tick_;
  TimePoint client_tick_;
};

}  // namespace kz::sim
