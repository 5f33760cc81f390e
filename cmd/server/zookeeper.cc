#include "cmd/server/zookeeper.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <random>
#include <type_traits>
#include <utility>

#include "cmd/server/monitoring.h"
#include "cmd/server/zookeeper_commit.h"
#include "cmd/server/zookeeper_options.h"
#include "cmd/server/zookeeper_snapshot.h"
#include "core/zk/pipeline.h"
#include "net/zk_link.h"
#include "storage/zk/data_dir.h"

namespace kz::server {
namespace {

constexpr int kExitDataDir = 3;
constexpr int kDefaultBacklog = 50;  // Java's ServerSocket

}  // namespace

class ZooKeeperServer::Impl final : public net::ZkLinkHandler {
 public:
  Impl(storage::FileSystem& fs, net::Reactor& reactor, ZooKeeperOptions options)
      : fs_(fs),
        reactor_(reactor),
        options_(std::move(options)),
        monitoring_(fs, options_.config),
        rng_(options_.seed != 0 ? options_.seed : std::random_device{}()) {}

  ~Impl() override { shut_down(); }

  std::expected<void, StartFailure> open() {
    auto dir = storage::zk::DataDir::open(fs_, data_dir_options(options_.config));
    if (!dir) return std::unexpected(as_start_failure(dir.error()));
    data_dir_ = std::move(*dir);
    auto database = std::make_unique<zk::Database>(tree_options(options_.config));
    const auto recovery = data_dir_->recover(*database);
    if (!recovery) return std::unexpected(as_start_failure(recovery.error()));
    logger_.info("Snapshot loaded, {} transactions replayed, last zxid 0x{:x}, {} znodes", recovery->txns,
                 recovery->last_zxid, database->tree.node_count());

    monitoring_.recovered(*recovery, *database);
    pipeline_ = std::make_unique<zk::Pipeline>(options_.config, options_.server_id, std::move(database), broadcast_,
                                               reactor_.now(), &monitoring_.metrics());
    pipeline_->set_entropy(random_bytes);
    commit_ = std::make_unique<GroupCommit>(
        reactor_, *data_dir_, options_.config, monitoring_.metrics(),
        [this](Zxid zxid) { step([&](Now now, zk::Effects& out) { pipeline_->on_durable(zxid, now, out); }); },
        [this](const std::string& why) { fatal(why); });
    snapshots_ = std::make_unique<Snapshots>(reactor_, *data_dir_, options_.config, rng_, monitoring_.metrics());
    snapshots_->logged(recovery->txns, recovery->txn_bytes);
    link_ = std::make_unique<net::ZkLink>(reactor_, *this);
    step([this](Now now, zk::Effects& out) { pipeline_->start(now, out); });
    if (auto opened = monitoring_.open(reactor_, source(), true); !opened) return opened;
    if (auto bound = bind(); !bound) return bound;
    snapshots_->start_purging();
    return {};
  }

  // Reactor thread. The order: no new work, what is queued reaches the disk, the log is closed.
  void shut_down() {
    if (stopped_) return;
    stopped_ = true;
    reactor_.cancel(tick_timer_);
    monitoring_.close();
    if (link_) link_->stop_accepting();
    if (pipeline_ && link_) {
      pipeline_->close_all(effects_);
      run(effects_);
    }
    link_.reset();
    if (snapshots_) snapshots_->stop();
    if (commit_) commit_->stop();
    if (pipeline_) logger_.info("shutdown of server complete");
  }

  net::Reactor& reactor() { return reactor_; }
  uint16_t port() const { return port_; }

  // ---- ZkLinkHandler ----
  void on_accept(ConnId conn, const std::string& ip, uint16_t port) override {
    step([&](Now now, zk::Effects& out) { pipeline_->on_open(conn, ip, port, now, out); });
  }
  void on_four_letter(ConnId conn, const std::string& word, const std::string& args) override {
    if (!monitoring_.take_arguments(word, args)) return drop(conn);
    step([&](Now now, zk::Effects& out) { pipeline_->on_four_letter(conn, word, environment_of(word), now, out); });
  }
  void on_frame(ConnId conn, Slice frame) override {
    step([&](Now now, zk::Effects& out) { pipeline_->on_frame(conn, std::move(frame), now, out); });
  }
  void on_closed(ConnId conn, Error) override {
    step([&](Now now, zk::Effects& out) { pipeline_->on_closed(conn, now, out); });
  }

 private:
  Monitoring::Source source() {
    monitoring_.environment().initial_config = options_.config.source_text;
    return {[this](zk::InfoNeeds needs, std::string_view word) {
              return pipeline_->info(environment_of(word), needs, reactor_.now());
            },
            [this](zk::AdminAction action) {
              if (action == zk::AdminAction::kResetServer) pipeline_->reset_server_stats();
              if (action == zk::AdminAction::kResetConnections) pipeline_->reset_connection_stats();
            }};
  }

  void drop(ConnId conn) {
    step([&](Now now, zk::Effects& out) { pipeline_->on_closed(conn, now, out); });
    link_->close(conn);
  }

  static StartFailure as_start_failure(const storage::zk::DataDirFailure& failure) {
    return {failure.message, failure.directory ? kExitDataDir : 1};
  }

