#include "net/connector.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "net/connection.h"
#include "net/socket.h"

namespace kz::net {
namespace {
class OutConnection;
}

// Also the meeting point with resolver threads, which may outlive the connector: they hold it by a weak pointer, and
// the reactor only while `mutex` is held and `gone` is false.
struct TcpConnector::Impl : std::enable_shared_from_this<TcpConnector::Impl> {
  Impl(Reactor& r, ConnectorOptions o) : reactor(r), options(o) {}

  // From open() to the end of connecting.
  struct Attempt {
    std::string host;
    uint16_t port;
    ConnectionHandler* handler;
    size_t frame_max;
    std::vector<Address> addresses;
    size_t next = 0;
    std::optional<Watch> watch;
    TimerId timer = 0;
    Error last{Errc::kUnreachable, "no address"};
  };
  struct Open {
    std::unique_ptr<Attempt> attempt;
    std::shared_ptr<OutConnection> connection;
    std::string peer;
  };

  void resolve_then_connect(ConnId id, Attempt& attempt);
  void resolved(ConnId id, Result<std::vector<Address>> addresses);
  void connect_next(ConnId id);
  void connect_finished(ConnId id);
  void established(ConnId id, int fd, const Address& address);
  void failed(ConnId id, Error why);

  Reactor& reactor;
  ConnectorOptions options;
  std::unordered_map<ConnId, Open> open;
  std::mutex mutex;
  bool gone = false;  // guarded by mutex
};

namespace {

class OutConnection final : public Connection {
 public:
  OutConnection(Reactor& reactor, int fd, ConnId id, ConnectionOptions o, ConnectionHandler& handler,
                std::weak_ptr<TcpConnector::Impl> connector)
      : Connection(reactor, fd, id, o), handler_(handler), connector_(std::move(connector)) {}

 private:
  void on_frame(Slice frame) override { handler_.on_frame(id(), std::move(frame)); }
  void on_closed(Error why, std::string first_bytes) override {
    const auto connector = connector_.lock();
    if (!connector || connector->open.erase(id()) == 0) return;
    if (why.code == Errc::kIo) why.code = Errc::kDisconnected;
    handler_.on_closed(id(), why, std::move(first_bytes));
  }
  ConnectionHandler& handler_;
  std::weak_ptr<TcpConnector::Impl> connector_;
};

}  // namespace

void TcpConnector::Impl::resolve_then_connect(ConnId id, Attempt& attempt) {
  if (auto numeric = parse_numeric(attempt.host, attempt.port); !numeric.empty()) {
    attempt.addresses = std::move(numeric);
    reactor.post([weak = weak_from_this(), id] {
      if (const auto self = weak.lock()) self->connect_next(id);
    });
    return;
  }
  // Detached: getaddrinfo cannot be interrupted, and nobody shall wait for it at exit.
  std::thread([weak = weak_from_this(), id, host = attempt.host, port = attempt.port] {
    auto addresses = resolve(host, port);
    const auto self = weak.lock();
    if (!self) return;
    std::lock_guard lock(self->mutex);
    if (self->gone) return;
    self->reactor.post([weak, id, addresses = std::move(addresses)]() mutable {
      if (const auto impl = weak.lock()) impl->resolved(id, std::move(addresses));
    });
  }).detach();
}

void TcpConnector::Impl::resolved(ConnId id, Result<std::vector<Address>> addresses) {
  const auto it = open.find(id);
  if (it == open.end()) return;
  if (!addresses) return failed(id, addresses.error());
  it->second.attempt->addresses = std::move(*addresses);
  connect_next(id);
}

void TcpConnector::Impl::connect_next(ConnId id) {
  const auto it = open.find(id);
  if (it == open.end()) return;
  Attempt& attempt = *it->second.attempt;
  while (attempt.next < attempt.addresses.size()) {
    const Address& address = attempt.addresses[attempt.next++];
    const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      attempt.last = {Errc::kIo, "socket", errno};
      continue;
    }
    configure_stream(fd, options.send_buffer_bytes, options.receive_buffer_bytes);
    if (::connect(fd, address.get(), address.size) == 0) return established(id, fd, address);
    if (errno != EINPROGRESS) {
      attempt.last = error_of_connect(errno);
      ::close(fd);
      continue;
    }
    attempt.watch.emplace(reactor, fd, [] {}, [this, id] { connect_finished(id); });
    attempt.watch->arm_write();
    attempt.timer = reactor.after(options.connect_timeout, [weak = weak_from_this(), id] {
      const auto self = weak.lock();
      if (!self) return;
      const auto found = self->open.find(id);
      if (found == self->open.end() || !found->second.attempt) return;
      found->second.attempt->timer = 0;
      found->second.attempt->watch.reset();
      found->second.attempt->last = {Errc::kTimeout, "connect"};
      self->connect_next(id);
    });
    return;
  }
  failed(id, attempt.last);
}

