// What every client tool needs: a reactor with a thread, a connector, waiting for answers, hints about peers, and
// output that notices a closed pipe.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cmd/client_config.h"
#include "cmd/command.h"
#include "core/base/rng.h"
#include "core/client/kafka_client.h"
#include "core/client/peer_probe.h"
#include "net/connector.h"
#include "net/reactor.h"

namespace kz::cmd {

// The machines live on the reactor's thread; the tool's own thread starts them with on_reactor() and waits.
class ToolRuntime {
 public:
  explicit ToolRuntime(net::ConnectorOptions options = {});
  ~ToolRuntime();

  Executor& executor() { return reactor_; }
  Connector& connector() { return *connector_; }
  Rng& rng() { return rng_; }
  // Runs fn on the reactor and waits for its return.
  void on_reactor(std::move_only_function<void()> fn) { reactor_.run_sync(std::move(fn)); }
  // start(done) runs on the reactor; waits until done(value) was called there.
  template <class T, class Start>
  T wait(Start start) {
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    reactor_.post([promise, &start] { start([promise](T value) { promise->set_value(std::move(value)); }); });
    return future.get();
  }
  // Prints one hint line, once, when a peer turns out to be something else than a broker. With wrong_peer, and when
  // that peer was the only one to ask, the line goes there instead, and the tool ends. Reactor only; the client is
  // destroyed there too, after forget_peers().
  using WrongPeer = std::function<void(std::string hint)>;
  void watch_peers(client::KafkaClient& client, WrongPeer wrong_peer = {});
  void forget_peers();

 private:
  net::Reactor reactor_;
  Rng rng_;
  std::unique_ptr<net::TcpConnector> connector_;
  std::unique_ptr<client::PeerProbe> probe_;
  bool hinted_ = false;
  TimerId patience_ = 0;
  WrongPeer wrong_peer_;
  void probe(const client::HostPort& address);
  void recognised(client::PeerKind kind, const std::string& address);
};

uint64_t random_seed();

// Connector options out of a client's configuration.
net::ConnectorOptions connector_options(const ClientConfig& config);

// Buffered standard output of one thread. After a failed write nothing more is written and failed() tells.
class Output {
 public:
  explicit Output(int fd = 1, size_t capacity = 64 * 1024);
  ~Output() { flush(); }
  void put(std::string_view text) {
    if (buffer_.size() + text.size() > capacity_) flush();
    if (text.size() >= capacity_) return write_all(text);
    buffer_ += text;
  }
  void line(std::string_view text) {
    put(text);
    put("\n");
  }
  void flush();
  bool failed() const { return failed_; }
  // Whether the reader of a pipe has gone, without writing. Then failed() is true as well.
  bool reader_gone();

 private:
  void write_all(std::string_view text);
  int fd_;
  size_t capacity_;
  std::string buffer_;
  bool failed_ = false;
};

// Runs a tool's body: standard output is flushed, EPIPE is quiet, /dev/full is an error line and status 1.
int finish_output(Output& out, int status);

}  // namespace kz::cmd
