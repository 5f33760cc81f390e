#include "net/zk_link.h"

#include <unistd.h>

#include <map>
#include <unordered_map>

#include "core/base/log.h"
#include "net/connection.h"
#include "net/listener.h"

namespace kz::net {
namespace {

const log::Logger& logger() {
  static const log::Logger l("NIOServerCnxnFactory");
  return l;
}

class ZkConnection;

}  // namespace

struct ZkLink::Impl : std::enable_shared_from_this<ZkLink::Impl> {
  Impl(Reactor& r, ZkLinkHandler& h) : reactor(r), handler(h) {}
  void accepted(int fd, const Address& peer, const ZkListenOptions& options);
  std::shared_ptr<ZkConnection> find(ConnId conn) const;
  void forget(ConnId conn);

  Reactor& reactor;
  ZkLinkHandler& handler;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::unordered_map<ConnId, std::shared_ptr<ZkConnection>> open;
  std::map<std::string, int32_t> per_ip;
  int64_t rejected = 0;
};

namespace {

class ZkConnection final : public Connection {
 public:
  ZkConnection(Reactor& reactor, int fd, ConnId id, ConnectionOptions options, std::weak_ptr<ZkLink::Impl> link)
      : Connection(reactor, fd, id, options), link_(std::move(link)) {}
  ZkConnStats stats;

 private:
  void on_frame(Slice frame) override {
    ++stats.received;
    if (const auto link = link_.lock()) link->handler.on_frame(id(), std::move(frame));
  }
  void on_word(std::string word, std::string args) override {
    if (const auto link = link_.lock()) link->handler.on_four_letter(id(), word, args);
  }
  void on_closed(Error why, std::string) override {
    const auto link = link_.lock();
    if (!link || !link->find(id())) return;
    if (why.code == Errc::kTooLarge) {
      logger().warn("Exception causing close of session 0x{:x}: Len error {} (client /{}:{})", stats.session_id,
                    why.detail, stats.ip, stats.port);
    }
    link->forget(id());
    link->handler.on_closed(id(), why);
  }
  std::weak_ptr<ZkLink::Impl> link_;
};

}  // namespace

std::shared_ptr<ZkConnection> ZkLink::Impl::find(ConnId conn) const {
  const auto it = open.find(conn);
  return it == open.end() ? nullptr : it->second;
}

void ZkLink::Impl::forget(ConnId conn) {
  const auto it = open.find(conn);
  if (it == open.end()) return;
  if (const auto n = per_ip.find(it->second->stats.ip); n != per_ip.end() && --n->second <= 0) per_ip.erase(n);
  open.erase(it);
}

void ZkLink::Impl::accepted(int fd, const Address& peer, const ZkListenOptions& options) {
  const std::string ip = peer.ip();
  int32_t& count = per_ip[ip];
  if (options.max_total > 0 && open.size() >= static_cast<size_t>(options.max_total)) {
    ++rejected;
    logger().error("Error while accepting connection: Too many connections max allowed is {}", options.max_total);
    ::close(fd);
    if (count == 0) per_ip.erase(ip);
    return;
  }
  if (options.max_per_ip > 0 && count >= options.max_per_ip) {
    ++rejected;
    logger().warn("Error accepting new connection: Too many connections from /{} - max is {}", ip, options.max_per_ip);
    ::close(fd);
    return;
  }
  ++count;
  configure_stream(fd, -1, -1);
  const ConnId id = next_conn_id();
  ConnectionOptions connection;
  connection.frame_max = options.frame_max;
  connection.loopback_peer = peer.loopback();
  connection.detect_words = true;
  auto c = std::make_shared<ZkConnection>(reactor, fd, id, connection, weak_from_this());
  c->stats.ip = ip;
  c->stats.port = peer.port();
  c->stats.established_wall_ms = reactor.now().wall_ms;
  open.emplace(id, c);
  handler.on_accept(id, ip, peer.port());
  c->start();
}

ZkLink::ZkLink(Reactor& reactor, ZkLinkHandler& handler) : impl_(std::make_shared<Impl>(reactor, handler)) {}

ZkLink::~ZkLink() {
  impl_->listeners.clear();
  for (auto& [id, c] : impl_->open) c->close();
  impl_->open.clear();
}

Result<uint16_t> ZkLink::listen(const ZkListenOptions& options) {
  KZ_TRY(const int fd, listen_socket(options.host, options.port, options.backlog, -1));
  KZ_TRY(const uint16_t port, local_port(fd));
  auto accepted = [impl = impl_.get(), options](int f, const Address& peer) { impl->accepted(f, peer, options); };
  impl_->listeners.push_back(std::make_unique<Listener>(impl_->reactor, fd, std::move(accepted)));
  impl_->listeners.back()->start();
  return port;
}

void ZkLink::stop_accepting() { impl_->listeners.clear(); }

void ZkLink::send(ConnId conn, Slice body) {
  const auto c = impl_->find(conn);
  if (!c) return;
  ++c->stats.sent;
  c->send_frame(Chain(std::move(body)));
}

void ZkLink::send_raw(ConnId conn, Chain bytes, uint64_t frames) {
  const auto c = impl_->find(conn);
  if (!c) return;
  c->stats.sent += frames;
  c->send_raw(std::move(bytes));
}

void ZkLink::send_text_and_close(ConnId conn, std::string text) {
  const auto c = impl_->find(conn);
  if (!c) return;
  impl_->forget(conn);
  c->send_raw(Chain(Slice::copy_of(text)));
  c->close_after_send();
}

void ZkLink::close(ConnId conn) {
  const auto c = impl_->find(conn);
  if (!c) return;
  impl_->forget(conn);
  c->close();
}

void ZkLink::close_after_send(ConnId conn) {
  const auto c = impl_->find(conn);
  if (!c) return;
  impl_->forget(conn);
  c->close_after_send();
}

void ZkLink::pause(ConnId conn) {
  if (const auto c = impl_->find(conn)) c->pause(Connection::kOwner);
}

void ZkLink::resume(ConnId conn) {
  if (const auto c = impl_->find(conn)) c->resume(Connection::kOwner);
}

ZkConnStats* ZkLink::stats(ConnId conn) {
  const auto c = impl_->find(conn);
  if (!c) return nullptr;
  c->stats.bytes_queued = c->bytes_to_send();
  return &c->stats;
}

void ZkLink::for_each(const std::function<void(ConnId, const ZkConnStats&)>& fn) {
  for (const auto& [id, c] : impl_->open) {
    c->stats.bytes_queued = c->bytes_to_send();
    fn(id, c->stats);
  }
}

void ZkLink::reset_stats() {
  for (const auto& [id, c] : impl_->open) {
    ZkConnStats& s = c->stats;
    s.received = s.sent = s.latency_count = 0;
    s.last_latency_ms = s.min_latency_ms = s.max_latency_ms = s.latency_sum_ms = 0;
    s.last_operation = "NA";
    s.last_cxid = s.last_zxid = s.last_response_wall_ms = 0;
  }
}

int64_t ZkLink::take_rejected() { return std::exchange(impl_->rejected, 0); }

size_t ZkLink::connections() const { return impl_->open.size(); }

}  // namespace kz::net