  std::expected<void, StartFailure> bind() {
    const zk::ZooConfig& config = options_.config;
    net::ZkListenOptions listen;
    listen.host = config.client_port_address;
    listen.port = config.client_port.value_or(2181);
    listen.frame_max = static_cast<size_t>(config.jute.max_buffer);
    listen.max_per_ip = config.max_client_cnxns;
    listen.max_total = config.max_cnxns;
    listen.backlog = config.client_port_listen_backlog > 0 ? config.client_port_listen_backlog : kDefaultBacklog;
    const auto bound = link_->listen(listen);
    const std::string where = fmt::format("{}:{}", listen.host.empty() ? "0.0.0.0" : listen.host, listen.port);
    if (!bound) {
      const Error& e = bound.error();
      const char* key = e.code == Errc::kResolve ? "clientPortAddress" : "clientPort";
      return std::unexpected(
          StartFailure{fmt::format("Cannot listen on {}: {} (check {} in zoo.cfg)", where, errc_text(e.code), key), 1});
    }
    port_ = *bound;
    logger_.info("binding to port {}:{}", listen.host.empty() ? "0.0.0.0" : listen.host, port_);
    return {};
  }

  const zk::ServerEnvironment& environment_of(std::string_view word) {
    return monitoring_.refresh(word, *data_dir_, *commit_, *link_, port_);
  }

  template <class F>
  void step(F&& input) {
    if (stopped_ || failed_) return;
    // A step inside a step (none today) would see effects of the outer one: each has its own list.
    zk::Effects effects = std::exchange(effects_, {});
    input(reactor_.now(), effects);
    run(effects);
    effects_ = std::move(effects);
    rearm();
  }

  void run(zk::Effects& effects) {
    for (auto& effect : effects) {
      std::visit([this](auto& e) { carry_out(e); }, effect);
    }
    effects.clear();
    for (auto& [conn, out] : outgoing_) link_->send_raw(conn, std::move(out.bytes), out.frames);
    outgoing_.clear();
  }

  // Answers to one connection leave together: one system call for a whole group commit.
  void carry_out(zk::Send& e) {
    auto& out = outgoing_[e.conn];
    out.bytes.append(std::move(e.bytes));
    ++out.frames;
  }
  void carry_out(zk::Close& e) {
    if (const auto it = outgoing_.find(e.conn); it != outgoing_.end()) {
      link_->send_raw(e.conn, std::move(it->second.bytes), it->second.frames);
      outgoing_.erase(it);
    }
    link_->close_after_send(e.conn);
  }
  void carry_out(zk::Pause& e) { link_->pause(e.conn); }
  void carry_out(zk::Resume& e) { link_->resume(e.conn); }
  void carry_out(zk::Append& e) {
    snapshots_->logged(1, std::ssize(e.payload.bytes()));
    if (snapshots_->due()) {
      commit_->roll();
      snapshots_->begin(pipeline_->database());
    }
    commit_->append({e.zxid, std::move(e.payload)});
  }

  // One timer for the pipeline's deadline; an earlier one that fires for nothing is cheaper than cancelling it each
  // time.
  void rearm() {
    const TimePoint due = pipeline_->deadline();
    if (tick_timer_ != 0 && tick_at_ <= due) return;
    reactor_.cancel(tick_timer_);
    tick_timer_ = 0;
    if (due == TimePoint::max()) return;
    tick_at_ = due;
    tick_timer_ = reactor_.at(due, [this] {
      tick_timer_ = 0;
      step([this](Now now, zk::Effects& out) { pipeline_->on_tick(now, out); });
    });
  }

  void fatal(const std::string& why) {
    if (failed_) return;
    failed_ = true;
    logger_.error("Severe unrecoverable error, exiting: {}", why);
    if (options_.on_fatal) options_.on_fatal(why);
  }

  struct Outgoing {
    Chain bytes;
    uint64_t frames = 0;
  };

  storage::FileSystem& fs_;
  net::Reactor& reactor_;
  ZooKeeperOptions options_;
  Monitoring monitoring_;
  Rng rng_;
  zk::LogBroadcast broadcast_;
  std::unique_ptr<storage::zk::DataDir> data_dir_;
  std::unique_ptr<zk::Pipeline> pipeline_;
  std::unique_ptr<GroupCommit> commit_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<net::ZkLink> link_;
  zk::Effects effects_;
  boost::unordered_flat_map<ConnId, Outgoing> outgoing_;
  TimerId tick_timer_ = 0;
  TimePoint tick_at_;
  uint16_t port_ = 0;
  bool stopped_ = false;
  bool failed_ = false;
  log::Logger logger_{"ZooKeeperServer"};
};

ZooKeeperServer::ZooKeeperServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::expected<std::unique_ptr<ZooKeeperServer>, StartFailure> ZooKeeperServer::start(storage::FileSystem& fs,
                                                                                     net::Reactor& reactor,
                                                                                     ZooKeeperOptions options) {
  std::unique_ptr<ZooKeeperServer> server(new ZooKeeperServer(std::make_unique<Impl>(fs, reactor, std::move(options))));
  std::expected<void, StartFailure> opened;
  reactor.run_sync([&] {
    opened = server->impl_->open();
    if (!opened) server->impl_->shut_down();
  });
  if (!opened) return std::unexpected(opened.error());
  return server;
}

ZooKeeperServer::~ZooKeeperServer() { stop(); }

void ZooKeeperServer::stop() {
  impl_->reactor().run_sync([this] { impl_->shut_down(); });
}

uint16_t ZooKeeperServer::port() const { return impl_->port(); }

}  // namespace kz::server
