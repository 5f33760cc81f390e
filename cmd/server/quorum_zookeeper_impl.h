// The inside of QuorumZooKeeperServer, shared by its .cc files: quorum_zookeeper.cc (start, stop, clients),
// quorum_effects.cc (what the peer wants done), quorum_reconfig.cc (configurations), quorum_recovery.cc (files).
// Private to cmd/server.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <map>

#include "cmd/server/dynamic_config_files.h"
#include "cmd/server/learner_sends.h"
#include "cmd/server/monitoring.h"
#include "cmd/server/quorum_monitor.h"
#include "cmd/server/quorum_zookeeper.h"
#include "cmd/server/zookeeper_commit.h"
#include "cmd/server/zookeeper_snapshot.h"
#include "core/zab/quorum_peer.h"
#include "core/zk/pipeline.h"
#include "core/zk/reconfig.h"
#include "net/learner_link.h"
#include "net/quorum_cnx.h"
#include "net/zk_link.h"
#include "storage/zk/data_dir.h"

namespace kz::server {

class QuorumZooKeeperServer::Impl final : public net::ZkLinkHandler,
                                          public net::QuorumCnxHandler,
                                          public net::LearnerLinkHandler,
                                          public zk::Broadcast,
                                          public zk::Membership {
 public:
  Impl(storage::FileSystem& fs, net::Reactor& reactor, ZooKeeperOptions options);
  ~Impl() override { shut_down(); }

  std::expected<void, StartFailure> open();
  void shut_down();
  net::Reactor& reactor() { return reactor_; }
  uint16_t port() const { return port_; }

  // ---- ZkLinkHandler: clients ----
  void on_accept(ConnId conn, const std::string& ip, uint16_t port) override;
  void on_four_letter(ConnId conn, const std::string& word, const std::string& args) override;
  void on_frame(ConnId conn, Slice frame) override;
  void on_closed(ConnId conn, Error why) override;

  // ---- QuorumCnxHandler: the election port ----
  void on_notification(ServerId from, election::Notification notification) override;
  void on_peer_reachable(ServerId peer) override;
  void on_peer_unreachable(ServerId peer) override;

  // ---- LearnerLinkHandler: the quorum port ----
  void on_link_open(ConnId link, const std::string& ip) override;
  void on_quorum_packet(ConnId link, zab::QuorumPacket packet) override;
  int64_t on_snapshot_bytes(ConnId link, Bytes bytes) override;
  void on_link_closed(ConnId link, Error why) override;
  void on_leader_unreachable() override;

  // ---- Broadcast: the pipeline's writes ----
  bool orders() const override { return leading_; }
  void propose(const zk::Proposal& proposal, zk::Effects& out) override;
  void forward(const zk::ForwardedRequest& request, zk::Effects& out) override;
  bool sync(SessionId session, int32_t cxid, zk::Effects& out) override;
  bool revalidate(SessionId session, int32_t timeout_ms, zk::Effects& out) override;
  const zk::Membership* membership() const override;

  // ---- Membership (quorum_reconfig.cc) ----
  const zk::QuorumConfig& config() const override;
  const zk::QuorumConfig& last_seen() const override;
  bool quorum_synced(const zk::QuorumConfig& config) const override;

 private:
  using LinkId = zab::LinkId;
  // A snapshot on its way in: the own database is kept until it is whole.
  struct Incoming {
    Incoming(zk::TreeOptions options, const zk::JuteLimits& limits, Zxid z)
        : database(std::make_unique<zk::Database>(options)),
          reader(database->tree, database->sessions, zk::SnapshotWriter::Form::kLearner, limits),
          zxid(z) {}
    std::unique_ptr<zk::Database> database;
    zk::SnapshotReader reader;
    Zxid zxid;
    int64_t bytes = 0;
  };
  struct Outgoing {
    Chain bytes;
    uint64_t frames = 0;
  };
  // What one turn of the reactor has for a learner. Small packets are encoded side by side, without a block each.
  struct Packets {
    Chain chain;
    Buffer tail;
    void add(const zab::QuorumPacket& packet);
    Chain take();
  };
  // What became of a TRUNC: nothing was changed (the disk does not reach back to that point), or the new database.
  struct Truncation {
    std::unique_ptr<zk::Database> database;
    Zxid base = 0;
    std::string failure;  // not empty: the disk failed on the way
  };

  zk::Database& database() { return pipeline_ ? pipeline_->database() : *database_; }

  // ---- recovery (quorum_recovery.cc) ----
  std::expected<zab::QuorumPeer::Durable, StartFailure> recover();
  std::expected<int64_t, StartFailure> read_or_make_epoch(const char* name, int64_t fallback);
  Status fill_committed_log(const storage::zk::DataDir::Recovery& recovery);
  Truncation truncate(Zxid zxid);  // on the disk thread
  Status forget_after(Zxid zxid);  // logs and snapshots later than zxid

  // Runs a job on the disk thread and done(result) afterwards. Nobody else uses the files meanwhile: the role waits,
  // and it is not left before the job is done.
  template <class Job, class Done>
  void on_disk(Job job, Done done) {
    if (!disk_thread_) disk_thread_ = std::make_unique<storage::DiskPool>("kz-zk-disk", 1);
    ++disk_jobs_;
    const bool taken = disk_thread_->run(std::move(job), reactor_,
                                         [this, alive = alive_, done = std::move(done)](auto result) mutable {
                                           if (!*alive) return;
                                           --disk_jobs_;
                                           done(std::move(result));
                                           finish_leaving();
                                         });
    KZ_ASSERT(taken);
  }

  // ---- steps ----
  // Runs an input of the peer and everything that follows from it.
  template <class F>
  void peer_step(F&& input) {
    if (stopped_ || failed_) return;
    zab::Effects out;
    input(reactor_.now().mono, out);
    for (auto& effect : out) effects_.push_back(std::move(effect));
    run_effects();
  }
  template <class F>
  void client_step(F&& input) {
    if (stopped_ || failed_ || !pipeline_) return;
    zk::Effects out;
    input(reactor_.now(), out);
    run(out);
    run_effects();
    rearm_clients();
  }
  // From inside a step of the pipeline: what the peer wants is done after it.
  template <class F>
  void defer_peer(F&& input) {
    zab::Effects out;
    input(out);
    for (auto& effect : out) effects_.push_back(std::move(effect));
  }
  void run_effects();
  void run(zk::Effects& effects);
  void rearm_peer();
  void rearm_clients();
  std::expected<void, StartFailure> bind_clients();
  const zk::ServerEnvironment& environment_of(std::string_view word);
  zk::ServerInfo info_of(zk::InfoNeeds needs, std::string_view word);
  Monitoring::Source monitoring_source();
  void fatal(const std::string& why);

  void carry_out(zk::Send& e);
  void carry_out(zk::Close& e);
  void carry_out(zk::Pause& e) { client_link_->pause(e.conn); }
  void carry_out(zk::Resume& e) { client_link_->resume(e.conn); }
  void carry_out(zk::Append&) { KZ_UNREACHABLE("a member of an ensemble logs through its peer"); }

  // ---- effects of the peer (quorum_effects.cc) ----
  void carry_out(zab::SendPacket& e);
  void carry_out(zab::SendSnapshot& e);
  void carry_out(zab::FindInLog& e);
  void carry_out(zab::SendLog& e);
  void carry_out(zab::CloseLink& e);
  void carry_out(zab::WriteAcceptedEpoch& e);
  void carry_out(zab::WriteCurrentEpoch& e);
  void carry_out(zab::AppendTxn& e);
  void carry_out(zab::Committed& e);
  void carry_out(zab::LearnerRequest& e);
  void carry_out(zab::TouchSession& e);
  void carry_out(zab::RevalidateSession& e);
  void carry_out(zab::Synced& e);
  void carry_out(zab::ReceiveSnapshot& e);
  void carry_out(zab::TruncateLog& e);
  void carry_out(zab::SaveSnapshot& e);
  void carry_out(zab::ApplyTxn& e);
  void carry_out(zab::DeliverTxn& e);
  void carry_out(zab::Revalidated& e);
  void carry_out(zab::CollectTouches& e);
  void carry_out(zab::StartServing& e);
  void carry_out(zab::SeenConfig& e);
  void carry_out(zab::CommitConfig& e);
  void carry_out(zab::SendVote& e);
  void carry_out(zab::ConnectVoters& e);
  void carry_out(zab::ConnectToLeader& e);
  void carry_out(zab::OpenQuorumPort& e);
  void carry_out(zab::LeaveRole& e);
  void carry_out(zab::StateChanged& e);
  void carry_out(zab::BecomeLooking&) { KZ_UNREACHABLE("QuorumPeer turns it into LeaveRole"); }
  void flush_link(LinkId link);
  // What is to be sent leaves together at the end of a turn: one system call a connection for a whole batch.
  void schedule_flush();
  void flush_all();
  void save_snapshot();
  void write_epoch(const char* name, int64_t accepted, int64_t current);
  void finish_leaving();
  void on_logged(Zxid zxid);
  void open_quorum_port();
  bool serves_observers() const;
  // Whom an observer observes: the followers in turn, where observerMasterPort is set, else the leader.
  std::vector<zk::HostPort> learner_master(ServerId leader);
  void move_client_port(const zk::HostPort& to);
  // Read-only mode: clients that accept it are served while there is no leader (quorum_roles.cc).
  void start_read_only();
  void stop_pipeline();
  void stop_read_only();

  storage::FileSystem& fs_;
  net::Reactor& reactor_;
  ZooKeeperOptions options_;
  Monitoring monitoring_;
  QuorumMonitor role_monitor_;
  Rng rng_;
  std::unique_ptr<storage::zk::DataDir> data_dir_;
  std::unique_ptr<zk::Database> database_;  // empty while the pipeline has it
  zab::CommittedLog committed_;
  std::unique_ptr<DynamicConfigFiles> config_files_;
  std::unique_ptr<zab::QuorumPeer> peer_;
  std::unique_ptr<zk::Pipeline> pipeline_;  // while serving
  bool leading_ = false;                    // of the pipeline
  std::unique_ptr<GroupCommit> commit_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<net::ZkLink> client_link_;
  std::unique_ptr<net::QuorumCnx> election_port_;
  std::unique_ptr<net::LearnerLink> quorum_port_;

  std::deque<zab::Effect> effects_;
  bool running_effects_ = false;
  std::map<LinkId, Packets> outgoing_packets_;
  bool flush_scheduled_ = false;
  std::unique_ptr<LearnerSends> sends_;
  std::unique_ptr<Incoming> incoming_;
  Zxid appended_ = 0;
  Zxid durable_ = 0;
  Zxid log_base_ = 0;              // from here on the log on disk has no gap
  bool unsaved_snapshot_ = false;  // the database came from a leader and is not on disk
  int disk_jobs_ = 0;              // on their way
  bool leaving_ = false;
  TimerId peer_timer_ = 0;
  TimePoint peer_timer_at_;
  TimerId client_timer_ = 0;
  TimePoint client_timer_at_;
  TimerId port_timer_ = 0;
  TimerId read_only_timer_ = 0;
  TimerId observer_timer_ = 0;  // before an observer looks again, or tries the first master again
  std::vector<ServerId> observer_masters_;
  size_t next_observer_master_ = 0;

  boost::unordered_flat_map<ConnId, Outgoing> outgoing_;
  zk::HostPort client_address_;  // as configured
  uint16_t port_ = 0;
  bool stopped_ = false;
  bool failed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  log::Logger logger_{"QuorumPeer"};
  std::unique_ptr<storage::DiskPool> disk_thread_;  // last: it goes first
};

}  // namespace kz::server
