#include "net/quorum_cnx.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "core/base/log.h"
#include "core/bytes/reader.h"
#include "core/bytes/writer.h"
#include "net/address_listeners.h"
#include "net/stream.h"

namespace kz::net {
namespace {

constexpr Duration kGreetingLimit = ms(5000);  // zookeeper.cnxTimeout's default
constexpr Duration kRetryFirst = ms(100);
constexpr Duration kRetryLast = ms(2000);
constexpr size_t kStrangersMax = 64;  // servers that are not in the configuration and knock all the same

const log::Logger& logger() {
  static const log::Logger l("QuorumCnxManager");
  return l;
}

std::string reason(const Error& e) {
  switch (e.code) {
    case Errc::kRefused:
      return "Connection refused";
    case Errc::kUnreachable:
      return "No route to host";
    case Errc::kTimeout:
      return "connect timed out";
    case Errc::kResolve:
      return "Unknown host";
    default:
      return errc_text(e.code);
  }
}

}  // namespace

struct QuorumCnx::Impl : std::enable_shared_from_this<QuorumCnx::Impl> {
  struct Peer {
    ServerId id = 0;
    bool member = false;  // of the configuration in force or the proposed one
    std::vector<Dial::Target> addresses;
    std::string where;  // for logs
    std::shared_ptr<Stream> stream;
    std::unique_ptr<Dial> dial;
    TimerId retry = 0;
    Duration retry_after = kRetryFirst;
    std::optional<Slice> queued;  // the newest message not yet sent
    Slice last_sent;
    bool complained = false;  // once per change of state
    bool authenticating = false;
    std::string in;
  };
  // Accepted, and its greeting is not here yet.
  struct Guest {
    std::shared_ptr<Stream> stream;
    std::string in;
    TimerId timer = 0;
    std::string ip;
  };

  Impl(Reactor& r, QuorumCnxOptions o, const zk::QuorumConfig& c, QuorumCnxHandler& h)
      : reactor(r), options(o), handler(h), listeners(r, [this](int f, const Address& from) { accepted(f, from); }) {
    if (const auto self = c.servers.find(options.self); self != c.servers.end()) own = self->second;
    set_peers(c, c);
  }

  void set_peers(const zk::QuorumConfig& config, const zk::QuorumConfig& next);
  Status listen();
  void listen_again();

  void accepted(int fd, const Address& from);
  void guest_bytes(uint64_t key, Bytes bytes);
  void welcome(ServerId sid, const election::Greeting& greeting, std::shared_ptr<Stream> stream, std::string rest);
  void dial(Peer& peer);
  void dialled(ServerId id, Result<std::shared_ptr<Stream>> result);
  void greeted(ServerId id, std::shared_ptr<Stream> stream, std::string rest);
  void adopt(Peer& peer, std::shared_ptr<Stream> stream, std::string rest);
  void lost(ServerId id, const Stream* stream, Error why);
  void bytes(Peer& peer, Bytes bytes);
  void parse(ServerId id);
  void write(Peer& peer, const Slice& message);
  void retry_later(Peer& peer);

