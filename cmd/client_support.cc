#include "cmd/client_support.h"

#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/client/peer_hint.h"

namespace kz::cmd {

namespace {
constexpr Duration kPeerPatience = ms(1000);
}

uint64_t random_seed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
           static_cast<uint64_t>(getpid());
  }
  return seed;
}

ToolRuntime::ToolRuntime(net::ConnectorOptions options)
    : reactor_("kz-client"), rng_(random_seed()), connector_(std::make_unique<net::TcpConnector>(reactor_, options)) {
  std::signal(SIGPIPE, SIG_IGN);
  reactor_.start_thread();
}

ToolRuntime::~ToolRuntime() {
  reactor_.run_sync([this] {
    forget_peers();
    probe_.reset();
    connector_.reset();
  });
  reactor_.stop();
  reactor_.join();
}

void ToolRuntime::recognised(client::PeerKind kind, const std::string& address) {
  if (std::exchange(hinted_, true)) return;
  std::string line = client::peer_hint(kind, address, "Kafka");
  if (kind != client::PeerKind::kUnknown && wrong_peer_) return wrong_peer_(std::move(line));
  if (line.empty()) line = address + " does not answer as a broker: it may be an SSL listener or another service";
  hint(line);
}

void ToolRuntime::watch_peers(client::KafkaClient& client, WrongPeer wrong_peer) {
  if (client.config().bootstrap.size() == 1) wrong_peer_ = std::move(wrong_peer);
  client.set_peer_listener([this](client::PeerKind kind, const std::string& address) { recognised(kind, address); });
  client.set_failure_listener([this](const client::HostPort& address, Error why, bool before_ready) {
    if (before_ready && why.code == Errc::kDisconnected) probe(address);
  });
  // A peer that takes the connection and says nothing, as HTTP servers do.
  patience_ = reactor_.after(kPeerPatience, [this, &client] {
    patience_ = 0;
    if (!client.any_ready() && client.any_open()) probe(client.config().bootstrap[0]);
  });
}

void ToolRuntime::forget_peers() {
  reactor_.cancel(std::exchange(patience_, 0));
  wrong_peer_ = nullptr;
}

void ToolRuntime::probe(const client::HostPort& address) {
  if (hinted_ || probe_) return;
  probe_ = std::make_unique<client::PeerProbe>(*connector_, reactor_);
  probe_->ask(address.host, address.port,
              [this, text = address.text()](client::PeerKind kind) { recognised(kind, text); });
}

net::ConnectorOptions connector_options(const ClientConfig& config) {
  net::ConnectorOptions o;
  o.connect_timeout = ms(config.number("socket.connection.setup.timeout.ms"));
  // Java's defaults suit old kernels; the kernel's own tuning does better, so only what was asked for is set.
  if (config.has("send.buffer.bytes")) o.send_buffer_bytes = config.number32("send.buffer.bytes");
  if (config.has("receive.buffer.bytes")) o.receive_buffer_bytes = config.number32("receive.buffer.bytes");
  return o;
}

Output::Output(int fd, size_t capacity) : fd_(fd), capacity_(capacity) { buffer_.reserve(capacity); }

void Output::flush() {
  if (buffer_.empty()) return;
  write_all(buffer_);
  buffer_.clear();
}

bool Output::reader_gone() {
  pollfd p = {.fd = fd_, .events = 0, .revents = 0};
  if (!failed_ && ::poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLNVAL)) != 0) failed_ = true;
  return failed_;
}

void Output::write_all(std::string_view text) {
  while (!text.empty() && !failed_) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      failed_ = true;
      return;
    }
    text.remove_prefix(static_cast<size_t>(n));
  }
}

int finish_output(Output& out, int status) {
  out.flush();
  if (!out.failed()) return status;
  if (errno != EPIPE) std::fprintf(stderr, "kz: cannot write to standard output: %s\n", std::strerror(errno));
  return status == 0 ? 1 : status;
}

}  // namespace kz::cmd
