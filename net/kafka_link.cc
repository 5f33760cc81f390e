#include "net/kafka_link.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <utility>

#include "core/base/log.h"
#include "net/connection.h"
#include "net/listener.h"

namespace kz::net {
namespace {

class KafkaConnection;

// What belongs to one reactor. Touched on its thread only, except for the count.
struct Worker {
  explicit Worker(Reactor& r) : reactor(r) {}
  Reactor& reactor;
  std::unordered_map<ConnId, std::shared_ptr<KafkaConnection>> open;
  bool sweeping = false;
};

// A listening socket, and whether the quota lets it accept.
struct Bound {
  std::string name;
  std::unique_ptr<Listener> socket;
  bool paused = false;
  TimerId retry = 0;
};

}  // namespace

struct KafkaLink::Impl : std::enable_shared_from_this<KafkaLink::Impl> {
  Impl(std::vector<Reactor*> r, RequestService& s, int32_t node_id)
      : reactors(std::move(r)),
        service(s),
        logger("kafka.network.SocketServer", fmt::format("SocketServer listenerType=ZK_BROKER, nodeId={}", node_id)) {
    for (Reactor* reactor : reactors) workers.push_back(std::make_unique<Worker>(*reactor));
    in_use = workers.size();
  }
  void accepted(int fd, const Address& peer, const KafkaListenOptions& options);
  void adopt(Worker& worker, int fd, const Address& peer, const KafkaListenOptions& options);
  void gone(Worker& worker, ConnId id, const ConnectionInfo& info);
  void review();
  void review(Bound& bound);
  void sweep(Worker& worker, int64_t idle_ms);

  std::vector<Reactor*> reactors;  // the first one accepts
  RequestService& service;
  log::Logger logger;
  MemoryGate gate;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<Bound> listeners;  // first reactor's thread
  size_t next_worker = 0;
  bool closed = false;  // the thread that starts and stops
  std::atomic<size_t> count{0};
  std::atomic<size_t> in_use{1};  // workers that get new connections
  ConnectionQuota quota;
};

namespace {

class KafkaConnection final : public Connection {
 public:
  KafkaConnection(Reactor& reactor, int fd, ConnectionOptions options, std::shared_ptr<const ConnectionInfo> info,
                  std::shared_ptr<KafkaLink::Impl> link, Worker& worker)
      : Connection(reactor, fd, info->id, options), info_(std::move(info)), link_(std::move(link)), worker_(worker) {}

  ~KafkaConnection() override { release_frames(); }  // while link_ still holds the gate

  bool executing() const { return executing_; }
  const ConnectionInfo& info() const { return *info_; }

  // The request in execution is answered; owner thread.
  void complete(Chain body) {
    if (closed()) return;
    finish();
    send_frame(std::move(body));
    resume(kExecuting);
  }
  void complete_without_answer() {
    finish();
    resume(kExecuting);
  }
  void drop() { fail_with({Errc::kCancelled, "closed by the broker"}); }

 private:
  void on_frame(Slice frame) override;
  void on_closed(Error why, std::string) override {
    if (why.code == Errc::kTooLarge) {
      link_->logger.warn(
          "Unexpected error from /{} (listener {}, connection {}); closing connection: Invalid receive "
          "(size = {})",
          info_->client_address, info_->listener, info_->id, why.detail);
    }
    const auto link = link_;
    link->gone(worker_, info_->id, *info_);
  }
  void finish() {
    executing_ = false;
    release_frames();
  }

  std::shared_ptr<const ConnectionInfo> info_;
  std::shared_ptr<KafkaLink::Impl> link_;
  Worker& worker_;
  bool executing_ = false;
};

// One request's answer. Inline on the connection's own reactor, else by a post.
class ReplyOnce final : public Reply {
 public:
  explicit ReplyOnce(std::shared_ptr<KafkaConnection> connection) : connection_(std::move(connection)) {}
  // A request that was lost would leave its client waiting for ever.
  ~ReplyOnce() override {
    if (!answered_.exchange(true)) finish([](KafkaConnection& c) { c.drop(); });
  }
  void send(Chain body) override {
    claim();
    finish([body = std::move(body)](KafkaConnection& c) mutable { c.complete(std::move(body)); });
  }
  void nothing() override {
    claim();
    finish([](KafkaConnection& c) { c.complete_without_answer(); });
  }
  void close() override {
    claim();
    finish([](KafkaConnection& c) { c.drop(); });
  }