  Reactor& reactor;
  QuorumCnxOptions options;
  QuorumCnxHandler& handler;
  zk::QuorumServer own;
  std::map<ServerId, Peer> peers;
  std::map<uint64_t, Guest> guests;
  uint64_t next_guest = 1;
  Handshakes handshakes{reactor};
  AddressListeners listeners;
  TimerId bind_retry = 0;
};

void QuorumCnx::Impl::accepted(int fd, const Address& from) {
  configure_stream(fd, -1, -1);
  const uint64_t key = next_guest++;
  Guest& g = guests[key];
  g.ip = from.ip();
  g.stream = std::make_shared<Stream>(reactor, fd, from.loopback());
  g.timer = reactor.after(kGreetingLimit, [this, key, weak = weak_from_this()] {
    if (const auto self = weak.lock()) guests.erase(key);
  });
  g.stream->start([this, key](Bytes b) { guest_bytes(key, b); },
                  [this, key, weak = weak_from_this()](Error) {
                    if (const auto self = weak.lock()) guests.erase(key);
                  });
}

void QuorumCnx::Impl::guest_bytes(uint64_t key, Bytes bytes) {
  const auto it = guests.find(key);
  if (it == guests.end()) return;
  it->second.in.append(as_text(bytes));
  const auto parsed = election::parse_greeting(as_bytes(it->second.in));
  if (parsed && parsed->consumed == 0) return;
  Guest guest = std::move(it->second);
  guests.erase(it);
  reactor.cancel(guest.timer);
  if (!parsed) {
    logger().warn("Closing a connection from /{} to the election port: {} ({})", guest.ip, parsed.error().what,
                  parsed.error().detail);
    // Not from inside its own callback's last reference.
    reactor.post([stream = guest.stream] { stream->close(); });
    return;
  }
  guest.in.erase(0, parsed->consumed);
  if (options.sasl.accepting()) {
    return handshakes.begin(guest.stream, options.sasl.server(), std::move(guest.in), kGreetingLimit,
                            [this, greeting = parsed->greeting, stream = guest.stream,
                             ip = guest.ip](std::expected<std::string, std::string> rest) {
                              if (rest) return welcome(greeting.sid, greeting, stream, std::move(*rest));
                              logger().warn("Server {} at /{} is turned away from the election port: {}", greeting.sid,
                                            ip, rest.error());
                            });
  }
  welcome(parsed->greeting.sid, parsed->greeting, std::move(guest.stream), std::move(guest.in));
}

void QuorumCnx::Impl::welcome(ServerId sid, const election::Greeting& greeting, std::shared_ptr<Stream> stream,
                              std::string rest) {
  const auto refuse = [&] { reactor.post([stream] { stream->close(); }); };
  if (sid == options.self) {
    logger().warn("A connection with our own server id {}: is another server configured with it?", sid);
    return refuse();
  }
  auto it = peers.find(sid);
  if (it == peers.end()) {
    if (peers.size() >= kStrangersMax + 256) return refuse();
    logger().info("Connection from server {}, which is not in our configuration", sid);
    it = peers.try_emplace(sid).first;
    it->second.id = sid;
  }
  if (!it->second.member && !greeting.addresses.empty()) {
    it->second.addresses.clear();
    for (const std::string& address : greeting.addresses) {
      const size_t colon = address.rfind(':');
      if (colon == std::string::npos) continue;
      std::string host = address.substr(0, colon);
      if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
      const int port = std::atoi(address.c_str() + colon + 1);
      if (port > 0 && port < 65536) it->second.addresses.push_back({host, static_cast<uint16_t>(port)});
    }
    it->second.where = greeting.addresses[0];
  }
  Peer& peer = it->second;
  if (sid < options.self) {
    // Ours is the connection that stays; a peer that knocks has none, whatever we believe.
    logger().debug("Dropping the connection of server {}: the larger id opens it", sid);
    refuse();
    if (peer.stream) {
      peer.stream->close();
      peer.stream.reset();
    }
    peer.dial.reset();
    dial(peer);
    return;
  }
  adopt(peer, std::move(stream), std::move(rest));
}

void QuorumCnx::Impl::dial(Peer& peer) {
  if (peer.stream || peer.dial || peer.authenticating || peer.addresses.empty()) return;
  reactor.cancel(std::exchange(peer.retry, 0));
  peer.dial = std::make_unique<Dial>(
      reactor, peer.addresses, options.connect_timeout,
      [this, id = peer.id](Result<std::shared_ptr<Stream>> result) { dialled(id, std::move(result)); },
      options.stagger);
}

void QuorumCnx::Impl::dialled(ServerId id, Result<std::shared_ptr<Stream>> result) {
  Peer& peer = peers.at(id);
  // The dial is calling: it goes after its return.
  reactor.post([done = std::make_shared<std::unique_ptr<Dial>>(std::move(peer.dial))] { done->reset(); });
  if (!result) {
    if (!std::exchange(peer.complained, true))
      logger().warn("Cannot open channel to {} at election address {}: {}", id, peer.where, reason(result.error()));
    retry_later(peer);
    handler.on_peer_unreachable(id);
    return;
  }
  election::Greeting greeting;
  greeting.sid = options.self;
  for (const auto& a : own.addresses) greeting.addresses.push_back(a.election.text());
  (*result)->send(Chain(encode(greeting, options.multi_address)));
  if (!options.sasl.connecting()) return greeted(id, std::move(*result), {});
  peer.authenticating = true;
  handshakes.begin(*result, options.sasl.learner(), {}, kGreetingLimit,
                   [this, id, stream = *result](std::expected<std::string, std::string> rest) {
                     const auto it = peers.find(id);
                     if (it == peers.end()) return stream->close();  // left the configuration
                     Peer& p = it->second;
                     p.authenticating = false;
                     if (rest) return greeted(id, stream, std::move(*rest));
                     if (!std::exchange(p.complained, true)) {
                       logger().warn("Cannot authenticate to {} at election address {}: {}", id, p.where, rest.error());
                     }
                     retry_later(p);
                     handler.on_peer_unreachable(id);
                   });
}

void QuorumCnx::Impl::greeted(ServerId id, std::shared_ptr<Stream> stream, std::string rest) {
  Peer& peer = peers.at(id);
  if (id > options.self) {
    // It will call back; this connection was the knock.
    stream->start([](Bytes) {}, [](Error) {});
    stream->close_after_send();
    retry_later(peer);
    return;
  }
  adopt(peer, std::move(stream), std::move(rest));
}

void QuorumCnx::Impl::retry_later(Peer& peer) {
  if (peer.retry != 0 || !peer.queued) return;
  peer.retry = reactor.after(peer.retry_after, [this, id = peer.id, weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    Peer& p = peers.at(id);
    p.retry = 0;
    if (p.queued) dial(p);
  });
  peer.retry_after = std::min(peer.retry_after * 2, kRetryLast);
}

void QuorumCnx::Impl::adopt(Peer& peer, std::shared_ptr<Stream> stream, std::string rest) {
  if (peer.stream) peer.stream->close();
  reactor.cancel(std::exchange(peer.retry, 0));
  peer.retry_after = kRetryFirst;
  if (std::exchange(peer.complained, false)) logger().info("Connected to server {} at {}", peer.id, peer.where);
  peer.stream = std::move(stream);
  peer.in = std::move(rest);
  const ServerId id = peer.id;
  Stream* raw = peer.stream.get();
  if (options.stagger > Duration{}) raw->limit_silence(options.stagger);
  raw->on_drained([this, id] {
    Peer& p = peers.at(id);
    if (p.queued) {
      const Slice message = *std::exchange(p.queued, std::nullopt);
      write(p, message);
    }
  });
  raw->start([this, id](Bytes b) { bytes(peers.at(id), b); },
             [this, id, raw, weak = weak_from_this()](Error why) {
               if (const auto self = weak.lock()) lost(id, raw, why);
             });
  handler.on_peer_reachable(id);
  if (peer.queued) {
    const Slice message = *std::exchange(peer.queued, std::nullopt);
    write(peer, message);
  } else if (!peer.last_sent.empty()) {
    write(peer, peer.last_sent);
  }
  if (!peer.in.empty()) parse(id);
}

void QuorumCnx::Impl::lost(ServerId id, const Stream* stream, Error) {
  Peer& peer = peers.at(id);
  if (peer.stream.get() != stream) return;
  peer.stream.reset();
  peer.in.clear();
  if (!std::exchange(peer.complained, true)) logger().warn("Connection broken for id {} at {}", id, peer.where);
  handler.on_peer_unreachable(id);
}

void QuorumCnx::Impl::bytes(Peer& peer, Bytes b) {
  peer.in.append(as_text(b));
  parse(peer.id);
}

void QuorumCnx::Impl::parse(ServerId id) {
  Peer& peer = peers.at(id);
  const auto stream = peer.stream;
  size_t at = 0;
  while (peer.stream == stream && stream && !stream->closed() && peer.in.size() - at >= 4) {
    const Bytes head = as_bytes(peer.in).subspan(at);
    const int32_t length = Reader(head).i32();
    if (length <= 0 || static_cast<size_t>(length) > election::kNotificationBytesMax) {
      logger().warn("Server {} sent a packet of invalid length {} on the election port", id, length);
      stream->close();
      peer.in.clear();
      lost(id, stream.get(), {Errc::kMalformed, "length", length});
      return;
    }
    if (head.size() < 4 + static_cast<size_t>(length)) break;
    auto notification = election::decode_notification(head.subspan(4, static_cast<size_t>(length)));
    at += 4 + static_cast<size_t>(length);
    if (notification) {
      handler.on_notification(id, std::move(*notification));
    } else {
      logger().warn("Ignoring a notification of server {}: {} ({})", id, notification.error().what,
                    notification.error().detail);
    }
  }
  peer.in.erase(0, std::min(at, peer.in.size()));
}

void QuorumCnx::Impl::write(Peer& peer, const Slice& message) {
  peer.last_sent = message;
  Buffer length;
  length.i32(static_cast<int32_t>(message.size()));
  Chain chain(length.to_slice());
  chain.append(message);
  peer.stream->send(std::move(chain));
}

QuorumCnx::QuorumCnx(Reactor& reactor, QuorumCnxOptions options, const zk::QuorumConfig& config,
                     QuorumCnxHandler& handler)
    : impl_(std::make_shared<Impl>(reactor, options, config, handler)) {}

QuorumCnx::~QuorumCnx() {
  impl_->listeners.stop();
  impl_->reactor.cancel(impl_->bind_retry);
  for (auto& [key, g] : impl_->guests) {
    impl_->reactor.cancel(g.timer);
    g.stream->close();
  }
  for (auto& [id, p] : impl_->peers) {
    impl_->reactor.cancel(p.retry);
    p.dial.reset();
    if (p.stream) p.stream->close();
  }
}

Status QuorumCnx::Impl::listen() {
  std::vector<zk::HostPort> addresses;
  for (const auto& a : own.addresses) addresses.push_back(a.election);
  return listeners.listen(std::move(addresses), options.listen_on_all_ips);
}

void QuorumCnx::Impl::listen_again() {
  const Status listening = listen();
  if (listening) return;
  logger().error("Couldn't bind to election port {}: {}; trying again", listening.error().detail,
                 reason(listening.error()));
  bind_retry = reactor.after(kRetryLast, [this, weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    bind_retry = 0;
    listen_again();
  });
}

void QuorumCnx::Impl::set_peers(const zk::QuorumConfig& config, const zk::QuorumConfig& next) {
  for (auto& [id, peer] : peers) peer.member = false;
  for (const zk::QuorumConfig* members : {&config, &next}) {
    for (const auto& [id, server] : members->servers) {
      if (id == options.self || server.addresses.empty()) continue;
      Peer& p = peers[id];
      p.id = id;
      if (!std::exchange(p.member, true)) {
        p.addresses.clear();
        p.where = server.addresses[0].election.text();
      }
      for (const auto& a : server.addresses) {
        const bool known = std::ranges::any_of(
            p.addresses, [&](const Dial::Target& t) { return t.host == a.election.host && t.port == a.election.port; });
        if (!known) p.addresses.push_back({a.election.host, a.election.port});
      }
    }
  }
}

Status QuorumCnx::listen() { return impl_->listen(); }

void QuorumCnx::set_config(const zk::QuorumConfig& config, const zk::QuorumConfig& next) {
  impl_->set_peers(config, next);
  const auto self = config.servers.find(impl_->options.self);
  if (self == config.servers.end() || self->second.addresses == impl_->own.addresses) return;
  impl_->own = self->second;
  impl_->reactor.cancel(std::exchange(impl_->bind_retry, 0));
  impl_->listen_again();
}

void QuorumCnx::send(ServerId to, const election::Notification& notification) {
  const auto it = impl_->peers.find(to);
  if (it == impl_->peers.end()) return;
  Impl::Peer& peer = it->second;
  Slice message = encode(notification);
  if (peer.stream && peer.stream->bytes_to_send() == 0) {
    peer.queued.reset();
    impl_->write(peer, message);
    return;
  }
  peer.queued = std::move(message);
  if (!peer.stream) impl_->dial(peer);
}

void QuorumCnx::connect_all() {
  for (auto& [id, peer] : impl_->peers) {
    if (!peer.stream && peer.member) impl_->dial(peer);
  }
}

}  // namespace kz::net
