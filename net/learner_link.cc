#include "net/learner_link.h"

#include <map>

#include "core/base/log.h"
#include "net/address_listeners.h"
#include "net/stream.h"

namespace kz::net {
namespace {

const log::Logger& logger() {
  static const log::Logger l("LearnerHandler");
  return l;
}

}  // namespace

struct LearnerLink::Impl : std::enable_shared_from_this<LearnerLink::Impl> {
  struct Link {
    std::shared_ptr<Stream> stream;
    Slice rest;  // the beginning of a packet
    bool snapshot = false;
    bool parsing = false;
  };

  Impl(Reactor& r, LearnerLinkOptions o, LearnerLinkHandler& h)
      : reactor(r), options(o), handler(h), listeners(r, [this](int fd, const Address& from) {
          configure_stream(fd, -1, -1);
          accepted(std::make_shared<Stream>(reactor, fd, from.loopback()), from.ip());
        }) {}

  void accepted(std::shared_ptr<Stream> stream, const std::string& ip);
  void connected(std::shared_ptr<Stream> stream);
  void open(std::shared_ptr<Stream> stream, const std::string& ip, const std::string& rest);
  void bytes(ConnId id, Bytes data);
  void attempt();
  void fail(ConnId id, Error why);

  Reactor& reactor;
  LearnerLinkOptions options;
  LearnerLinkHandler& handler;
  std::map<ConnId, Link> links;
  AddressListeners listeners;
  std::vector<Dial::Target> leader;
  std::unique_ptr<Dial> dial;
  TimerId retry = 0;
  TimePoint give_up_at;
  Handshakes handshakes{reactor};
  uint64_t connecting = 0;  // counts connect() and stop_connecting()
};

void LearnerLink::Impl::accepted(std::shared_ptr<Stream> stream, const std::string& ip) {
  if (!options.sasl.accepting()) return open(std::move(stream), ip, {});
  handshakes.begin(stream, options.sasl.server(), {}, options.connect_timeout,
                   [this, stream, ip](std::expected<std::string, std::string> rest) {
                     if (listeners.empty()) return stream->close();
                     if (rest) return open(stream, ip, *rest);
                     logger().warn("A learner at /{} is turned away: {}", ip, rest.error());
                   });
}

void LearnerLink::Impl::connected(std::shared_ptr<Stream> stream) {
  if (!options.sasl.connecting()) return open(std::move(stream), "", {});
  handshakes.begin(stream, options.sasl.learner(), {}, options.connect_timeout,
                   [this, stream, attempt = connecting](std::expected<std::string, std::string> rest) {
                     if (attempt != connecting) return stream->close();
                     if (rest) return open(stream, "", *rest);
                     logger().warn("Cannot authenticate to the leader at {}:{}: {}",
                                   leader.empty() ? "?" : leader[0].host, leader.empty() ? 0 : leader[0].port,
                                   rest.error());
                     handler.on_leader_unreachable();
                   });
}

void LearnerLink::Impl::open(std::shared_ptr<Stream> stream, const std::string& ip, const std::string& rest) {
  const ConnId id = next_conn_id();
  Stream* raw = stream.get();
  links[id].stream = std::move(stream);
  raw->start([this, id](Bytes b) { bytes(id, b); },
             [this, id, weak = weak_from_this()](Error why) {
               const auto self = weak.lock();
               if (!self || links.erase(id) == 0) return;
               handler.on_link_closed(id, why);
             });
  handler.on_link_open(id, ip);
  if (!rest.empty()) bytes(id, as_bytes(rest));
}

void LearnerLink::Impl::fail(ConnId id, Error why) {
  const auto it = links.find(id);
  if (it == links.end()) return;
  const auto stream = it->second.stream;
  links.erase(it);
  stream->close();
  handler.on_link_closed(id, why);
}

void LearnerLink::Impl::bytes(ConnId id, Bytes data) {
  auto it = links.find(id);
  if (it == links.end()) return;
  Slice all;
  const Slice& rest = it->second.rest;
  if (rest.empty()) {
    all = Slice::copy_of(data);
  } else {
    all = Slice::allocate(rest.size() + data.size());
    std::memcpy(all.mutable_bytes().data(), rest.data(), rest.size());
    std::memcpy(all.mutable_bytes().data() + rest.size(), data.data(), data.size());
    it->second.rest = {};
  }
  while (!all.empty()) {
    it = links.find(id);
    if (it == links.end()) return;  // closed by what a packet caused
    if (it->second.snapshot) {
      const int64_t used = handler.on_snapshot_bytes(id, all.bytes());
      it = links.find(id);
      if (used < 0 || it == links.end()) return;
      it->second.snapshot = false;
      all = all.sub(static_cast<size_t>(used));
      continue;
    }
    auto parsed = zab::parse_packet(all, options.packet_max);
    if (!parsed) {
      logger().warn("Closing a connection on the quorum port: {} ({})", parsed.error().what, parsed.error().detail);
      return fail(id, parsed.error());
    }
    if (!parsed->packet) break;
    all = all.sub(parsed->consumed);
    handler.on_quorum_packet(id, std::move(*parsed->packet));
  }
  it = links.find(id);
  if (it != links.end()) it->second.rest = std::move(all);
}

void LearnerLink::Impl::attempt() {
  const auto done = [this](auto result) {
    reactor.post([done = std::make_shared<std::unique_ptr<Dial>>(std::move(dial))] { done->reset(); });
    if (result) return connected(std::move(*result));
    if (reactor.now().mono >= give_up_at) {
      logger().warn("Cannot connect to the leader at {}:{}: {}", leader.empty() ? "?" : leader[0].host,
                    leader.empty() ? 0 : leader[0].port, errc_text(result.error().code));
      return handler.on_leader_unreachable();
    }
    retry = reactor.after(options.retry, [this, weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      retry = 0;
      attempt();
    });
  };
  dial = std::make_unique<Dial>(reactor, leader, options.connect_timeout, done, options.stagger);
}

LearnerLink::LearnerLink(Reactor& reactor, LearnerLinkOptions options, LearnerLinkHandler& handler)
    : impl_(std::make_shared<Impl>(reactor, options, handler)) {}

LearnerLink::~LearnerLink() {
  stop_listening();
  stop_connecting();
  for (auto& [id, l] : impl_->links) l.stream->close();
  impl_->links.clear();
}

Status LearnerLink::listen(const std::vector<zk::HostPort>& addresses, bool all_ips) {
  return impl_->listeners.listen(addresses, all_ips);
}

void LearnerLink::stop_listening() { impl_->listeners.stop(); }

void LearnerLink::connect(const std::vector<zk::HostPort>& leader) {
  stop_connecting();
  impl_->leader.clear();
  for (const auto& a : leader) impl_->leader.push_back({a.host, a.port});
  impl_->give_up_at = impl_->reactor.now().mono + impl_->options.give_up;
  impl_->attempt();
}

void LearnerLink::stop_connecting() {
  ++impl_->connecting;
  impl_->reactor.cancel(std::exchange(impl_->retry, 0));
  impl_->dial.reset();
}

void LearnerLink::send(ConnId link, Chain bytes) {
  const auto it = impl_->links.find(link);
  if (it != impl_->links.end()) it->second.stream->send(std::move(bytes));
}

size_t LearnerLink::bytes_to_send(ConnId link) const {
  const auto it = impl_->links.find(link);
  return it == impl_->links.end() ? 0 : it->second.stream->bytes_to_send();
}

void LearnerLink::expect_snapshot(ConnId link) {
  const auto it = impl_->links.find(link);
  if (it != impl_->links.end()) it->second.snapshot = true;
}

void LearnerLink::close(ConnId link) {
  const auto it = impl_->links.find(link);
  if (it == impl_->links.end()) return;
  const auto stream = it->second.stream;
  impl_->links.erase(it);
  stream->close_after_send();
}

void LearnerLink::close_all() {
  while (!impl_->links.empty()) close(impl_->links.begin()->first);
}

}  // namespace kz::net