void TcpConnector::Impl::connect_finished(ConnId id) {
  const auto self = shared_from_this();
  const auto it = open.find(id);
  if (it == open.end() || !it->second.attempt || !it->second.attempt->watch) return;
  Attempt& attempt = *it->second.attempt;
  reactor.cancel(std::exchange(attempt.timer, 0));
  int e = 0;
  socklen_t size = sizeof e;
  ::getsockopt(attempt.watch->fd(), SOL_SOCKET, SO_ERROR, &e, &size);
  if (e != 0) {
    attempt.last = error_of_connect(e);
    attempt.watch.reset();
    connect_next(id);
    return;
  }
  const Address address = attempt.addresses[attempt.next - 1];
  const int fd = attempt.watch->release();
  attempt.watch.reset();
  established(id, fd, address);
}

void TcpConnector::Impl::established(ConnId id, int fd, const Address& address) {
  Open& o = open.at(id);
  const auto attempt = std::move(o.attempt);
  ConnectionOptions connection;
  connection.frame_max = attempt->frame_max;
  connection.loopback_peer = address.loopback();
  // Java's InetSocketAddress: the host as given, then the address; "/127.0.0.1" when no name was given.
  const std::string ip = address.ip();
  o.peer = fmt::format("{}/{}:{}", attempt->host == ip ? "" : attempt->host, ip, attempt->port);
  o.connection = std::make_shared<OutConnection>(reactor, fd, id, connection, *attempt->handler, weak_from_this());
  const auto c = o.connection;
  c->start();
  attempt->handler->on_connected(id);
}

void TcpConnector::Impl::failed(ConnId id, Error why) {
  const auto it = open.find(id);
  if (it == open.end()) return;
  const Attempt& attempt = *it->second.attempt;
  ConnectionHandler* handler = attempt.handler;
  reactor.cancel(attempt.timer);
  // The handler may still ask for the peer: clients name the address that refused them.
  if (!attempt.addresses.empty()) {
    const std::string ip = attempt.addresses.back().ip();
    it->second.peer = fmt::format("{}/{}:{}", attempt.host == ip ? "" : attempt.host, ip, attempt.port);
  }
  handler->on_closed(id, why, {});
  open.erase(id);
}

TcpConnector::TcpConnector(Reactor& reactor, ConnectorOptions options)
    : impl_(std::make_shared<Impl>(reactor, options)) {}

TcpConnector::~TcpConnector() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->gone = true;
  }
  for (auto& [id, o] : impl_->open) {
    if (o.attempt) impl_->reactor.cancel(o.attempt->timer);
    if (o.connection) o.connection->close();
  }
  impl_->open.clear();
}

ConnId TcpConnector::open(const std::string& host, uint16_t port, ConnectionHandler& handler, size_t frame_max) {
  const ConnId id = next_conn_id();
  Impl::Open& o = impl_->open[id];
  o.attempt = std::make_unique<Impl::Attempt>();
  o.attempt->host = host;
  o.attempt->port = port;
  o.attempt->handler = &handler;
  o.attempt->frame_max = frame_max;
  impl_->resolve_then_connect(id, *o.attempt);
  return id;
}

void TcpConnector::send(ConnId conn, Chain body) {
  const auto it = impl_->open.find(conn);
  if (it != impl_->open.end() && it->second.connection) it->second.connection->send_frame(std::move(body));
}

void TcpConnector::close(ConnId conn) {
  const auto it = impl_->open.find(conn);
  if (it == impl_->open.end()) return;
  if (it->second.attempt) impl_->reactor.cancel(it->second.attempt->timer);
  const auto connection = it->second.connection;
  impl_->open.erase(it);
  if (connection) connection->close();
}

std::string TcpConnector::peer(ConnId conn) const {
  const auto it = impl_->open.find(conn);
  return it == impl_->open.end() ? "" : it->second.peer;
}

}  // namespace kz::net