 private:
  void claim() { KZ_ASSERT_MSG(!answered_.exchange(true), "a request was answered twice"); }
  template <class F>
  void finish(F fn) {
    if (connection_->reactor().on_thread()) {
      fn(*connection_);
      return;
    }
    Reactor& reactor = connection_->reactor();
    reactor.post([c = std::move(connection_), fn = std::move(fn)]() mutable { fn(*c); });
  }
  std::shared_ptr<KafkaConnection> connection_;
  std::atomic<bool> answered_{false};
};

void KafkaConnection::on_frame(Slice frame) {
  executing_ = true;
  pause(kExecuting);
  auto self = std::static_pointer_cast<KafkaConnection>(shared_from_this());
  IncomingRequest request;
  request.connection = info_;
  request.frame = std::move(frame);
  request.now = reactor().now();
  request.reactor = &reactor();
  request.reply = std::make_shared<ReplyOnce>(std::move(self));
  link_->service.on_request(std::move(request));
}

}  // namespace

void KafkaLink::Impl::accepted(int fd, const Address& peer, const KafkaListenOptions& options) {
  const std::string ip = peer.ip();
  if (const auto limit = quota.take(ip, options.name, reactors[0]->now().mono)) {
    logger.info("Rejected connection from /{}, address already has the configured maximum of {} connections.", ip,
                *limit);
    ::close(fd);
    review();
    return;
  }
  count.fetch_add(1);
  configure_stream(fd, options.send_buffer_bytes, -1);
  Worker& worker = *workers[next_worker++ % in_use.load(std::memory_order_relaxed)];
  if (&worker.reactor == reactors[0]) {
    adopt(worker, fd, peer, options);
  } else {
    worker.reactor.post(
        [self = shared_from_this(), &worker, fd, peer, options] { self->adopt(worker, fd, peer, options); });
  }
  review();
}

// First reactor's thread. Listeners without a place or a turn leave their connections in the backlog.
void KafkaLink::Impl::review() {
  for (Bound& bound : listeners) review(bound);
}

void KafkaLink::Impl::review(Bound& bound) {
  const Duration wait = quota.wait(bound.name, reactors[0]->now().mono);
  reactors[0]->cancel(std::exchange(bound.retry, 0));
  if (wait <= Duration{}) {
    if (std::exchange(bound.paused, false)) bound.socket->resume();
    return;
  }
  bound.paused = true;
  bound.socket->pause();
  if (wait == ConnectionQuota::kUntilOneEnds) return;
  bound.retry = reactors[0]->after(wait, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    for (Bound& b : self->listeners) b.retry = 0;
    self->review();
  });
}

void KafkaLink::Impl::adopt(Worker& worker, int fd, const Address& peer, const KafkaListenOptions& options) {
  auto info = std::make_shared<ConnectionInfo>();
  info->id = next_conn_id();
  info->client_address = peer.ip();
  info->client_port = peer.port();
  info->listener = options.name;
  ConnectionOptions connection;
  connection.frame_max = options.frame_max;
  connection.loopback_peer = peer.loopback();
  connection.gate = &gate;
  const ConnId id = info->id;
  auto c =
      std::make_shared<KafkaConnection>(worker.reactor, fd, connection, std::move(info), shared_from_this(), worker);
  worker.open.emplace(id, c);
  c->start();
  if (options.idle_ms >= 0 && !std::exchange(worker.sweeping, true)) sweep(worker, options.idle_ms);
}

// The worker's thread. Everything that ends an accepted connection comes through here once.
void KafkaLink::Impl::gone(Worker& worker, ConnId id, const ConnectionInfo& info) {
  if (worker.open.erase(id) == 0) return;
  quota.give_back(info.client_address, info.listener);
  count.fetch_sub(1);
  service.on_closed(id);
  reactors[0]->post([self = shared_from_this()] { self->review(); });
}

// Closes what was idle too long; a connection that waits for its answer is not idle.
void KafkaLink::Impl::sweep(Worker& worker, int64_t idle_ms) {
  const TimePoint now = worker.reactor.now().mono;
  std::vector<std::shared_ptr<KafkaConnection>> idle;
  for (const auto& [id, c] : worker.open) {
    if (!c->executing() && now - c->last_activity() >= ms(idle_ms)) idle.push_back(c);
  }
  for (const auto& c : idle) {
    logger.debug("About to close the idle connection from /{}:{}", c->info().client_address, c->info().client_port);
    c->drop();
  }
  const int64_t period_ms = std::clamp<int64_t>(idle_ms / 10, 10, 30000);
  worker.reactor.after(ms(period_ms), [weak = weak_from_this(), &worker, idle_ms] {
    if (const auto self = weak.lock()) self->sweep(worker, idle_ms);
  });
}

KafkaLink::KafkaLink(std::vector<Reactor*> reactors, RequestService& service, int32_t node_id)
    : impl_(std::make_shared<Impl>(std::move(reactors), service, node_id)) {}

KafkaLink::~KafkaLink() { close(); }

Result<uint16_t> KafkaLink::bind(const KafkaListenOptions& options) {
  KZ_TRY(const int fd, listen_socket(options.host, options.port, options.backlog, options.receive_buffer_bytes));
  KZ_TRY(const uint16_t port, local_port(fd));
  impl_->gate.set_limit(options.process_bytes_max);
  impl_->reactors[0]->run_sync([&] {
    auto accepted = [impl = impl_.get(), options](int f, const Address& peer) { impl->accepted(f, peer, options); };
    impl_->listeners.push_back(
        {options.name, std::make_unique<Listener>(*impl_->reactors[0], fd, std::move(accepted)), false, 0});
  });
  return port;
}

void KafkaLink::start_accepting() {
  impl_->reactors[0]->run_sync([&] {
    for (Bound& bound : impl_->listeners) {
      impl_->review(bound);
      bound.socket->start();
    }
  });
}

void KafkaLink::stop_accepting() {
  impl_->reactors[0]->run_sync([&] { impl_->listeners.clear(); });
}

void KafkaLink::close() {
  if (impl_->closed) return;
  impl_->closed = true;
  stop_accepting();
  for (const auto& worker : impl_->workers) {
    worker->reactor.run_sync([&] {
      std::vector<std::shared_ptr<KafkaConnection>> all;
      for (const auto& [id, c] : worker->open) all.push_back(c);
      for (const auto& c : all) {
        c->close();
        impl_->gone(*worker, c->id(), c->info());
      }
    });
  }
}

size_t KafkaLink::connections() const { return impl_->count.load(); }

void KafkaLink::set_limits(ConnectionLimits limits) {
  impl_->reactors[0]->post([impl = impl_, limits = std::move(limits)]() mutable {
    impl->quota.set_limits(std::move(limits), impl->reactors[0]->now().mono);
    impl->review();
  });
}

void KafkaLink::set_reactors_in_use(size_t count) {
  impl_->in_use = std::clamp<size_t>(count, 1, impl_->workers.size());
}

}  // namespace kz::net
