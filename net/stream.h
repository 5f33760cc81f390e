// Stream: one TCP connection as plain bytes, for protocols whose messages have no common frame (election and quorum
// ports), and dial(), which makes one. Owner: the reactor's thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "net/reactor.h"
#include "net/send_queue.h"
#include "net/socket.h"
#include "net/transport.h"
#include "net/watch.h"

namespace kz::net {

// Kept alive by its owner; after close() or on_closed no callback comes.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using OnBytes = std::function<void(Bytes)>;  // valid during the call
  using OnClosed = std::function<void(Error)>;
  // fd: connected, non-blocking; taken over.
  Stream(Reactor& reactor, int fd, bool loopback_peer);
  ~Stream();
  void start(OnBytes on_bytes, OnClosed on_closed);
  // Sends at once as far as the socket takes it.
  void send(Chain bytes);
  size_t bytes_to_send() const { return out_.bytes(); }
  // Called each time everything queued has gone to the kernel.
  void on_drained(std::function<void()> drained) { drained_ = std::move(drained); }
  void close();
  void close_after_send();
  bool closed() const { return !watch_; }
  // The connection is lost when what was sent stays unacknowledged for so long.
  void limit_silence(Duration limit);

 private:
  void readable();
  void flush();
  void fail_with(Error why);

  Reactor& reactor_;
  PlainTransport transport_;
  std::optional<Watch> watch_;
  SendQueue out_;
  OnBytes on_bytes_;
  OnClosed on_closed_;
  std::function<void()> drained_;
  bool closing_ = false;
  std::shared_ptr<Stream> keep_;  // while closing_
};

// One attempt: resolves (on a helper thread, anew each time), tries every address, gives the first stream or why not.
// Destroying it cancels.
class Dial {
 public:
  struct Target {
    std::string host;
    uint16_t port = 0;
  };
  using Done = std::move_only_function<void(Result<std::shared_ptr<Stream>>)>;
  // Targets are tried in order, the next when one has failed; with a stagger also when it has been silent for so long,
  // and the first that answers is taken. timeout: per address.
  Dial(Reactor& reactor, std::vector<Target> targets, Duration timeout, Done done, Duration stagger = {});
  ~Dial();

 private:
  struct Attempt;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kz::net
